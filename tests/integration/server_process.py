"""Starts localmamba_server as a process of its own, for the tests in this folder."""

import json
import pathlib
import signal
import subprocess


class ServerProcess:
    """A running server on ports that the system picked. Use it in a `with` statement.

    With `wait=False` it may still be loading; call `await_listening` before anything that needs its ports.
    """

    def __init__(self, binary: str, repository: pathlib.Path, *flags: str, env: dict | None = None,
                 wait: bool = True, grpc_port: int = 0):
        self._process = subprocess.Popen(
            [binary, "--model-repository", str(repository), "--grpc-port", str(grpc_port), "--http-port", "0",
             "--admin-port", "0", "--device", "cpu", *flags],
            stderr=subprocess.PIPE, text=True, env=env)
        if wait:
            self.await_listening()

    def await_listening(self) -> None:
        listening = self.await_log("listening")
        self.grpc_target = f"127.0.0.1:{listening['grpc_port']}"
        admin_port = listening.get("admin_port")
        self.admin_target = f"127.0.0.1:{admin_port}" if admin_port else None
        self.http_url = f"http://127.0.0.1:{listening['http_port']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stderr.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def await_log(self, message: str) -> dict:
        """Reads the log, whose every line is a JSON object, up to the first line with that message."""
        seen = []
        for line in self._process.stderr:
            seen.append(line)
            fields = json.loads(line)
            if fields["message"] == message:
                return fields
        raise AssertionError(f"the server ended without logging {message!r}; its log:\n{''.join(seen)}")

    def environment(self) -> list[str]:
        """NAME=VALUE of everything the process was started with."""
        return pathlib.Path(f"/proc/{self._process.pid}/environ").read_text().split("\0")

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self):
        """The rest of the log, an object for each line, until the server ends."""
        for line in self._process.stderr:
            yield json.loads(line)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        return self._process.wait(timeout=60)
