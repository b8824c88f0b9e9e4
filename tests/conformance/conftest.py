"""A server of tiny models (images of 32 x 32, three classes, 16 features), asked with tritonclient."""

import contextlib
import io

import numpy as np
import pytest
import tritonclient.grpc as oip
from PIL import Image
from server_process import ServerProcess

MODEL = "tiny"
SIDE = 32
CLASSES = 3
WIDTH = 16
MAX_BATCH = 8


@pytest.fixture(scope="module")
def server(programs, tiny_repository):
    with ServerProcess(
        programs.server,
        tiny_repository,
        "--admin",
        "false",
        "--max-request-bytes",
        str(1 << 20),
        "--system-shared-memory",
        "true",
    ) as process:
        yield process


@pytest.fixture
def client(server):
    with contextlib.closing(oip.InferenceServerClient(server.grpc_target)) as client:
        yield client


def input_of(array: np.ndarray, name: str, datatype: str) -> oip.InferInput:
    tensor = oip.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array)
    return tensor


def pixels_of(array: np.ndarray) -> oip.InferInput:
    return input_of(array, "pixels", "UINT8")


def random_pixels(batch: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (batch, SIDE, SIDE, 3), dtype=np.uint8)


def png_of(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)
