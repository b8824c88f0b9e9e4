"""Which calls are repeated, when, and what the caller sees if that does not help."""

import asyncio
import pickle
import threading

import grpc
import pytest
from fake_server import ANSWER, Failure, FakeServer

import localmamba
from localmamba.errors import LocalMambaError
from localmamba.retry import Attempts, RetryBudget, RetryPolicy

BUSY = grpc.StatusCode.RESOURCE_EXHAUSTED
AWAY = grpc.StatusCode.UNAVAILABLE


def attempts(
    policy: RetryPolicy = RetryPolicy(),
    timeout: float = 100,
    now=lambda: 0.0,
    chance: float = 0,
    budget: RetryBudget | None = None,
) -> Attempts:
    return Attempts(policy, budget or RetryBudget(policy), timeout, now, lambda: chance)


@pytest.mark.parametrize(
    "failures, retry_delay, chance, wait",
    [
        (1, None, 0, 0.1),
        (1, None, 0.5, 0.075),
        (2, None, 0, 0.2),
        (20, None, 0, 10),
        (1, 3, 0, 3),
        (1, 3, 0.5, 3.75),
        (2, 3, 0, 6),
        (9, 3, 0, 10),
        (1, 60, 0, 60),  # longer than max_backoff, but the server asked for it
        (3, 60, 0.5, 75),
    ],
)
def test_waits(failures, retry_delay, chance, wait):
    assert RetryPolicy().wait(failures, retry_delay, chance) == pytest.approx(wait)


@pytest.mark.parametrize(
    "code", [code for code in grpc.StatusCode if code not in (grpc.StatusCode.OK, AWAY)]
)
def test_other_failures_are_final(code):
    assert attempts().wait_after(LocalMambaError(code, "")) is None


def test_what_the_server_wants_to_see_again_is_repeated():
    assert attempts().wait_after(LocalMambaError(BUSY, "", retry_delay=2)) == 2
    assert attempts().wait_after(LocalMambaError(AWAY, "")) == 0.1


def test_nothing_is_repeated_past_the_deadline():
    time = [0.0]
    call = attempts(timeout=5, now=lambda: time[0])
    time[0] = 2.9
    assert call.wait_after(LocalMambaError(BUSY, "", retry_delay=2)) == 2
    time[0] = 4.9
    assert call.time_left() == pytest.approx(0.1)
    assert call.wait_after(LocalMambaError(BUSY, "", retry_delay=0.1)) is None


def test_attempts_are_limited():
    call = attempts(RetryPolicy(max_attempts=3))
    assert [call.wait_after(LocalMambaError(AWAY, "")) for _ in range(3)] == [0.1, 0.2, None]


def test_calls_share_a_budget_which_successes_fill():
    policy = RetryPolicy(budget=2, budget_ratio=0.5)
    budget = RetryBudget(policy)
    error = LocalMambaError(AWAY, "")
    assert [attempts(policy, budget=budget).wait_after(error) for _ in range(3)] == [0.1, 0.1, None]
    for _ in range(2):
        attempts(policy, budget=budget).succeeded()
    assert [attempts(policy, budget=budget).wait_after(error) for _ in range(2)] == [0.1, None]
    for _ in range(100):
        attempts(policy, budget=budget).succeeded()
    assert [attempts(policy, budget=budget).wait_after(error) for _ in range(3)] == [0.1, 0.1, None]


@pytest.mark.parametrize(
    "name, value",
    [
        ("max_attempts", 0),
        ("initial_backoff", -1),
        ("max_backoff", -1),
        ("budget", float("nan")),
        ("budget_ratio", -0.1),
    ],
)
def test_a_policy_that_cannot_be_is_refused(name, value):
    with pytest.raises(
        localmamba.InvalidArgumentError, match=f"RetryPolicy.{name}: found {value}, wanted at least"
    ):
        RetryPolicy(**{name: value})


def test_a_busy_server_is_asked_again_when_it_says_so():
    with FakeServer(*[Failure(BUSY, "full", 0.001)] * 2) as server:
        with localmamba.Client(server.target) as client:
            assert client.classify(b"jpeg").best.name == ANSWER.classes[0].name
        assert len(server.requests) == 3


def test_asyncio_repeats_too():
    async def main(target):
        async with localmamba.AsyncClient(target) as client:
            return await client.classify(b"jpeg")

    with FakeServer(*[Failure(BUSY, "full", 0.001)] * 2) as server:
        assert asyncio.run(main(server.target)).best.name == ANSWER.classes[0].name
        assert len(server.requests) == 3


def test_a_cancelled_task_cancels_its_call():
    async def main(server):
        async with localmamba.AsyncClient(server.target) as client:
            task = asyncio.create_task(client.classify(b"jpeg"))
            while not server.requests:
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.ended.wait, 60)

    answer = threading.Event()
    with FakeServer(answer) as server:
        asyncio.run(main(server))
        answer.set()


def test_without_retry_info_a_busy_server_is_left_alone():
    with (
        FakeServer(Failure(BUSY, "message too large")) as server,
        localmamba.Client(server.target) as client,
    ):
        with pytest.raises(localmamba.ResourceExhaustedError, match="message too large") as refused:
            client.classify(b"jpeg")
        assert refused.value.retry_delay is None
        assert len(server.requests) == 1


def test_the_last_failure_is_raised_with_what_the_server_said():
    with FakeServer(*[Failure(BUSY, "full", 0.001)] * 2) as server:
        with localmamba.Client(server.target, retry=RetryPolicy(max_attempts=2)) as client:
            with pytest.raises(localmamba.ResourceExhaustedError) as refused:
                client.classify(b"jpeg")
        assert len(server.requests) == 2
    assert refused.value.code is BUSY
    assert refused.value.message == "full"
    assert refused.value.retry_delay == 0.001
    assert isinstance(refused.value.__cause__, grpc.RpcError)
    copy = pickle.loads(pickle.dumps(refused.value))
    assert (type(copy), copy.code, copy.message, copy.retry_delay) == (
        localmamba.ResourceExhaustedError,
        BUSY,
        "full",
        0.001,
    )


def test_a_retry_that_would_miss_the_deadline_is_not_waited_for():
    with (
        FakeServer(Failure(BUSY, "full", 3600)) as server,
        localmamba.Client(server.target) as client,
    ):
        with pytest.raises(localmamba.ResourceExhaustedError) as refused:
            client.classify(b"jpeg", timeout=60)
        assert refused.value.retry_delay == 3600


def test_a_server_that_is_not_there():
    with localmamba.Client("127.0.0.1:1", retry=RetryPolicy(initial_backoff=0.001)) as client:
        with pytest.raises(localmamba.UnavailableError) as refused:
            client.classify(b"jpeg")
        assert isinstance(refused.value, ConnectionError)
        assert client.is_ready() is False


def test_a_deadline_that_passes_while_the_server_works():
    answer = threading.Event()
    with FakeServer(answer) as server, localmamba.Client(server.target) as client:
        with pytest.raises(localmamba.DeadlineExceededError) as late:
            client.classify(b"jpeg", timeout=0.01)
        assert isinstance(late.value, TimeoutError)
        answer.set()


@pytest.mark.parametrize(
    "code, kind",
    [
        (grpc.StatusCode.INVALID_ARGUMENT, ValueError),
        (grpc.StatusCode.NOT_FOUND, LookupError),
        (grpc.StatusCode.FAILED_PRECONDITION, localmamba.FailedPreconditionError),
        (grpc.StatusCode.INTERNAL, LocalMambaError),
    ],
)
def test_other_failures_are_raised_at_once(code, kind):
    with FakeServer(Failure(code, "why")) as server, localmamba.Client(server.target) as client:
        with pytest.raises(kind, match=f"^{code.name}: why$") as refused:
            client.classify(b"jpeg")
        assert refused.value.code is code
        assert len(server.requests) == 1


def test_a_service_that_the_server_lacks_is_named():
    with FakeServer() as server, localmamba.AdminClient(server.target) as admin:
        with pytest.raises(LocalMambaError, match="UNIMPLEMENTED"):
            admin.list_models()
