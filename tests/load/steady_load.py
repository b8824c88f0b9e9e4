"""Requests without a pause from several threads, each of which waits for its answer, and how they went."""

import collections
import threading
import time

import grpc


class SteadyLoad:
    """Use it in a `with` statement. `method` is a unary call that takes `request`; nothing is tried again."""

    def __init__(self, method, request, threads: int = 4, timeout_s: float = 60):
        self._method = method
        self._request = request
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._latencies: list[float] = []
        self._answered = 0
        self.failures: collections.Counter = collections.Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._stop.is_set():
            start = time.monotonic()
            try:
                self._method(self._request, timeout=self._timeout_s)
            except grpc.RpcError as error:
                with self._lock:
                    self.failures[f"{error.code().name}: {error.details()}"] += 1
                continue
            latency = time.monotonic() - start
            with self._lock:
                self._latencies.append(latency)
                self._answered += 1

    @property
    def answered(self) -> int:
        with self._lock:
            return self._answered

    def await_answers(self, count: int, limit_s: float = 60) -> None:
        """Until `count` more requests are answered."""
        wanted = self.answered + count
        deadline = time.monotonic() + limit_s
        while self.answered < wanted:
            if time.monotonic() > deadline:
                raise AssertionError(f"{wanted - self.answered} answers are missing; failures: {self.failures}")
            time.sleep(0.01)

    def take_latencies(self) -> list[float]:
        """Those since the last call, sorted, in seconds."""
        with self._lock:
            taken, self._latencies = self._latencies, []
        return sorted(taken)


def percentile_ms(latencies: list[float], percent: float) -> float:
    return 1000 * latencies[min(len(latencies) - 1, int(len(latencies) * percent / 100))]
