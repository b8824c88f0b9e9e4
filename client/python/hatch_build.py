"""Generates the modules of the protocol's messages into src/localmamba.

    python hatch_build.py       for use from the source tree, with src on PYTHONPATH
    pip install .               calls BuildHook

Needs grpcio-tools. Files that would not change are not written, so that this may run while others
import them.
"""

import os
import pathlib
import sys
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = pathlib.Path(__file__).resolve().parent

# Those that the clients use, and what these import. Their Python modules are named after the proto
# packages, so localmamba/v1/vision.proto becomes localmamba.v1.vision_pb2 of this very package.
PROTOS = [
    "localmamba/v1/model.proto",
    "localmamba/v1/vision.proto",
    "localmamba/v1/training.proto",
    "localmamba/v1/trainer_event.proto",
    "localmamba/admin/v1/jobs.proto",
    "localmamba/admin/v1/models.proto",
]


def generate() -> list[pathlib.Path]:
    """Brings the modules below src/localmamba up to date; gives their paths."""
    import grpc_tools
    from grpc_tools import protoc

    # In a source distribution the protos are beside this file.
    protos = next(path for path in (HERE / "proto", HERE.parent.parent / "proto") if path.is_dir())
    with tempfile.TemporaryDirectory(prefix=".generated-", dir=HERE) as folder:
        out = pathlib.Path(folder)
        well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
        status = protoc.main(
            [
                "protoc",
                f"-I{protos}",
                f"-I{well_known}",
                f"--python_out={out}",
                f"--pyi_out={out}",
                *PROTOS,
            ]
        )
        if status != 0:
            raise RuntimeError(f"protoc ended with status {status}")
        return [
            _replace(made, HERE / "src" / made.relative_to(out))
            for made in sorted(out.rglob("*.py*"))
        ]


def _replace(made: pathlib.Path, path: pathlib.Path) -> pathlib.Path:
    if not path.exists() or path.read_bytes() != made.read_bytes():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(made, path)
    return path


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel":
            build_data["artifacts"] += [f"/{path.relative_to(HERE)}" for path in generate()]


if __name__ == "__main__":
    sys.stdout.writelines(f"{path.relative_to(HERE)}\n" for path in generate())
