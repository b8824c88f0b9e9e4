"""Health, metadata, configuration and statistics, as tritonclient reads them."""

import pytest
from conftest import MAX_BATCH, MODEL, pixels_of, random_pixels
from tritonclient.utils import InferenceServerException


def test_server_and_models_are_ready(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert client.is_model_ready(MODEL, "2")
    for name, version in [(MODEL, "1"), ("other", "")]:  # version 1 is not loaded
        with pytest.raises(InferenceServerException, match="is not served") as failure:
            client.is_model_ready(name, version)
        assert failure.value.status() == "StatusCode.NOT_FOUND"


def test_server_metadata(client):
    metadata = client.get_server_metadata(as_json=True)
    assert metadata["name"] == "localmamba"
    assert {"classification", "statistics", "system_shared_memory"} <= set(metadata["extensions"])
    assert "cuda_shared_memory" not in metadata["extensions"]


def test_metadata_and_config_have_the_same_tensors(client):
    metadata = client.get_model_metadata(MODEL)
    config = client.get_model_config(MODEL).config
    assert list(metadata.versions) == ["2"]
    assert config.max_batch_size == MAX_BATCH
    assert not config.model_transaction_policy.decoupled
    assert config.WhichOneof("scheduling_choice") == "dynamic_batching"
    for described, configured in [
        (metadata.inputs, config.input),
        (metadata.outputs, config.output),
    ]:
        assert {(t.name, tuple(t.shape)) for t in described} == {
            (t.name, (-1, *t.dims)) for t in configured
        }
    # What perf_analyzer fills by itself.
    assert [t.name for t in config.input] == ["pixels"]
    assert config.parameters["alternative_input.encoded"].string_value == "BYTES [-1,1]"


def test_statistics_have_every_request_that_was_answered(client):
    def look():
        [stats] = client.get_inference_statistics(MODEL, "2").model_stats
        return stats

    before = look()
    for batch in (1, 3, 2):
        client.infer(MODEL, [pixels_of(random_pixels(batch))], model_version="2")
        after = look()
        assert after.inference_count == before.inference_count + batch
        assert after.inference_stats.success.count == before.inference_stats.success.count + 1
        before = after
    stats = before.inference_stats
    stages = stats.queue.ns + stats.compute_input.ns + stats.compute_infer.ns
    assert 0 < stages + stats.compute_output.ns <= stats.success.ns
    assert stats.compute_infer.ns > 0
    assert {batch.batch_size for batch in before.batch_stats} >= {1, 2, 3}


def test_statistics_of_all_models(client):
    stats = client.get_inference_statistics().model_stats
    assert [(one.name, one.version) for one in stats] == [(MODEL, "2")]
    with pytest.raises(InferenceServerException, match="other"):
        client.get_inference_statistics("other")


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.get_trace_settings(),
        lambda client: client.update_trace_settings(settings={"trace_rate": "1"}),
        lambda client: client.get_log_settings(),
        lambda client: client.update_log_settings({"log_verbose_level": 1}),
        lambda client: client.register_cuda_shared_memory("r", b"aGFuZGxl", 0, 64),
    ],
)
def test_what_is_not_offered_says_so(client, call):
    with pytest.raises(InferenceServerException, match="not offered by this server") as failure:
        call(client)
    assert failure.value.status() == "StatusCode.UNIMPLEMENTED"
