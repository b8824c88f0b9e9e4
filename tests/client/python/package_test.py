"""The package as others get it: a wheel, types, and a README whose examples work."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from server_process import ServerProcess

import localmamba


@pytest.fixture(scope="session")
def package(source):
    return source / "client/python"


def run(*command, **options) -> str:
    result = subprocess.run(
        [sys.executable, *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        **options,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_a_wheel_is_made_of_the_source_distribution_and_works_alone(package, tmp_path):
    run("-m", "hatchling", "build", "--target", "sdist", "--directory", tmp_path, cwd=package)
    subprocess.run(["tar", "xf", next(tmp_path.glob("*.tar.gz")), "-C", tmp_path], check=True)
    run(
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        tmp_path,
        cwd=tmp_path / f"localmamba-{localmamba.__version__}",
    )
    installed = tmp_path / "installed"
    run(
        "-m", "zipfile", "--extract", next(tmp_path.glob("*.whl")), installed
    )  # all that pip does with it
    program = "import localmamba; localmamba.Client().close(); print(localmamba.__file__)"
    found = run("-c", program, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(installed)})
    assert found.startswith(str(installed))
    for name in ("py.typed", "v1/vision_pb2.py", "v1/vision_pb2.pyi", "admin/v1/jobs_pb2.py"):
        assert (installed / "localmamba" / name).is_file()


def test_types_are_sound(package, tmp_path):
    run("-m", "mypy", "--config-file", "pyproject.toml", "--cache-dir", tmp_path, cwd=package)


def test_versions_agree(source, package):
    cmake = re.search(r"project\(localmamba VERSION (\S+)", (source / "CMakeLists.txt").read_text())
    metadata = re.search(
        r'^version = "(.+)"$', (package / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert cmake[1] == metadata[1] == localmamba.__version__


def test_the_examples_of_the_readme_work(
    programs, source, package, dense_server, tmp_path, monkeypatch
):
    repository = tmp_path / "models"
    repository.mkdir()
    for path in (repository / "tiny", tmp_path / "result"):
        programs.init_tiny(path)
    (tmp_path / "script.json").write_text(json.dumps({"result": str(tmp_path / "result")}))
    model = json.loads((tmp_path / "result/model.json").read_text())
    (tmp_path / "run.json").write_text(
        json.dumps({"model": model, "data": {"path": str(tmp_path)}})
    )
    (tmp_path / "photos").mkdir()
    for copy in ("photo.jpg", "photos/cat.jpg"):
        shutil.copy(source / "deploy/samples/cat.jpg", tmp_path / copy)
    examples = re.findall(
        r"^```python\n(.*?)^```$", (package / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert len(examples) >= 8
    dense = [each for each in examples if "client.detect(" in each or "client.segment(" in each]
    assert len(dense) == 2  # they have a server of their own: with one model, it needs no name
    examples = [each for each in examples if each not in dense]
    monkeypatch.chdir(tmp_path)
    with ServerProcess(
        programs.server,
        repository,
        "--drain-delay",
        "0s",
        "--trainer",
        str(source / "tests/support/fake_trainer.py"),
    ) as server:
        program = (
            "\n".join(examples)
            .replace("timeout=5", "timeout=60")
            .replace("timeout=1", "timeout=60")
        )
        program = program.replace("127.0.0.1:8500", server.grpc_target).replace(
            "127.0.0.1:8502", server.admin_target
        )
        printed = run(
            "-W", "error", "-c", program, env=os.environ | {"PYTHONPATH": str(package / "src")}
        )
        program = "\n".join(["from localmamba import Client", "client = Client()", *dense])
        program = program.replace("Client()", f"Client('{dense_server.grpc_target}')")
        run("-W", "error", "-c", program, env=os.environ | {"PYTHONPATH": str(package / "src")})
    assert {"objects.png", "regions.png"} <= {path.name for path in tmp_path.iterdir()}
    promised = re.search(r"^# (image: found .*)$", examples[1], re.MULTILINE)[1]
    assert promised in printed
    assert "photos/cat.jpg" in printed
    assert "('stable',)" in printed
