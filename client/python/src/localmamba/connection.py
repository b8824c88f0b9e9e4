"""How the clients reach a server, and make one call of it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
    Sequence,
)
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from localmamba.errors import from_rpc_error, invalid
from localmamba.retry import Attempts, RetryBudget, RetryPolicy

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)
ChannelOption: TypeAlias = "tuple[str, Any]"
LoadBalancing: TypeAlias = Literal["pick_first", "round_robin"]


@dataclasses.dataclass(frozen=True)
class Method(Generic[Request, Response]):
    """A method of a gRPC service."""

    path: str  #: for example "/localmamba.v1.VisionService/Classify"
    request: type[Request]
    response: type[Response]


def channel_options(
    load_balancing: LoadBalancing, max_message_bytes: int | None, options: Sequence[ChannelOption]
) -> list[ChannelOption]:
    """Options of a gRPC channel; `options` come last and win."""
    if load_balancing not in ("pick_first", "round_robin"):
        raise invalid("load_balancing", repr(load_balancing), '"pick_first" or "round_robin"')
    service_config: dict[str, Any] = {"loadBalancingConfig": [{load_balancing: {}}]}
    if load_balancing == "round_robin":
        service_config["healthCheckConfig"] = {"serviceName": ""}
    limit = -1 if max_message_bytes is None else max_message_bytes
    return [
        ("grpc.max_receive_message_length", limit),
        ("grpc.max_send_message_length", limit),
        # gRPC fails calls at once until it may connect again, by default after a second: earlier
        # repetitions would be wasted.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 5000),
        ("grpc.service_config", json.dumps(service_config)),
        *options,
    ]


@dataclasses.dataclass(frozen=True)
class CallSettings:
    """What all calls of a client have in common."""

    target: str
    timeout: float
    retry: RetryPolicy
    budget: RetryBudget

    @classmethod
    def make(cls, target: str, timeout: float, retry: RetryPolicy) -> CallSettings:
        return cls(target, _checked(timeout), retry, RetryBudget(retry))

    def attempts(self, timeout: float | None, *, repeatable: bool) -> Attempts:
        """Of a call with `timeout`, by default that of the client."""
        policy = self.retry if repeatable else dataclasses.replace(self.retry, max_attempts=1)
        return Attempts(policy, self.budget, self.timeout if timeout is None else _checked(timeout))


def _checked(timeout: float) -> float:
    if not 0 < timeout < float("inf"):
        raise invalid("timeout", timeout, "a number of seconds above 0")
    return timeout


class Connection:
    """A channel, and calls over it. Safe to use from several threads."""

    def __init__(self, channel: grpc.Channel, settings: CallSettings) -> None:
        self._channel = channel
        self.settings = settings

    @classmethod
    def open(
        cls,
        target: str,
        *,
        timeout: float,
        retry: RetryPolicy,
        credentials: grpc.ChannelCredentials | None,
        options: Sequence[ChannelOption],
    ) -> Connection:
        settings = CallSettings.make(target, timeout, retry)
        if credentials is None:
            return cls(grpc.insecure_channel(target, options), settings)
        return cls(grpc.secure_channel(target, credentials, options), settings)

    def close(self) -> None:
        self._channel.close()

    def call(
        self,
        method: Method[Request, Response],
        request: Request,
        timeout: float | None = None,
        *,
        repeatable: bool = True,
    ) -> Response:
        """Raises LocalMambaError. A call that is not `repeatable` is attempted once."""
        attempts = self.settings.attempts(timeout, repeatable=repeatable)
        stub = self._channel.unary_unary(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        while True:
            try:
                response = stub(request, timeout=attempts.time_left())
            except grpc.RpcError as failure:
                error = from_rpc_error(failure, self.settings.target)
                wait = attempts.wait_after(error)
                if wait is None:
                    raise error from failure
                time.sleep(wait)
            else:
                attempts.succeeded()
                return response

    def stream(
        self, method: Method[Request, Response], request: Request, timeout: float | None
    ) -> Iterator[Response]:
        """The answers to `request`, without a deadline if `timeout` is None. Raises
        LocalMambaError.

        Nothing is repeated. To stop listening, close the iterator or let go of it.
        """
        if timeout is not None:
            _checked(timeout)
        call = self._channel.unary_stream(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )(request, timeout=timeout)
        try:
            yield from call
        except grpc.RpcError as failure:
            raise from_rpc_error(failure, self.settings.target) from failure
        finally:
            call.cancel()

    def exchange(
        self,
        method: Method[Request, Response],
        requests: Iterable[Request],
        timeout: float | None,
    ) -> Iterator[Response]:
        """As stream, with many requests, which gRPC takes in a thread of its own as fast as it can
        send them. What taking one raises ends the exchange: it is raised after the answers to those
        before.
        """
        if timeout is not None:
            _checked(timeout)
        failures: list[Exception] = []

        def sent() -> Iterator[Request]:
            try:
                yield from requests
            except Exception as error:
                failures.append(error)

        call = self._channel.stream_stream(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )(sent(), timeout=timeout)
        try:
            yield from call
        except grpc.RpcError as failure:
            raise from_rpc_error(failure, self.settings.target) from failure
        finally:
            call.cancel()
        if failures:
            raise failures[0]


class AsyncConnection:
    """The same for asyncio; belongs to the event loop that it was made in."""

    def __init__(self, channel: grpc.aio.Channel, settings: CallSettings) -> None:
        self._channel = channel
        self.settings = settings

    @classmethod
    def open(
        cls,
        target: str,
        *,
        timeout: float,
        retry: RetryPolicy,
        credentials: grpc.ChannelCredentials | None,
        options: Sequence[ChannelOption],
    ) -> AsyncConnection:
        settings = CallSettings.make(target, timeout, retry)
        if credentials is None:
            return cls(grpc.aio.insecure_channel(target, options), settings)
        return cls(grpc.aio.secure_channel(target, credentials, options), settings)

    async def close(self) -> None:
        await self._channel.close()

    async def call(
        self,
        method: Method[Request, Response],
        request: Request,
        timeout: float | None = None,
        *,
        repeatable: bool = True,
    ) -> Response:
        """As Connection.call."""
        attempts = self.settings.attempts(timeout, repeatable=repeatable)
        stub = self._channel.unary_unary(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        while True:
            try:
                response = await stub(request, timeout=attempts.time_left())
            except grpc.aio.AioRpcError as failure:
                error = from_rpc_error(failure, self.settings.target)
                wait = attempts.wait_after(error)
                if wait is None:
                    raise error from failure
                await asyncio.sleep(wait)
            else:
                attempts.succeeded()
                return response

    async def exchange(
        self,
        method: Method[Request, Response],
        requests: AsyncIterable[Request],
        timeout: float | None,
    ) -> AsyncGenerator[Response, None]:
        """As Connection.exchange; requests are taken in a task."""
        if timeout is not None:
            _checked(timeout)
        failures: list[Exception] = []

        async def sent() -> AsyncIterator[Request]:
            try:
                async for request in requests:
                    yield request
            except Exception as error:
                failures.append(error)

        call = self._channel.stream_stream(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )(sent(), timeout=timeout)
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as failure:
            raise from_rpc_error(failure, self.settings.target) from failure
        finally:
            call.cancel()
        if failures:
            raise failures[0]
