"""Fixtures of every pytest in this tree: the built programs, a folder of tiny models, a server that
serves them.
"""

import dataclasses
import json
import os
import pathlib
import subprocess

import pytest
from server_process import ServerProcess

SOURCE = pathlib.Path(__file__).resolve().parent.parent

# Two layers, three classes, images of 32 x 32: as TinySpec() of tests/support/tiny_repository.h.
TINY_SPEC = {
    "local_vim": {
        "scan": {"layers": [{"directions": ["h"]}, {"directions": ["w2"]}]},
        "image_height": 32,
        "image_width": 32,
        "patch_size": 8,
        "embed_dim": 16,
        "num_classes": 3,
    },
    "preprocess": {"resize_short_side": 32, "crop_height": 32, "crop_width": 32},
}


_TINY_BACKBONE = {
    "scan": {"layers": [{"directions": ["h", "v"]}, {"directions": ["w2", "h_flip"]}]},
    "dims": [8, 16],
    "depths": [1, 1],
    "num_classes": 0,
    "out_indices": [0, 1],
}
_TINY_RESIZE = {"keep_ratio": {"long_side": 128, "short_side": 64}}
TINY_DETECTOR_SPEC = {
    "task": "TASK_DETECTION",
    "local_vmamba": _TINY_BACKBONE,
    "detection": {
        "num_classes": 3,
        "channels": 16,
        "box_fc_width": 32,
        "mask_convs": 1,
        "proposal_candidates": 50,
        "max_proposals": 50,
        "max_detections": 10,
    },
    "preprocess": _TINY_RESIZE,
}
TINY_SEGMENTER_SPEC = {
    "task": "TASK_SEGMENTATION",
    "local_vmamba": _TINY_BACKBONE,
    "segmentation": {"num_classes": 3, "channels": 16},
    "preprocess": _TINY_RESIZE,
}


@dataclasses.dataclass(frozen=True)
class Programs:
    """Paths of the built programs, in the folder that LOCALMAMBA_PROGRAMS names (CTest sets it)."""

    folder: pathlib.Path

    @property
    def server(self) -> str:
        return str(self.folder / "localmamba_server")

    @property
    def tool(self) -> str:
        return str(self.folder / "localmamba_tool")

    @property
    def client(self) -> str:
        return str(self.folder / "localmamba")

    def init_tiny(
        self, model: pathlib.Path, version: int = 1, spec: dict[str, object] = TINY_SPEC
    ) -> None:
        """Makes a version of a tiny model with the classes red, green and blue; equal for equal
        arguments.
        """
        spec_file, labels = (
            model.parent / f".{model.name}.spec.json",
            model.parent / f".{model.name}.labels.json",
        )
        spec_file.write_text(json.dumps(spec))
        labels.write_text(json.dumps({"labels": ["red", "green", "blue"]}))
        subprocess.run(
            [
                self.tool,
                "init",
                "--spec",
                str(spec_file),
                "--labels",
                str(labels),
                "--out",
                str(model),
                "--version",
                str(version),
                "--seed",
                str(version),
                "--force",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        spec_file.unlink()
        labels.unlink()


@pytest.fixture(scope="session")
def programs() -> Programs:
    folder = pathlib.Path(os.environ.get("LOCALMAMBA_PROGRAMS", SOURCE / "build/release/bin"))
    assert folder.is_dir(), (
        f"{folder} is no folder: build first, or name one in LOCALMAMBA_PROGRAMS"
    )
    return Programs(folder)


@pytest.fixture(scope="session")
def source() -> pathlib.Path:
    """The root of the source tree."""
    return SOURCE


@pytest.fixture(scope="session")
def tiny_repository(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder of models with the model `tiny`, versions 1 and 2. Do not change it."""
    repository = tmp_path_factory.mktemp("models")
    for version in (1, 2):
        programs.init_tiny(repository / "tiny", version)
    return repository


@pytest.fixture(scope="session")
def dense_repository(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder of models with `detector` and `segmenter`. Do not change it."""
    repository = tmp_path_factory.mktemp("dense_models")
    programs.init_tiny(repository / "detector", spec=TINY_DETECTOR_SPEC)
    programs.init_tiny(repository / "segmenter", spec=TINY_SEGMENTER_SPEC)
    return repository


@pytest.fixture(scope="module")
def dense_server(programs: Programs, dense_repository: pathlib.Path):
    """A server of dense_repository, one for each test file."""
    with ServerProcess(programs.server, dense_repository, "--admin", "false") as process:
        yield process


@pytest.fixture(scope="module")
def server(programs: Programs, tiny_repository: pathlib.Path):
    """A server of tiny_repository, one for each test file."""
    with ServerProcess(programs.server, tiny_repository, "--admin", "false") as process:
        yield process
