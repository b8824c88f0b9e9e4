"""Checks that includes point one way: kernels <- model <- server, proto <- server and client.

Usage: include_direction_test.py SOURCE_DIR
Exit status 1 names every include that breaks the rule, and every source over 600 lines.
"""

import pathlib
import re
import sys

# part -> the parts whose headers it may include
ALLOWED = {
    "kernels": {"kernels"},
    "model": {"model", "kernels"},
    "server": {"server", "model", "kernels", "proto"},
    "trainer": {"trainer", "server", "model", "kernels", "proto"},
    "tool": {"tool", "client", "server", "model", "kernels", "proto"},
    "client": {"client", "proto"},
}
# In the server, only these folders see generated protobuf types; server/jobs stores and passes on the very messages
# (docs/decisions/0005-jobs.md).
PROTO_FOLDERS = {"server/rpc", "server/repository", "server/config", "server/training_run", "server/jobs"}
# Packages that only some parts may use.
RESTRICTED = {
    "grpcpp/": {"server/rpc", "server/main.cc", "server/admin_endpoint.cc", "client"},
    "google/protobuf/": {"server/rpc", "server/repository", "server/config", "server/training_run", "server/jobs",
                         "trainer", "client"},
    "cuda_runtime": {"kernels"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
GENERATED = ("localmamba/", "google/rpc/", "inference/")


def problems_of(root: pathlib.Path, path: pathlib.Path) -> list[str]:
    relative = path.relative_to(root).as_posix()
    part = relative.split("/")[0]
    folder = "/".join(relative.split("/")[:2])
    found = []
    text = path.read_text()
    for include in INCLUDE.findall(text):
        target = include.split("/")[0]
        if target in ALLOWED and target not in ALLOWED[part]:
            found.append(f'{relative}: {part} must not include "{include}"')
        if include.startswith(GENERATED) and include.endswith(".pb.h"):
            allowed = part in ("client", "tool", "trainer") or folder in PROTO_FOLDERS
            if not allowed:
                found.append(f'{relative}: generated code "{include}" stays in {sorted(PROTO_FOLDERS)} and client')
        for prefix, places in RESTRICTED.items():
            if include.startswith(prefix) and not relative.startswith(tuple(places)):
                found.append(f'{relative}: "{include}" is for {sorted(places)} only')
    lines = text.count("\n")
    if lines > 600:
        found.append(f"{relative}: {lines} lines; split it")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    files = [p for part in ALLOWED for suffix in ("h", "cc", "cu", "cuh") for p in sorted((root / part).rglob(f"*.{suffix}"))]
    if not files:
        print(f"no sources under {root}")
        return 1
    problems = [problem for path in files for problem in problems_of(root, path)]
    print("\n".join(problems) if problems else f"{len(files)} files follow the rules")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
