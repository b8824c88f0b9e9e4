"""ModelInfer with tritonclient: tensors both ways, refusals, parameters."""

import concurrent.futures

import grpc
import numpy as np
import pytest
import tritonclient.grpc as oip
from conftest import (
    CLASSES,
    MAX_BATCH,
    MODEL,
    SIDE,
    WIDTH,
    input_of,
    pixels_of,
    png_of,
    random_pixels,
    softmax,
)
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

# As docs/model-format.md has it for a model that says nothing else.
MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])


def normalised(pixels: np.ndarray) -> np.ndarray:
    return ((pixels / 255 - MEAN) / STD).transpose(0, 3, 1, 2).astype(np.float32)


def refused(client, inputs, status="INVALID_ARGUMENT", match=None, **arguments) -> None:
    with pytest.raises(InferenceServerException, match=match) as failure:
        client.infer(MODEL, inputs, **arguments)
    assert failure.value.status() == f"StatusCode.{status}"


@pytest.mark.parametrize("batch", [1, 3, MAX_BATCH])
def test_every_output_of_a_batch(client, batch):
    result = client.infer(MODEL, [pixels_of(random_pixels(batch))])
    logits = result.as_numpy("logits")
    assert logits.shape == (batch, CLASSES) and logits.dtype == np.float32
    assert result.as_numpy("embedding").shape == (batch, WIDTH)
    np.testing.assert_allclose(result.as_numpy("probabilities"), softmax(logits), rtol=1e-5)
    response = result.get_response()
    assert (response.model_name, response.model_version) == (MODEL, "2")
    assert len(response.raw_output_contents) == len(response.outputs) == 3


def test_an_item_has_the_same_answer_alone_and_in_a_batch(client):
    pixels = random_pixels(4)
    together = client.infer(MODEL, [pixels_of(pixels)]).as_numpy("logits")
    for i in range(4):
        alone = client.infer(MODEL, [pixels_of(pixels[i : i + 1])]).as_numpy("logits")
        np.testing.assert_allclose(together[i : i + 1], alone, rtol=1e-4, atol=1e-5)


def test_the_three_inputs_mean_the_same(client):
    pixels = random_pixels(2)
    files = np.array([[png_of(image)] for image in pixels], dtype=np.object_)
    wanted = client.infer(MODEL, [pixels_of(pixels)]).as_numpy("logits")
    for tensor, tolerance in [
        (input_of(normalised(pixels), "tensor", "FP32"), 1e-4),
        (input_of(normalised(pixels).astype(np.float16), "tensor", "FP16"), 2e-2),
        (input_of(files, "encoded", "BYTES"), 1e-5),
    ]:
        found = client.infer(MODEL, [tensor]).as_numpy("logits")
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


def test_typed_contents(server):
    """tritonclient always sends raw contents; generated stubs need not."""
    pixels = random_pixels(1)
    tensor = service_pb2.ModelInferRequest.InferInputTensor(
        name="pixels", datatype="UINT8", shape=pixels.shape
    )
    tensor.contents.uint_contents.extend(pixels.flatten().tolist())
    with grpc.insecure_channel(server.grpc_target) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        request = service_pb2.ModelInferRequest(model_name=MODEL, inputs=[tensor])
        typed = stub.ModelInfer(request)
        request.inputs[0].ClearField("contents")
        request.raw_input_contents.append(pixels.tobytes())
        assert typed == stub.ModelInfer(request)

        files = service_pb2.ModelInferRequest.InferInputTensor(
            name="encoded", datatype="BYTES", shape=[1, 1]
        )
        files.contents.bytes_contents.append(png_of(pixels[0]))
        request = service_pb2.ModelInferRequest(model_name=MODEL, inputs=[files])
        assert stub.ModelInfer(request) == typed


def test_wanted_outputs_come_in_their_order(client):
    outputs = [oip.InferRequestedOutput("embedding"), oip.InferRequestedOutput("logits")]
    result = client.infer(MODEL, [pixels_of(random_pixels(1))], outputs=outputs)
    assert [output.name for output in result.get_response().outputs] == ["embedding", "logits"]
    assert result.as_numpy("probabilities") is None


@pytest.mark.parametrize("classes", [1, 2, 50])
def test_classification_with_labels(client, classes):
    outputs = [oip.InferRequestedOutput("probabilities", class_count=classes)]
    pixels = random_pixels(3)
    found = client.infer(MODEL, [pixels_of(pixels)], outputs=outputs).as_numpy("probabilities")
    assert found.shape == (3, min(classes, CLASSES))
    probabilities = client.infer(MODEL, [pixels_of(pixels)]).as_numpy("probabilities")
    for texts, row in zip(found, probabilities, strict=True):
        order = np.argsort(-row)[: len(texts)]
        for text, index in zip(texts, order, strict=True):
            value, number, label = text.decode().split(":")
            assert int(number) == index
            assert label == ["red", "green", "blue"][index]
            assert float(value) == pytest.approx(row[index], abs=2e-6)


@pytest.mark.parametrize("id", ["", "x", "y" * 1000, "Bäume 木 🌲"])
def test_ids_come_back(client, id):
    result = client.infer(MODEL, [pixels_of(random_pixels(1))], request_id=id)
    assert result.get_response().id == id


def test_versions(client):
    tensor = pixels_of(random_pixels(1))
    result = client.infer(MODEL, [tensor], model_version="2")
    assert result.get_response().model_version == "2"
    refused(client, [tensor], "NOT_FOUND", "version 7", model_version="7")
    refused(client, [tensor], "INVALID_ARGUMENT", "model version", model_version="stable")
    with pytest.raises(InferenceServerException, match='model "other" is not served'):
        client.infer("other", [tensor])


def test_batches_out_of_range(client):
    refused(client, [pixels_of(random_pixels(MAX_BATCH + 1))], match="with a batch of 1 to 8")
    refused(client, [pixels_of(random_pixels(0))], match=r"shape is \[0,32,32,3\]")


def test_wrong_sizes_types_and_names(client):
    pixels = random_pixels(1)
    small = oip.InferInput("pixels", [1, SIDE, SIDE, 3], "UINT8")
    small._raw_content = pixels.tobytes()[:-1]
    refused(client, [small], match="found 3071 bytes, wanted 3072")
    refused(client, [input_of(pixels.astype(np.int64), "pixels", "INT64")], match="wanted UINT8")
    refused(client, [input_of(pixels, "image", "UINT8")], match="the model has none of this name")
    refused(client, [pixels_of(pixels), pixels_of(pixels)], match="found twice")
    refused(client, [], match="inputs: found none")
    refused(
        client,
        [pixels_of(pixels)],
        match='output "scores"',
        outputs=[oip.InferRequestedOutput("scores")],
    )


def test_a_file_that_is_no_picture_fails_its_request_only(client):
    good = png_of(random_pixels(1)[0])
    bad = np.array([[good], [b"no picture"]], dtype=np.object_)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        others = [
            pool.submit(client.infer, MODEL, [pixels_of(random_pixels(1, i))]) for i in range(8)
        ]
        refused(client, [input_of(bad, "encoded", "BYTES")], match="image 1 of 2")
        assert all(other.result().as_numpy("logits") is not None for other in others)


def test_parameters(client):
    tensor = pixels_of(random_pixels(1))
    client.infer(MODEL, [tensor], priority=1, timeout=60_000_000, parameters={"mine": "text"})
    refused(client, [tensor], match="priority", priority=1000)
    refused(client, [tensor], "UNIMPLEMENTED", "sequence_id", sequence_id=7)


def test_messages_above_the_limit(client):
    refused(client, [pixels_of(random_pixels(400))], "RESOURCE_EXHAUSTED", "larger than max")


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_requests(client, algorithm):
    tensor = pixels_of(random_pixels(2))
    plain = client.infer(MODEL, [tensor]).as_numpy("logits")
    found = client.infer(MODEL, [tensor], compression_algorithm=algorithm).as_numpy("logits")
    np.testing.assert_array_equal(plain, found)


def test_async_infer(client):
    future = concurrent.futures.Future()
    client.async_infer(
        MODEL,
        [pixels_of(random_pixels(1))],
        callback=lambda result, error: future.set_result((result, error)),
    )
    result, error = future.result(timeout=60)
    assert error is None
    assert result.as_numpy("logits").shape == (1, CLASSES)
