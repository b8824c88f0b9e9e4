"""The package localmamba as it is in the source tree."""

import pathlib
import subprocess
import sys

PACKAGE = pathlib.Path(__file__).resolve().parents[3] / "client/python"

# The generated modules must be there before the test files import the package.
subprocess.run(
    [sys.executable, str(PACKAGE / "hatch_build.py")], check=True, stdout=subprocess.DEVNULL
)
