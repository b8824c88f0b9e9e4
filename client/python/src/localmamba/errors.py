"""What failed calls raise."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import cast

import grpc
from google.rpc import error_details_pb2, status_pb2

# Trailing metadata in which gRPC carries a google.rpc.Status.
_DETAILS = "grpc-status-details-bin"


class LocalMambaError(Exception):
    """A call failed.

    code: why, as gRPC tells it; docs/operations.md of the server says what each means for the
        caller.
    message: what the server, or the client before it sent anything, says about it.
    retry_delay: seconds after which the server wants to be asked again (google.rpc.RetryInfo); None
        if it does not say.
    """

    def __init__(
        self, code: grpc.StatusCode, message: str, retry_delay: float | None = None
    ) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message
        self.retry_delay = retry_delay

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.code, self.message, self.retry_delay))


class InvalidArgumentError(LocalMambaError, ValueError):
    """The request can never succeed; the message names the field, what was found and what was
    wanted.
    """


class NotFoundError(LocalMambaError, LookupError):
    """There is no such model, version, label or job."""


class FailedPreconditionError(LocalMambaError):
    """The model, version or job is not in a state that allows the call."""


class ResourceExhaustedError(LocalMambaError):
    """The server has too much to do, or the message is too large for it."""


class DeadlineExceededError(LocalMambaError, TimeoutError):
    """The answer did not come within the call's timeout."""


class UnavailableError(LocalMambaError, ConnectionError):
    """No server can be reached there, or it is stopping."""


class SkippedError(LocalMambaError):
    """A newer frame of the stream took this one's place (`newest_wins`)."""

    def __init__(self) -> None:
        super().__init__(grpc.StatusCode.ABORTED, "a newer frame took this one's place")

    def __reduce__(self) -> tuple[object, ...]:
        return (SkippedError, ())


_CODES = {code.value[0]: code for code in grpc.StatusCode}

_CLASSES: dict[grpc.StatusCode, type[LocalMambaError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgumentError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPreconditionError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhaustedError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
}


def invalid(what: str, found: object, wanted: str) -> InvalidArgumentError:
    """The error of an argument that is not sent at all."""
    return InvalidArgumentError(
        grpc.StatusCode.INVALID_ARGUMENT, f"{what}: found {found}, wanted {wanted}"
    )


def from_code(code: int, message: str, retry_delay: float | None) -> LocalMambaError:
    """The error with this number of google.rpc.Code."""
    known = _CODES.get(code, grpc.StatusCode.UNKNOWN)
    return _CLASSES.get(known, LocalMambaError)(known, message, retry_delay)


def from_rpc_error(error: grpc.RpcError, target: str) -> LocalMambaError:
    """The error that a call of gRPC to `target`, synchronous or not, ended with."""
    code = error.code()
    message = error.details() or ""
    if code is grpc.StatusCode.UNIMPLEMENTED and not message:
        message = f"{target} has no such service"
    return _CLASSES.get(code, LocalMambaError)(code, message, _retry_delay(error))


def _retry_delay(error: grpc.RpcError) -> float | None:
    metadata = cast("Iterable[tuple[str, bytes]]", error.trailing_metadata() or ())
    for key, value in metadata:
        if key != _DETAILS:
            continue
        status = status_pb2.Status.FromString(value)
        retry = error_details_pb2.RetryInfo()
        for detail in status.details:
            if detail.Unpack(retry):
                delay: datetime.timedelta = retry.retry_delay.ToTimedelta()
                return delay.total_seconds()
    return None
