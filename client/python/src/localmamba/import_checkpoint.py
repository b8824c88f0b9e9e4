"""localmamba-import: turns a PyTorch checkpoint into a model version.

`localmamba_tool import` does the work and takes all options but --tool; it reads the file as data
and runs nothing in it. This command adds what needs PyTorch: files in the format from before
PyTorch 1.6 are first written anew, after torch.load(weights_only=True), which runs nothing either.
"""

from __future__ import annotations

import argparse
import pathlib
import pickle
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Gives the exit status: that of localmamba_tool, or 2 for what cannot be given to it."""
    parser = argparse.ArgumentParser(
        prog="localmamba-import",
        description="Turns a PyTorch checkpoint into a model version.",
        epilog="All other options are those of `localmamba_tool import --help`: "
        "--variant NAME (or auto) or --spec FILE, --out DIR, --entry KEY, --version N, ...",
        allow_abbrev=False,
    )
    parser.add_argument("--checkpoint", required=True, type=pathlib.Path, help=".ckpt or .pth file")
    parser.add_argument("--tool", default="localmamba_tool", help="the program, default from PATH")
    options, others = parser.parse_known_args(arguments)
    tool = shutil.which(options.tool)
    if tool is None:
        return _refuse(f"{options.tool}: no such program; --tool names the one of the server")
    if not options.checkpoint.is_file() or zipfile.is_zipfile(options.checkpoint):
        return _import(tool, options.checkpoint, others)
    with tempfile.TemporaryDirectory() as folder:
        rewritten = pathlib.Path(folder) / options.checkpoint.name  # the name may tell the variant
        problem = _rewrite(options.checkpoint, rewritten)
        if problem:
            return _refuse(f"{options.checkpoint}: {problem}")
        return _import(tool, rewritten, others)


def _import(tool: str, checkpoint: pathlib.Path, options: Sequence[str]) -> int:
    return subprocess.run([tool, "import", "--checkpoint", str(checkpoint), *options]).returncode


def _rewrite(checkpoint: pathlib.Path, path: pathlib.Path) -> str:
    """Writes `checkpoint` as a zip archive; gives what stands against it, or nothing."""
    try:
        import torch
    except ImportError:
        return "is no zip archive; files from before PyTorch 1.6 need `pip install torch`"
    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        return f"is no checkpoint of weights alone: {str(error).splitlines()[0]}"
    torch.save(content, path)
    return ""


def _refuse(message: str) -> int:
    print(f"localmamba-import: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
