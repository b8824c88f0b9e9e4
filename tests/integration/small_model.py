"""A model whose network takes a millisecond, for tests of the programs that are about the server."""

import json
import pathlib
import subprocess

SPEC = {
    "local_vim": {
        "scan": {"layers": [{"directions": ["h"]}, {"directions": ["w2"]}]},
        "image_height": 32, "image_width": 32, "patch_size": 8, "embed_dim": 16, "num_classes": 10,
    },
    "preprocess": {"resize_short_side": 32, "crop_height": 32, "crop_width": 32},
}


def write_version(tool: str, model: pathlib.Path, version: int, seed: int = 0, **spec) -> None:
    """Makes or replaces a version of `model`. `spec` are further fields of its model.json."""
    file = model.parent / f".{model.name}.spec.json"
    file.write_text(json.dumps(SPEC | spec))
    subprocess.run([tool, "init", "--spec", str(file), "--seed", str(seed), "--out", str(model),
                    "--version", str(version), "--force"], check=True, stdout=subprocess.DEVNULL)


def raw_image(vision_pb2, red: int = 0):
    """A picture of one colour, as a message."""
    return vision_pb2.Image(raw=vision_pb2.RawImage(height=32, width=32, rgb=bytes([red, 0, 0]) * 1024))
