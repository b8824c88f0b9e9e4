"""Many calls at once, whose outcomes come in the order of their inputs."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Generic, TypeVar

from localmamba.errors import LocalMambaError, SkippedError, invalid

Input = TypeVar("Input")
Value = TypeVar("Value")


@dataclasses.dataclass(frozen=True)
class Outcome(Generic[Value]):
    """What became of one image among many: a value or an error."""

    index: int  #: of the image among the inputs, from 0
    value: Value | None
    error: LocalMambaError | OSError | None  #: OSError: the image's file could not be read

    @property
    def skipped(self) -> bool:
        """Whether a newer frame of a stream took this one's place."""
        return isinstance(self.error, SkippedError)

    def result(self) -> Value:
        """The value; raises the error if there is one."""
        if self.error is not None:
            raise self.error
        assert self.value is not None
        return self.value


def map_in_order(
    call: Callable[[Input], Value], inputs: Iterable[Input], max_in_flight: int
) -> Iterator[Outcome[Value]]:
    """Applies `call` in threads. No input is taken before one of the last `max_in_flight` outcomes
    is taken.
    """
    _check(max_in_flight)

    def outcome(index: int, value: Input) -> Outcome[Value]:
        try:
            return Outcome(index, call(value), None)
        except (LocalMambaError, OSError) as error:
            return Outcome(index, None, error)

    def outcomes() -> Iterator[Outcome[Value]]:
        with concurrent.futures.ThreadPoolExecutor(max_in_flight) as pool:
            pending: collections.deque[concurrent.futures.Future[Outcome[Value]]] = (
                collections.deque()
            )
            for index, value in enumerate(inputs):
                if len(pending) == max_in_flight:
                    yield pending.popleft().result()
                pending.append(pool.submit(outcome, index, value))
            while pending:
                yield pending.popleft().result()

    return outcomes()


def map_in_order_async(
    call: Callable[[Input], Awaitable[Value]], inputs: Iterable[Input], max_in_flight: int
) -> AsyncIterator[Outcome[Value]]:
    """The same in tasks. Those that are under way when the iterator is closed are cancelled."""
    _check(max_in_flight)

    async def outcome(index: int, value: Input) -> Outcome[Value]:
        try:
            return Outcome(index, await call(value), None)
        except (LocalMambaError, OSError) as error:
            return Outcome(index, None, error)

    async def outcomes() -> AsyncIterator[Outcome[Value]]:
        pending: collections.deque[asyncio.Task[Outcome[Value]]] = collections.deque()
        try:
            for index, value in enumerate(inputs):
                if len(pending) == max_in_flight:
                    yield await pending.popleft()
                pending.append(asyncio.create_task(outcome(index, value)))
            while pending:
                yield await pending.popleft()
        finally:
            for task in pending:
                task.cancel()

    return outcomes()


def _check(max_in_flight: int) -> None:
    if max_in_flight < 1:
        raise invalid("max_in_flight", max_in_flight, "at least 1")
