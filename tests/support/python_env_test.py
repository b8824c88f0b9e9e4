"""The environment that the Python tests run in holds what tests/requirements.txt says, no older and
no newer.
"""

import importlib.metadata
import re


def test_every_pinned_package_is_installed_in_its_version(source):
    requirements = (source / "tests/requirements.txt").read_text()
    pinned = re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)$", requirements, re.MULTILINE)
    assert len(pinned) == sum(
        1 for line in requirements.splitlines() if line and not line.startswith("#")
    )
    assert {name: importlib.metadata.version(name) for name, _ in pinned} == dict(pinned)


def test_a_server_of_tiny_models_starts(server):
    assert server.grpc_target.startswith("127.0.0.1:")
