"""tritonclient's asyncio client."""

import asyncio

import numpy as np
import pytest
import tritonclient.grpc.aio as oip
from conftest import MODEL, pixels_of, random_pixels
from tritonclient.utils import InferenceServerException


def run(server, use):
    """What `use`, a coroutine function, makes of a client."""

    async def main():
        async with oip.InferenceServerClient(server.grpc_target) as client:
            return await use(client)

    return asyncio.run(main())


def test_control_calls(server):
    async def use(client):
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready(MODEL)
        metadata = await client.get_model_metadata(MODEL)
        config = await client.get_model_config(MODEL)
        statistics = await client.get_inference_statistics(MODEL)
        return metadata.name, config.config.name, len(statistics.model_stats)

    assert run(server, use) == (MODEL, MODEL, 1)


def test_many_calls_at_once(server):
    async def use(client):
        tensors = [pixels_of(random_pixels(1 + i % 3, i)) for i in range(40)]
        together = await asyncio.gather(*(client.infer(MODEL, [tensor]) for tensor in tensors))
        for tensor, result in list(zip(tensors, together, strict=True))[:5]:
            alone = await client.infer(MODEL, [tensor])
            np.testing.assert_allclose(
                result.as_numpy("logits"), alone.as_numpy("logits"), rtol=1e-4, atol=1e-5
            )

    run(server, use)


def test_refusals(server):
    async def use(client):
        with pytest.raises(InferenceServerException, match="with a batch of 1 to 8") as failure:
            await client.infer(MODEL, [pixels_of(random_pixels(9))])
        return failure.value.status()

    assert run(server, use) == "StatusCode.INVALID_ARGUMENT"


def test_streams(server):
    async def use(client):
        async def requests():
            for i in range(20):
                batch = 9 if i % 4 == 3 else 2
                yield {
                    "model_name": MODEL,
                    "inputs": [pixels_of(random_pixels(batch, i))],
                    "request_id": str(i),
                }

        return [answer async for answer in client.stream_infer(requests())]

    answers = run(server, use)
    assert len(answers) == 20
    for i, (result, error) in enumerate(answers):
        if i % 4 == 3:
            assert "with a batch of 1 to 8" in error.message()
        else:
            assert error is None
            assert result.get_response().id == str(i)
            assert result.as_numpy("logits").shape[0] == 2
