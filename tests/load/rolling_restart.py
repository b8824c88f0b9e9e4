"""Restarts two servers in turn under load: clients that watch their health notice nothing.

Usage: rolling_restart.py SOURCE_DIR SERVER TOOL [--restarts N] [--no-health-check]

One channel spreads its requests over both (round_robin) and asks each server's health service whether it serves;
nothing is tried again. Prints one JSON object, and fails if a request failed. With --no-health-check the client
goes by connections alone.
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time
import urllib.request

import grpc

import serving_stubs
from serving_stubs import small_model
from steady_load import SteadyLoad, percentile_ms

from server_process import ServerProcess  # of tests/integration, which serving_stubs makes known


LIMIT_S = 60


class Restartable:
    """A server that comes back on the port it had."""

    def __init__(self, binary: str, repository: pathlib.Path, drain_delay: str):
        self._start = lambda port: ServerProcess(binary, repository, "--admin", "false", "--cpu-threads", "1",
                                                 "--drain-delay", drain_delay, grpc_port=port)
        self._server = self._start(0)
        self.port = int(self._server.grpc_target.rpartition(":")[2])

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self._server.__exit__(*arguments)

    def restart(self) -> int:
        """The exit status of the one that went."""
        self._server.terminate()
        self._server.await_log("stopped")
        status = self._server.wait()
        self._server = self._start(self.port)
        return status

    def await_used(self) -> None:
        """Until it has answered a request."""
        deadline = time.monotonic() + LIMIT_S
        while 'code="OK",method="Classify"' not in self._metrics():
            if time.monotonic() > deadline:
                raise AssertionError("the client does not use the server that was started again")
            time.sleep(0.05)

    def _metrics(self) -> str:
        with urllib.request.urlopen(self._server.http_url + "/metrics", timeout=LIMIT_S) as answer:
            return answer.read().decode()


def channel_to(servers: list[Restartable], health_check: bool) -> grpc.Channel:
    config = {"loadBalancingConfig": [{"round_robin": {}}]}
    if health_check:
        config["healthCheckConfig"] = {"serviceName": "m"}
    addresses = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    return grpc.insecure_channel(f"ipv4:{addresses}", options=[
        ("grpc.service_config", json.dumps(config)),
        ("grpc.enable_retries", 0),
        # So that a server that is back is used again soon.
        ("grpc.min_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 200)])


def run(options: argparse.Namespace) -> dict:
    with tempfile.TemporaryDirectory() as folder, serving_stubs.Stubs(options.source) as stubs:
        repository = pathlib.Path(folder) / "models"
        repository.mkdir()
        small_model.write_version(options.tool, repository / "m", 1)
        with Restartable(options.server, repository, options.drain_delay) as first, \
                Restartable(options.server, repository, options.drain_delay) as second, \
                channel_to([first, second], options.health_check) as channel:
            grpc.channel_ready_future(channel).result(timeout=60)
            statuses = []
            with SteadyLoad(stubs.classify(channel), stubs.request("m")) as load:
                load.await_answers(100)
                for count in range(options.restarts):
                    server = (first, second)[count % 2]
                    statuses.append(server.restart())
                    server.await_used()  # else the next one to go is the only one
            latencies = load.take_latencies()
            return {"restarts": options.restarts,
                    "requests": len(latencies),
                    "failures": dict(load.failures),
                    "exit_statuses": sorted(set(statuses)),
                    "p99_ms": round(percentile_ms(latencies, 99), 2)}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("server")
    parser.add_argument("tool")
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--drain-delay", default="2s")
    parser.add_argument("--no-health-check", dest="health_check", action="store_false")
    options = parser.parse_args()
    result = run(options)
    print(json.dumps(result))
    return 1 if result["failures"] or result["exit_statuses"] != [0] else 0


if __name__ == "__main__":
    sys.exit(main())
