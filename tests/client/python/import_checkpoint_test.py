"""localmamba-import around the real localmamba_tool."""

import json
import sys

import pytest

from localmamba.import_checkpoint import main

# What released_style.ckpt is of.
SPEC = {
    "local_vim": {
        "scan": {
            "layers": [
                {"directions": ["h", "v_flip", "w2", "w2_flip"]},
                {"directions": ["h_flip", "v", "w7", "w7_flip"]},
            ]
        },
        "image_height": 32,
        "image_width": 32,
        "patch_size": 8,
        "embed_dim": 16,
        "num_classes": 5,
    }
}


@pytest.fixture
def checkpoint(source):
    return source / "tests/golden/backbones/released_style.ckpt"


@pytest.fixture
def options(programs, tmp_path):
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(SPEC))
    return ["--tool", programs.tool, "--spec", str(spec), "--out", str(tmp_path / "model")]


def test_a_checkpoint_becomes_a_version(checkpoint, options, tmp_path, capfd):
    assert main(["--checkpoint", str(checkpoint), *options, "--version", "7"]) == 0
    assert (tmp_path / "model/7/weights.safetensors").is_file()
    assert "skipped (1): epoch" in capfd.readouterr().out


def test_what_the_tool_refuses_is_refused(checkpoint, options, capfd):
    assert main(["--checkpoint", str(checkpoint), *options, "--entry", "nothing"]) == 2
    assert 'no state dict "nothing"' in capfd.readouterr().err
    assert main(["--checkpoint", "/nowhere/x.ckpt", *options]) == 2
    assert "/nowhere/x.ckpt" in capfd.readouterr().err


def test_a_tool_that_is_not_there_is_named(checkpoint, capfd):
    assert main(["--checkpoint", str(checkpoint), "--tool", "/nowhere/tool"]) == 2
    assert "/nowhere/tool: no such program" in capfd.readouterr().err


def test_without_pytorch_old_files_are_refused(options, tmp_path, capfd, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    old = tmp_path / "old.pth"
    old.write_bytes(b"\x80\x02.")
    assert main(["--checkpoint", str(old), *options]) == 2
    assert "files from before PyTorch 1.6 need `pip install torch`" in capfd.readouterr().err


def test_old_files_are_rewritten_by_pytorch(checkpoint, options, tmp_path, capfd):
    torch = pytest.importorskip("torch")
    old = tmp_path / "old.pth"
    content = torch.load(checkpoint, weights_only=True)
    torch.save(content, old, _use_new_zipfile_serialization=False)
    assert main(["--checkpoint", str(old), *options]) == 0
    assert (tmp_path / "model/1/weights.safetensors").is_file()
    old.write_bytes(b"nothing")
    assert main(["--checkpoint", str(old), *options, "--force"]) == 2
    assert "is no checkpoint of weights alone" in capfd.readouterr().err
