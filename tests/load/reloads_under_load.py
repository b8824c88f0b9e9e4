"""Reloads a model again and again while it answers requests: none may fail, and memory may not grow.

Usage: reloads_under_load.py SOURCE_DIR SERVER TOOL [--reloads N]

The server polls its repository, and each reload is a version whose weights get another time of change. Prints one
JSON object: failures, p99 before and during the reloads, and how the server's resident memory grew. Fails if a
request failed, or if memory grew by more than --max-growth-kib for each reload of the second half.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile
import threading

import grpc

import serving_stubs
from serving_stubs import small_model
from steady_load import SteadyLoad, percentile_ms

from server_process import ServerProcess  # of tests/integration, which serving_stubs makes known

LIMIT_S = 120


class Reloads:
    """Counts the loads that the server's log tells of."""

    def __init__(self, server: ServerProcess):
        self._changed = threading.Condition()
        self._loads = 0
        self._thread = threading.Thread(target=self._read, args=(server,), daemon=True)
        self._thread.start()

    def _read(self, server: ServerProcess) -> None:
        for line in server.log():
            if line["message"] == "model loaded":
                with self._changed:
                    self._loads += 1
                    self._changed.notify_all()

    def await_loads(self, count: int) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._loads >= count, LIMIT_S):
                raise AssertionError(f"load {count} did not happen")


def resident_kib(pid: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def slope(values: list[int]) -> float:
    """By least squares, for each step."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    return (sum((i - middle) * (value - mean) for i, value in enumerate(values)) /
            sum((i - middle) ** 2 for i in range(len(values))))


def run(options: argparse.Namespace) -> dict:
    with tempfile.TemporaryDirectory() as folder, serving_stubs.Stubs(options.source) as stubs:
        repository = pathlib.Path(folder) / "models"
        repository.mkdir()
        small_model.write_version(options.tool, repository / "m", 1)
        weights = repository / "m/1/weights.safetensors"
        with ServerProcess(options.server, repository, "--repository-mode", "poll", "--poll-interval", "10ms",
                           "--cpu-threads", "1") as server, \
                grpc.insecure_channel(server.grpc_target) as channel, \
                SteadyLoad(stubs.classify(channel), stubs.request("m")) as load:
            reloads = Reloads(server)
            load.await_answers(200)
            load.take_latencies()
            load.await_answers(options.steady_requests)
            steady = load.take_latencies()
            resident = []
            for count in range(1, options.reloads + 1):
                os.utime(weights, ns=(count, count))
                reloads.await_loads(count)
                resident.append(resident_kib(server.pid))
            load.await_answers(1)
            reloading = load.take_latencies()
            second_half = resident[len(resident) // 2:]
            return {"reloads": options.reloads,
                    "requests": len(steady) + len(reloading),
                    "failures": dict(load.failures),
                    "steady_p99_ms": round(percentile_ms(steady, 99), 2),
                    "reloading_p99_ms": round(percentile_ms(reloading, 99), 2),
                    "resident_kib": [resident[0], resident[-1]],
                    "growth_kib_per_reload": round(slope(second_half), 2)}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("server")
    parser.add_argument("tool")
    parser.add_argument("--reloads", type=int, default=1000)
    parser.add_argument("--steady-requests", type=int, default=5000)
    parser.add_argument("--max-growth-kib", type=float, default=8)
    options = parser.parse_args()
    result = run(options)
    print(json.dumps(result))
    return 1 if result["failures"] or result["growth_kib_per_reload"] > options.max_growth_kib else 0


if __name__ == "__main__":
    sys.exit(main())
