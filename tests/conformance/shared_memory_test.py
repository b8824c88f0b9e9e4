"""Tensors in system shared memory, with tritonclient's own helpers."""

import contextlib
import os

import numpy as np
import pytest
import tritonclient.grpc as oip
from conftest import MODEL, pixels_of, random_pixels
from server_process import ServerProcess
from tritonclient.utils import InferenceServerException
from tritonclient.utils import shared_memory as shm


@contextlib.contextmanager
def shared(client, name: str, bytes: int):
    """Makes a shared memory object and registers all of it under `name`."""
    key = f"/localmamba-conformance-{os.getpid()}-{name}"
    handle = shm.create_shared_memory_region(name, key, bytes)
    try:
        client.register_system_shared_memory(name, key, bytes)
        yield handle
        client.unregister_system_shared_memory(name)
    finally:
        shm.destroy_shared_memory_region(handle)


def test_tensors_both_ways(client):
    pixels = random_pixels(2)
    wanted = client.infer(MODEL, [pixels_of(pixels)])
    with shared(client, "in", pixels.nbytes) as source, shared(client, "out", 256) as target:
        shm.set_shared_memory_region(source, [pixels])
        tensor = oip.InferInput("pixels", list(pixels.shape), "UINT8")
        tensor.set_shared_memory("in", pixels.nbytes)
        logits = oip.InferRequestedOutput("logits")
        logits.set_shared_memory("out", 24, 64)
        outputs = [logits, oip.InferRequestedOutput("embedding")]
        result = client.infer(MODEL, [tensor], outputs=outputs)
        found = shm.get_contents_as_numpy(target, np.float32, [2, 3], 64)
        np.testing.assert_array_equal(found, wanted.as_numpy("logits"))
        np.testing.assert_array_equal(
            result.as_numpy("embedding"), wanted.as_numpy("embedding")
        )
        assert result.get_response().raw_output_contents[0] == b""


def test_status(client):
    with shared(client, "a", 64), shared(client, "b", 128):
        regions = client.get_system_shared_memory_status().regions
        assert {name: region.byte_size for name, region in regions.items()} == {"a": 64, "b": 128}
    assert not client.get_system_shared_memory_status().regions
    with pytest.raises(InferenceServerException) as failure:
        client.get_system_shared_memory_status("a")
    assert failure.value.status() == "StatusCode.NOT_FOUND"


def test_the_calls_of_perf_analyzer(client):
    client.unregister_system_shared_memory()
    client.unregister_cuda_shared_memory()
    assert not client.get_cuda_shared_memory_status().regions


@pytest.mark.parametrize(("bytes", "offset"), [(65, 0), (1, 64), (64, 1)])
def test_ranges_beyond_the_region(client, bytes, offset):
    with shared(client, "small", 64):
        tensor = oip.InferInput("encoded", [1, 1], "BYTES")
        tensor.set_shared_memory("small", bytes, offset)
        with pytest.raises(InferenceServerException, match="which has 64") as failure:
            client.infer(MODEL, [tensor])
    assert failure.value.status() == "StatusCode.INVALID_ARGUMENT"


def test_registration_is_checked(client):
    with shared(client, "small", 64) as handle:
        key = f"/localmamba-conformance-{os.getpid()}-small"
        for name, known_key, bytes, status in [
            ("small", key, 64, "ALREADY_EXISTS"),
            ("other", key, 65, "INVALID_ARGUMENT"),
            ("other", "/localmamba-no-such-key", 1, "NOT_FOUND"),
            ("other", "/../etc/passwd", 1, "INVALID_ARGUMENT"),
        ]:
            with pytest.raises(InferenceServerException) as failure:
                client.register_system_shared_memory(name, known_key, bytes)
            assert failure.value.status() == f"StatusCode.{status}"
        assert handle is not None


def test_it_is_off_unless_switched_on(programs, tiny_repository):
    with (
        ServerProcess(programs.server, tiny_repository, "--admin", "false") as server,
        contextlib.closing(oip.InferenceServerClient(server.grpc_target)) as client,
    ):
        assert "system_shared_memory" not in client.get_server_metadata().extensions
        for call in (
            client.get_system_shared_memory_status,
            client.unregister_system_shared_memory,
            client.unregister_cuda_shared_memory,
            lambda: client.register_system_shared_memory("r", "/r", 1),
        ):
            with pytest.raises(InferenceServerException, match="--system-shared-memory"):
                call()
