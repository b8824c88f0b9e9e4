"""When a call that failed is made again."""

from __future__ import annotations

import dataclasses
import random
import threading
import time
from collections.abc import Callable

import grpc

from localmamba.errors import LocalMambaError, invalid


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """How often, and after how long, a client repeats a call.

    Repeated are calls that the server refused and wants to see again (RESOURCE_EXHAUSTED with
    google.rpc.RetryInfo), and calls that reached no server or one that is stopping (UNAVAILABLE).
    All attempts and waits share the call's timeout: if the next attempt could not begin within it,
    the error is raised at once.

    The first wait is the server's retry_delay, or else `initial_backoff`; each further one is twice
    as long, up to `max_backoff`, but never shorter than a retry_delay. Up to half of it is added
    (retry_delay) or taken off (otherwise) at random, so that clients that failed together do not
    come back together.

    A budget keeps a client from multiplying the load on servers that are overloaded or down. All
    calls of a client share it: a repetition takes 1, a success gives `budget_ratio` back, up to
    `budget`, and with less than 1 left nothing is repeated.
    """

    max_attempts: int = 4  #: of a call, the first included; 1 repeats nothing
    initial_backoff: float = 0.1  #: seconds
    max_backoff: float = 10.0  #: seconds
    budget: float = 10.0
    budget_ratio: float = 0.1

    def __post_init__(self) -> None:
        for name, least in [
            ("max_attempts", 1),
            ("initial_backoff", 0),
            ("max_backoff", 0),
            ("budget", 0),
            ("budget_ratio", 0),
        ]:
            value = getattr(self, name)
            if not value >= least:
                raise invalid(f"RetryPolicy.{name}", value, f"at least {least}")

    def wait(self, failures: int, retry_delay: float | None, chance: float) -> float:
        """Seconds between the `failures`-th failure and the next attempt; `chance` is a random
        number in [0, 1).
        """
        base = self.initial_backoff if retry_delay is None else retry_delay
        grown = min(base * 2.0 ** (failures - 1), self.max_backoff)
        if retry_delay is None:
            return grown * (1 - chance / 2)
        return max(grown, retry_delay) * (1 + chance / 2)


class RetryBudget:
    """What a client may spend on repetitions. Safe to use from several threads."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._lock = threading.Lock()
        self._left = policy.budget

    def take(self) -> bool:
        """Pays for a repetition; False if there is not enough left."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def give_back(self) -> None:
        """After a success."""
        with self._lock:
            self._left = min(self._left + self._policy.budget_ratio, self._policy.budget)


class Attempts:
    """One call: how long its attempts may take, and which failures are followed by another."""

    def __init__(
        self,
        policy: RetryPolicy,
        budget: RetryBudget,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._budget = budget
        self._clock = clock
        self._chance = chance
        self._deadline = clock() + timeout
        self._failures = 0

    def time_left(self) -> float:
        """Seconds until the call's deadline."""
        return self._deadline - self._clock()

    def wait_after(self, error: LocalMambaError) -> float | None:
        """Seconds to wait after `error` before the next attempt; None if it is the last word."""
        self._failures += 1
        asked_to = (
            error.code is grpc.StatusCode.RESOURCE_EXHAUSTED and error.retry_delay is not None
        )
        if not asked_to and error.code is not grpc.StatusCode.UNAVAILABLE:
            return None
        if self._failures >= self._policy.max_attempts:
            return None
        wait = self._policy.wait(self._failures, error.retry_delay, self._chance())
        if wait >= self.time_left() or not self._budget.take():
            return None
        return wait

    def succeeded(self) -> None:
        self._budget.give_back()
