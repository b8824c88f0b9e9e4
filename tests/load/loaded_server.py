"""A server process with the small model of this folder, and `localmamba bench` on it."""

import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "integration"))

from server_process import ServerProcess  # noqa: E402


class Programs:
    """What was built in a build folder, and a repository with the small model."""

    def __init__(self, build: pathlib.Path):
        self.server = str(build / "bin/localmamba_server")
        self.tool = str(build / "bin/localmamba_tool")
        self.client = str(build / "bin/localmamba")
        self._folder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._folder.name)
        self.repository = self.folder / "models"
        self.model = self.repository / "small"
        self.repository.mkdir()
        subprocess.run([self.tool, "init", "--spec", str(FOLDER / "model.json"), "--seed", "0",
                        "--out", str(self.model)], check=True, stdout=subprocess.DEVNULL)

    def serve(self, *flags: str) -> "LoadedServer":
        """On one thread of the processor, so that the load generator has another."""
        return LoadedServer(self, "--cpu-threads", "1", "--decode-threads", "1", *flags)

    def engine_rate(self, batch: int) -> float:
        """Images per second of the network alone, in batches of that size."""
        out = subprocess.run(
            [self.tool, "bench", "--model", str(self.model), "--device", "cpu", "--threads", "1",
             "--batch", str(batch), "--seconds", "5", "--json"],
            check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(out)[0]["images_per_second"]


class LoadedServer(ServerProcess):
    def __init__(self, programs: Programs, *flags: str):
        super().__init__(programs.server, programs.repository, *flags)
        self._programs = programs

    def bench(self, *arguments: str, report: pathlib.Path | None = None) -> list[dict]:
        """The phases of the report (client/load/phase_json.h)."""
        report = report or self._programs.folder / "report.json"
        subprocess.run(
            [self._programs.client, "--server", self.grpc_target, "bench", "--synthetic", "112x112",
             "--report", str(report), *arguments],
            check=True, stdout=subprocess.DEVNULL)
        return json.loads(report.read_text())["phases"]

    def resident_kib(self) -> int:
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def open_files(self) -> int:
        return len(list(pathlib.Path(f"/proc/{self.pid}/fd").iterdir()))


class Watch:
    """Samples memory and file descriptors of a server while it is in use (`with`)."""

    def __init__(self, server: LoadedServer, interval_s: float = 0.5):
        self._server = server
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.seconds: list[float] = []
        self.resident_kib: list[int] = []
        self.open_files: list[int] = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _sample(self):
        start = time.monotonic()
        while not self._stop.wait(self._interval_s):
            self.seconds.append(time.monotonic() - start)
            self.resident_kib.append(self._server.resident_kib())
            self.open_files.append(self._server.open_files())

    def growth_kib(self) -> float:
        """Of the resident memory, over the second half of the time, by a line of least squares."""
        return self._growth(self.resident_kib)

    def growth_files(self) -> float:
        return self._growth(self.open_files)

    def _growth(self, values: list[int]) -> float:
        half = len(values) // 2
        x, y = self.seconds[half:], values[half:]
        mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
        spread = sum((a - mean_x) ** 2 for a in x)
        slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / spread
        return slope * (x[-1] - x[0])
