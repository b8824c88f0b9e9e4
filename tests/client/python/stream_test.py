"""classify_stream, of Client and of AsyncClient, against a real server."""

import asyncio
import itertools

import grpc
import numpy as np
import pytest

import localmamba
from localmamba import AsyncClient, Client, streams
from localmamba.v1 import vision_pb2

TIMEOUT = 60
FRAMES = [np.full((8 + i, 8, 3), i, np.uint8) for i in range(30)]


@pytest.fixture(scope="module")
def client(server):
    with Client(server.grpc_target, timeout=TIMEOUT) as client:
        yield client


@pytest.fixture(scope="module")
def expected(client):
    return [outcome.result().classes for outcome in client.classify_many(FRAMES)]


def collect(target, frames, **options):
    """The outcomes that AsyncClient gives."""

    async def main():
        async with AsyncClient(target) as client:
            return [
                each async for each in client.classify_stream(frames, timeout=TIMEOUT, **options)
            ]

    return asyncio.run(main())


async def arriving(frames):
    for frame in frames:
        yield frame


def test_answers_come_in_the_order_of_the_frames(server, client, expected):
    for outcomes in (
        list(client.classify_stream(iter(FRAMES), model="tiny", top_k=3, timeout=TIMEOUT)),
        collect(server.grpc_target, FRAMES, top_k=3),
        collect(server.grpc_target, arriving(FRAMES), max_in_flight=2),
    ):
        assert [outcome.index for outcome in outcomes] == list(range(len(FRAMES)))
        assert [outcome.result().classes for outcome in outcomes] == expected


def test_a_frame_that_the_server_refuses_fails_alone(server, client, expected):
    frames = [FRAMES[0], b"no image at all", FRAMES[2]]
    for outcomes in (
        list(client.classify_stream(frames, timeout=TIMEOUT)),
        collect(server.grpc_target, frames),
    ):
        assert isinstance(outcomes[1].error, localmamba.InvalidArgumentError)
        assert "image" in outcomes[1].error.message
        assert outcomes[2].result().classes == expected[2]


def test_a_frame_that_cannot_be_sent_ends_the_stream_after_those_before(server, client, expected):
    frames = [FRAMES[0], FRAMES[1][0], FRAMES[2]]
    outcomes = client.classify_stream(frames, timeout=TIMEOUT)
    assert next(outcomes).result().classes == expected[0]
    with pytest.raises(localmamba.InvalidArgumentError, match="found an array of shape"):
        next(outcomes)
    with pytest.raises(localmamba.InvalidArgumentError, match="found an array of shape"):
        collect(server.grpc_target, frames)


def test_what_a_generator_of_frames_raises_is_raised(client):
    def camera():
        yield FRAMES[0]
        raise RuntimeError("the lens is covered")

    with pytest.raises(RuntimeError, match="the lens is covered"):
        list(client.classify_stream(camera(), timeout=TIMEOUT))


def test_a_stream_may_be_left_before_its_end(server, client, expected):
    endless = itertools.cycle(FRAMES)
    outcomes = client.classify_stream(endless, timeout=TIMEOUT)
    assert next(outcomes).result().classes == expected[0]
    outcomes.close()

    async def main():
        async with AsyncClient(server.grpc_target) as client:
            async for outcome in client.classify_stream(endless):
                return outcome.index

    assert asyncio.run(main()) == 0


def test_newer_frames_take_the_place_of_those_that_wait(client):
    outcomes = list(client.classify_stream(FRAMES * 10, newest_wins=True, timeout=TIMEOUT))
    assert [outcome.index for outcome in outcomes] == list(range(len(FRAMES) * 10))
    assert all(outcome.skipped or outcome.result() for outcome in outcomes)
    assert not outcomes[-1].skipped  # nothing newer came


def test_a_stream_of_no_frames_ends(server, client):
    assert list(client.classify_stream([], timeout=TIMEOUT)) == []
    assert collect(server.grpc_target, []) == []


def test_options_are_checked(server, client):
    for options, message in [
        ({"top_k": 0}, "top_k: found 0"),
        ({"version": 0}, "version: found 0"),
        ({"max_in_flight": 0}, "max_in_flight: found 0, wanted at least 1"),
    ]:
        with pytest.raises(localmamba.InvalidArgumentError, match=message):
            client.classify_stream(FRAMES, **options)
        with pytest.raises(localmamba.InvalidArgumentError, match=message):
            collect(server.grpc_target, FRAMES, **options)


def test_a_server_that_is_not_there():
    with Client("127.0.0.1:1") as client, pytest.raises(localmamba.UnavailableError):
        list(client.classify_stream(FRAMES))
    with pytest.raises(localmamba.UnavailableError):
        collect("127.0.0.1:1", FRAMES)


def test_outcomes_of_every_kind():
    stream = streams.classify(top_k=None, newest_wins=False, max_in_flight=None)
    response = vision_pb2.ClassifyStreamResponse(frame=7, skipped=vision_pb2.SkippedFrame())
    skipped = stream.outcome(response)
    assert (skipped.index, skipped.value, skipped.skipped) == (7, None, True)
    with pytest.raises(localmamba.SkippedError):
        skipped.result()
    response = vision_pb2.ClassifyStreamResponse(frame=8)
    response.error.code = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    response.error.message = "full"
    response.error.retry_delay.FromMilliseconds(1500)
    busy = stream.outcome(response).error
    assert isinstance(busy, localmamba.ResourceExhaustedError)
    assert (busy.message, busy.retry_delay) == ("full", 1.5)
