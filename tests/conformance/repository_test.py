"""The model repository with tritonclient."""

from conftest import MODEL


def test_index(client):
    index = {entry.version: entry for entry in client.get_model_repository_index().models}
    assert {entry.name for entry in index.values()} == {MODEL}
    assert (index["1"].state, index["1"].reason) == ("UNAVAILABLE", "unloaded")
    assert (index["2"].state, index["2"].reason) == ("READY", "")
