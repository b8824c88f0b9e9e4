"""What the server promises under load, measured on a small model; prints a line for each promise.

    python3 tests/load/promises.py [--build build/release] SCENARIO...

slo        at 80% of capacity, at least 99% are answered within 4 times the latency of a lone request
overload   at 3 times the capacity: goodput at least 95% of the best, p99 of the answered within the
           SLO, memory flat
batching   saturated over gRPC, at least 95% of the rate of the network alone at the same batch size
soak       at 70% of capacity for --minutes 30: memory and file descriptors flat
sweep      latency and goodput against the offered load, without and with a latency goal;
           --picture FILE.png

Each phase takes --seconds 10. Exit status 1 if a promise is broken. Server and load generator have
one thread of computation each, so two cores; other work on the machine spoils the figures
(`chrt -f 10 python3 ...` keeps it away).

--smoke checks in a few seconds only what holds on a busy machine too: that nothing fails but by
refusal, and that memory and file descriptors are flat.
"""

import argparse
import pathlib
import subprocess
import sys

from loaded_server import LoadedServer, Programs, Watch

SOURCE = pathlib.Path(__file__).resolve().parents[2]
REFUSALS = {"RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"}
BATCH = 8  # the default of batching.max_batch_size


class Promises:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.programs = Programs(options.build)
        self.seconds = "2s" if options.smoke else f"{options.seconds}s"
        self.broken = False
        self._capacity = 0.0
        self._alone_ms = 0.0

    # Results

    def report(self, promise: str, kept: bool, timing: bool = True) -> None:
        """A promise about `timing` is not held against the server in a smoke test."""
        judged = not (timing and self.options.smoke)
        self.broken = self.broken or (judged and not kept)
        print(f"{'kept  ' if kept else 'BROKEN' if judged else 'not judged'} {promise}", flush=True)

    def check_flat(self, watch: Watch) -> None:
        resident = watch.resident_kib[-1]
        growth = watch.growth_kib()
        # What an allocator keeps for later varies by some pages.
        self.report(f"memory is flat: {resident / 1024:.1f} MiB resident, {growth / 1024:+.2f} MiB in the "
                    f"second half of {watch.seconds[-1]:.0f} s",
                    growth < max(0.03 * resident, 1024), timing=False)
        self.report(f"file descriptors are flat: {watch.open_files[-1]} open, {watch.growth_files():+.2f}",
                    watch.growth_files() < 1, timing=False)

    def check_errors(self, phases: list[dict]) -> None:
        codes = {code for phase in phases for code in phase["errors"]}
        self.report(f"nothing fails but by refusal: {sorted(codes) or 'no errors'}", codes <= REFUSALS,
                    timing=False)

    # Measurements

    def load(self, server: LoadedServer, *arguments: str, **report) -> list[dict]:
        warm_up = "500ms" if self.options.smoke else "1s"
        return server.bench("--duration", self.seconds, "--warm-up", warm_up, *arguments, **report)

    def measure_capacity(self) -> tuple[float, float]:
        """Requests per second at saturation, and the median latency in ms of a lone request."""
        if self._capacity == 0:
            with self.programs.serve() as server:
                alone, saturated = self.load(server, "--in-flight", f"1,{4 * BATCH}")
            self._capacity = saturated["answered_per_second"]
            self._alone_ms = alone["latency_ms"]["total"]["p50"]
            print(f"capacity {self._capacity:.1f}/s, a lone request takes {self._alone_ms:.2f} ms", flush=True)
        return self._capacity, self._alone_ms

    def slo_ms(self) -> float:
        return 4 * self.measure_capacity()[1]

    def goal(self) -> tuple[str, str]:
        # The server's goal does not count the way of request and answer.
        return "--latency-goal", f"{0.9 * self.slo_ms():.3f}ms"

    def at(self, *fractions: float) -> tuple[str, ...]:
        """Open loop at fractions of the capacity, with the SLO."""
        rates = ",".join(f"{fraction * self.measure_capacity()[0]:.1f}" for fraction in fractions)
        return "--rate", rates, "--slo", f"{self.slo_ms():.3f}ms"

    # Scenarios

    def slo(self) -> None:
        self.measure_capacity()
        with self.programs.serve(*self.goal()) as server:
            phases = self.load(server, *self.at(0.8))
        within = phases[0]["within_slo"]
        self.report(f"at 80% of capacity {100 * within:.2f}% are answered within {self.slo_ms():.1f} ms",
                    within >= 0.99)
        self.check_errors(phases)

    def overload(self) -> None:
        self.measure_capacity()
        with self.programs.serve(*self.goal()) as server:
            steps = (0.9,) if self.options.smoke else (0.7, 0.8, 0.9, 1.0)
            below = self.load(server, *self.at(*steps))
            with Watch(server) as watch:
                above = server.bench("--duration", "6s" if self.options.smoke else self.seconds,
                                     "--warm-up", "1s", *self.at(3.0))
        best = max(phase["goodput_per_second"] for phase in below)
        goodput = above[0]["goodput_per_second"]
        p99 = above[0]["latency_ms"]["total"]["p99"]
        self.report(f"at 3 times the capacity goodput is {goodput:.1f}/s, {100 * goodput / max(best, 1e-9):.1f}% of "
                    f"the best below ({best:.1f}/s)", goodput >= 0.95 * best)
        self.report(f"p99 of those answered is {p99:.1f} ms, the SLO {self.slo_ms():.1f} ms", p99 <= self.slo_ms())
        self.check_errors(below + above)
        self.check_flat(watch)

    def batching(self) -> None:
        ratios = []
        busy = []  # share of the time in which the network runs
        with self.programs.serve("--max-batch-size", str(BATCH)) as server:
            for _ in range(1 if self.options.smoke else 5):  # in turn, so that both meet the same machine
                alone = self.programs.engine_rate(BATCH)
                phase = self.load(server, "--in-flight", str(4 * BATCH))[0]
                ratios.append(phase["answered_per_second"] / alone)
                batches_per_second = phase["answered_per_second"] / phase["mean_batch"]
                busy.append(batches_per_second * phase["latency_ms"]["compute"]["mean"] / 1000)
        median = sorted(ratios)[len(ratios) // 2]
        self.report(f"saturated over gRPC: {100 * median:.1f}% of the network alone at batch {BATCH} (runs: "
                    f"{', '.join(f'{100 * ratio:.1f}%' for ratio in ratios)}; mean batch {phase['mean_batch']:.2f}); the network runs "
                    f"{100 * min(busy):.1f}% to {100 * max(busy):.1f}% of the time",
                    median >= 0.95)

    def soak(self) -> None:
        self.measure_capacity()
        seconds = 8 if self.options.smoke else 60 * self.options.minutes
        with self.programs.serve() as server:
            self.load(server, *self.at(0.7))  # what grows only once has done so
            with Watch(server) as watch:
                phases = server.bench("--duration", f"{seconds}s", *self.at(0.7))
        total = phases[0]["latency_ms"]["total"]
        print(f"{phases[0]['requests']} requests, p50 {total['p50']:.2f} ms, p99 {total['p99']:.2f} ms")
        self.check_errors(phases)
        self.check_flat(watch)

    def sweep(self) -> None:
        self.measure_capacity()
        fractions = (0.2, 0.5, 0.7, 0.85, 1.0, 1.3, 2.0, 3.0)
        kinds = {"classic": (),
                 "queue of 8": ("--max-queue-requests", str(BATCH)),
                 "queue of 2": ("--max-queue-requests", "2"),
                 "latency goal": self.goal()}
        best = {}
        reports = []
        for name, flags in kinds.items():
            path = self.programs.folder / f"{name}.json"
            with self.programs.serve(*flags) as server:
                phases = self.load(server, *self.at(*fractions), report=path)
            reports.append(f"{name}={path}")
            best[name] = max(phase["goodput_per_second"] for phase in phases)
            print(f"{name}: goodput " + ", ".join(f"{phase['goodput_per_second']:.0f} of "
                                                  f"{phase['offered_per_second']:.0f}/s" for phase in phases))
        classic = max(value for name, value in best.items() if name != "latency goal")
        self.report(f"best goodput with a latency goal {best['latency goal']:.1f}/s, of classic knobs {classic:.1f}/s",
                    best["latency goal"] >= classic)
        if self.options.picture:
            subprocess.run([self.programs.client, "plot", self.options.picture, *reports], check=True)


def main() -> int:
    scenarios = ("slo", "overload", "batching", "soak", "sweep")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="+", choices=scenarios)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build/release")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--picture", default="")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    promises = Promises(options)
    for scenario in options.scenarios:
        print(f"== {scenario}", flush=True)
        getattr(promises, scenario)()
    return 1 if promises.broken else 0


if __name__ == "__main__":
    sys.exit(main())
