"""Client and AsyncClient against a real server."""

import asyncio
import threading

import numpy as np
import PIL.Image
import pytest
from server_process import ServerProcess

import localmamba
from localmamba import AsyncClient, Client, Task

TIMEOUT = 60  # long enough for a slow machine: no test waits for it to pass
RED = np.full((40, 50, 3), (255, 0, 0), np.uint8)
CLASSES = {"red", "green", "blue"}


@pytest.fixture(scope="module")
def client(server):
    with Client(server.grpc_target, timeout=TIMEOUT) as client:
        yield client


def run_async(target, use):
    """Runs the coroutine function `use` with a client of its own."""

    async def main():
        async with AsyncClient(target, timeout=TIMEOUT) as client:
            return await use(client)

    return asyncio.run(main())


def test_classifies_an_array(client):
    result = client.classify(RED, model="tiny", top_k=2, request_id="frame 7")
    assert (result.model, result.version, result.request_id) == ("tiny", 2, "frame 7")
    assert len(result.classes) == 2
    assert result.best is result.classes[0]
    assert result.best.name in CLASSES
    assert 1 >= result.best.score >= result.classes[1].score >= 0
    assert result.timings.batch_size >= 1
    assert result.timings.total.total_seconds() > 0
    assert result.timings.total >= result.timings.compute


def test_the_same_picture_in_any_form_gives_the_same_answer(client, tmp_path):
    path = tmp_path / "red.png"
    PIL.Image.fromarray(RED).save(path)
    expected = client.classify(RED).classes
    for image in (path, str(path), path.read_bytes(), PIL.Image.open(path)):
        assert client.classify(image).classes == expected


def test_embeds(client):
    result = client.embed(RED)
    assert result.features.shape == (16,)
    assert result.features.dtype == np.float32
    assert np.isfinite(result.features).all()


def test_lists_what_is_served(client):
    newest = client.list_models()[-1]
    assert (newest.model, newest.version, newest.task, newest.num_classes) == (
        "tiny",
        2,
        Task.CLASSIFICATION,
        3,
    )
    assert (newest.input_height, newest.input_width) == (32, 32)
    assert newest.ready


def test_readiness(client):
    assert client.is_ready()
    assert client.is_ready("tiny")
    with pytest.raises(localmamba.NotFoundError):
        client.is_ready("nope")


def test_the_servers_errors_have_types(client):
    with pytest.raises(localmamba.NotFoundError, match="nope"):
        client.classify(RED, model="nope")
    with pytest.raises(localmamba.NotFoundError):
        client.classify(RED, version=77)
    with pytest.raises(localmamba.InvalidArgumentError, match="image"):
        client.classify(b"no image at all")
    with pytest.raises(localmamba.InvalidArgumentError, match="top_k"):
        client.classify(RED, top_k=4)


def test_many_images_keep_their_order_and_fail_alone(client):
    images = [np.full((8 + i, 8, 3), i, np.uint8) for i in range(40)]
    expected = [client.classify(image).classes for image in images]
    images[3] = b"no image at all"
    images[7] = "/nowhere/cat.jpg"
    outcomes = list(client.classify_many(iter(images), max_in_flight=8))
    assert [outcome.index for outcome in outcomes] == list(range(40))
    for outcome in outcomes:
        if outcome.index not in (3, 7):
            assert outcome.result().classes == expected[outcome.index]
    with pytest.raises(localmamba.InvalidArgumentError):
        outcomes[3].result()
    assert isinstance(outcomes[7].error, FileNotFoundError)
    embedded = [outcome.result().features for outcome in client.embed_many([RED, RED])]
    assert np.array_equal(embedded[0], embedded[1])


def test_many_images_are_read_only_as_far_as_there_is_need(client):
    taken = []

    def images():
        while True:
            taken.append(RED)
            yield RED

    outcomes = client.classify_many(images(), max_in_flight=3)
    assert taken == []
    assert next(outcomes).index == 0
    outcomes.close()
    assert len(taken) <= 4


def test_a_client_may_be_used_from_several_addresses_in_turn(server, client):
    address = server.grpc_target
    with Client(
        f"ipv4:{address},{address}", load_balancing="round_robin", timeout=TIMEOUT
    ) as balanced:
        assert balanced.classify(RED).classes == client.classify(RED).classes


def test_no_call_fails_while_one_of_two_servers_stops(programs, tiny_repository):
    flags = ["--admin", "false", "--drain-delay", "1s"]
    with (
        ServerProcess(programs.server, tiny_repository, *flags) as first,
        ServerProcess(programs.server, tiny_repository, *flags) as second,
    ):
        addresses = f"ipv4:{first.grpc_target},{second.grpc_target}"
        with Client(addresses, load_balancing="round_robin", timeout=TIMEOUT) as client:
            client.classify(RED)
            first.terminate()
            stopped = threading.Thread(target=first.wait)
            stopped.start()
            while stopped.is_alive():
                client.classify(RED)
            for _ in range(20):
                client.classify(RED)
            stopped.join()


def test_a_small_message_limit_holds(server):
    with Client(server.grpc_target, max_message_bytes=1000, timeout=TIMEOUT) as client:
        with pytest.raises(localmamba.ResourceExhaustedError):
            client.classify(RED)


def test_asyncio(server, client):
    async def use(client):
        one, two = await asyncio.gather(client.classify(RED), client.classify(RED, version=2))
        embedding = await client.embed(RED)
        many = [
            outcome
            async for outcome in client.classify_many(
                [RED, b"no image at all", RED], max_in_flight=2
            )
        ]
        embedded = [outcome async for outcome in client.embed_many([RED])]
        return (
            one,
            two,
            embedding,
            many,
            embedded,
            await client.list_models(),
            await client.is_ready("tiny"),
        )

    one, two, embedding, many, embedded, models, ready = run_async(server.grpc_target, use)
    assert (one.version, two.version) == (2, 2)
    assert two.classes == client.classify(RED).classes
    assert np.array_equal(embedding.features, client.embed(RED).features)
    assert many[0].result().classes == many[2].result().classes == two.classes
    assert isinstance(many[1].error, localmamba.InvalidArgumentError)
    assert np.array_equal(embedded[0].result().features, embedding.features)
    assert models == client.list_models()
    assert ready


def test_asyncio_errors(server):
    async def use(client):
        with pytest.raises(localmamba.NotFoundError):
            await client.classify(RED, model="nope")
        with pytest.raises(localmamba.NotFoundError):
            await client.is_ready("nope")
        with pytest.raises(localmamba.InvalidArgumentError, match="found an array of shape"):
            await client.classify(RED[0])

    run_async(server.grpc_target, use)

    async def nobody(client):
        with pytest.raises(localmamba.UnavailableError):
            await client.classify(RED)
        assert await client.is_ready() is False

    run_async("127.0.0.1:1", nobody)
