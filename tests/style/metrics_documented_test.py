"""Checks that docs/operations.md explains every family of metrics that the server has, and no other.

Usage: metrics_documented_test.py SOURCE_DIR
"""

import pathlib
import re
import sys

NAME = r"(?:localmamba|nv)_[a-z0-9_]+"
NOT_METRICS = {"localmamba_server", "localmamba_tool", "localmamba_trainer"}


def main() -> int:
    source = pathlib.Path(sys.argv[1])
    code = "".join(path.read_text() for path in sorted((source / "server").rglob("*.cc")))
    registered = set(re.findall(f'"({NAME})"', code)) - NOT_METRICS
    explained = set(re.findall(f"`({NAME})`", (source / "docs/operations.md").read_text())) - NOT_METRICS
    for name in sorted(registered - explained):
        print(f"docs/operations.md does not explain {name}")
    for name in sorted(explained - registered):
        print(f"docs/operations.md explains {name}, which the server does not have")
    return 1 if registered != explained else 0


if __name__ == "__main__":
    sys.exit(main())
