"""ModelStreamInfer with tritonclient."""

import contextlib
import queue

import grpc
import numpy as np
import tritonclient.grpc as oip
from conftest import CLASSES, MODEL, pixels_of, random_pixels
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException


@contextlib.contextmanager
def stream(client, **arguments):
    """Yields the queue of (result, error) of a stream."""
    answers = queue.Queue()
    client.start_stream(
        callback=lambda result, error: answers.put((result, error)), **arguments
    )
    yield answers
    client.stop_stream()


def test_good_and_bad_requests_are_answered_in_order(client):
    requests = 100
    with stream(client) as answers:
        for i in range(requests):
            batch = 9 if i % 3 == 1 else 1  # 9 are too many
            tensor = pixels_of(random_pixels(batch, i))
            client.async_stream_infer(MODEL, [tensor], request_id=str(i))
        found = [answers.get(timeout=60) for _ in range(requests)]
    for i, (result, error) in enumerate(found):
        if i % 3 == 1:
            assert "with a batch of 1 to 8" in error.message()
            continue
        assert error is None
        response = result.get_response()
        assert response.id == str(i)
        assert response.parameters["triton_final_response"].bool_param
        wanted = client.infer(MODEL, [pixels_of(random_pixels(1, i))]).as_numpy("logits")
        np.testing.assert_allclose(result.as_numpy("logits"), wanted, rtol=1e-4, atol=1e-5)


def test_failures_tell_which_request_they_are_of(server):
    request = service_pb2.ModelInferRequest(model_name="other", model_version="3", id="mine")
    with grpc.insecure_channel(server.grpc_target) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        [answer] = stub.ModelStreamInfer(iter([request]))
    assert 'model "other" is not served' in answer.error_message
    response = answer.infer_response
    assert (response.id, response.model_name, response.model_version) == ("mine", "other", "3")
    assert response.parameters["triton_final_response"].bool_param
    assert not response.outputs


def test_an_empty_final_response_is_asked_for_in_vain(client):
    """There is one answer to each request, and it is the final one."""
    with stream(client) as answers:
        for id in ("a", "b"):
            client.async_stream_infer(
                MODEL,
                [pixels_of(random_pixels(1))],
                request_id=id,
                enable_empty_final_response=True,
            )
        found = [answers.get(timeout=60) for _ in range(2)]
    assert [result.get_response().id for result, _ in found] == ["a", "b"]
    assert answers.empty()
    assert found[0][0].as_numpy("logits").shape == (1, CLASSES)


def test_in_strict_mode_the_first_failure_ends_the_stream(client):
    with stream(client, headers={"triton_grpc_error": "true"}) as answers:
        client.async_stream_infer(MODEL, [pixels_of(random_pixels(1))], request_id="good")
        result, error = answers.get(timeout=60)
        assert error is None and result.get_response().id == "good"
        client.async_stream_infer(MODEL, [pixels_of(random_pixels(9))])
        result, error = answers.get(timeout=60)
    assert isinstance(error, InferenceServerException)
    assert error.status() == "StatusCode.INVALID_ARGUMENT"


def test_a_stream_that_is_cancelled_leaves_the_server_well(client):
    with stream(client):
        for i in range(20):
            client.async_stream_infer(MODEL, [pixels_of(random_pixels(8, i))])
        client.stop_stream(cancel_requests=True)
    assert client.infer(MODEL, [pixels_of(random_pixels(1))]).as_numpy("logits") is not None


def test_classes_are_those_of_a_unary_call(client):
    tensor = pixels_of(random_pixels(3))
    outputs = [oip.InferRequestedOutput("logits", class_count=2)]
    with stream(client) as answers:
        client.async_stream_infer(MODEL, [tensor], outputs=outputs)
        result, error = answers.get(timeout=60)
    assert error is None
    unary = client.infer(MODEL, [tensor], outputs=outputs)
    np.testing.assert_array_equal(result.as_numpy("logits"), unary.as_numpy("logits"))
