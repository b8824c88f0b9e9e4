"""The model repository with tritonclient: index, load, unload."""

import concurrent.futures
import contextlib

import pytest
import tritonclient.grpc as oip
from conftest import MODEL, pixels_of, random_pixels
from server_process import ServerProcess
from tritonclient.utils import InferenceServerException


@pytest.fixture
def repository(programs, tmp_path):
    programs.init_tiny(tmp_path / MODEL, 1)
    programs.init_tiny(tmp_path / "other", 1)
    return tmp_path


@pytest.fixture
def control(programs, repository):
    """A client that may load and unload models."""
    flags = ("--admin", "false", "--model-control", "true")
    with (
        ServerProcess(programs.server, repository, *flags) as server,
        contextlib.closing(oip.InferenceServerClient(server.grpc_target)) as client,
    ):
        yield client


def states(client) -> dict[tuple[str, str], tuple[str, str]]:
    index = client.get_model_repository_index().models
    return {(entry.name, entry.version): (entry.state, entry.reason) for entry in index}


def refused(status, call, *arguments, **keywords) -> None:
    with pytest.raises(InferenceServerException) as failure:
        call(*arguments, **keywords)
    assert failure.value.status() == f"StatusCode.{status}"


def test_index(client):
    assert states(client)[(MODEL, "1")] == ("UNAVAILABLE", "unloaded")
    assert states(client)[(MODEL, "2")] == ("READY", "")


def test_changes_need_a_flag(client):
    for call in (client.load_model, client.unload_model):
        with pytest.raises(InferenceServerException, match="--model-control") as failure:
            call(MODEL)
        assert failure.value.status() == "StatusCode.UNIMPLEMENTED"


def test_unload_and_load(control):
    control.unload_model(MODEL)
    assert states(control)[(MODEL, "1")][0] == "UNAVAILABLE"
    assert states(control)[("other", "1")][0] == "READY"
    refused("NOT_FOUND", control.infer, MODEL, [pixels_of(random_pixels(1))])
    control.load_model(MODEL)
    assert states(control)[(MODEL, "1")] == ("READY", "")
    assert control.infer(MODEL, [pixels_of(random_pixels(1))]).as_numpy("logits") is not None


def test_load_serves_what_is_new(control, programs, repository):
    programs.init_tiny(repository / MODEL, 2)
    control.load_model(MODEL)
    result = control.infer(MODEL, [pixels_of(random_pixels(1))])
    assert result.get_response().model_version == "2"


def test_reload_drops_no_request(control):
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        calls = [
            pool.submit(control.infer, MODEL, [pixels_of(random_pixels(1, i))]) for i in range(60)
        ]
        for _ in range(3):
            control.load_model(MODEL)
        assert all(call.result() for call in calls)


def test_what_cannot_be_loaded_stays_as_it_was(control, repository):
    weights = repository / MODEL / "1" / "weights.safetensors"
    weights.rename(weights.with_suffix(".away"))
    with pytest.raises(InferenceServerException, match="weights.safetensors"):
        control.load_model(MODEL)
    assert control.infer(MODEL, [pixels_of(random_pixels(1))]).as_numpy("logits") is not None


def test_changes_need_the_explicit_mode(programs, repository):
    flags = ("--admin", "false", "--model-control", "true", "--repository-mode", "poll")
    with (
        ServerProcess(programs.server, repository, *flags) as server,
        contextlib.closing(oip.InferenceServerClient(server.grpc_target)) as client,
    ):
        refused("FAILED_PRECONDITION", client.load_model, MODEL)
        refused("FAILED_PRECONDITION", client.unload_model, MODEL)


def test_names_and_parameters(control):
    refused("NOT_FOUND", control.load_model, "unknown")
    refused("INVALID_ARGUMENT", control.load_model, "")
    refused("INVALID_ARGUMENT", control.load_model, "../tiny")
    refused("UNIMPLEMENTED", control.load_model, MODEL, config="{}")
    refused("INVALID_ARGUMENT", control.unload_model, "")
    control.unload_model("other", unload_dependents=True)
    assert "model_repository" in control.get_server_metadata().extensions
