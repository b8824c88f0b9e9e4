"""From start to exit, as orchestrators see it: probes, repositories with bad models, changes of files, draining.

Usage: lifecycle_process_test.py SOURCE_DIR SERVER TOOL CLIENT [unittest options]
"""

import contextlib
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import grpc

import small_model
from server_process import ServerProcess

TIMEOUT_S = 60
PROTOS = ("localmamba/v1/vision.proto", "grpc/health/v1/health.proto")


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def await_true(condition, what: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"in vain waited until {what}")
        time.sleep(0.01)


class LifecycleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stubs = cls.enterClassContext(tempfile.TemporaryDirectory())
        subprocess.run(["protoc", "-I", str(SOURCE / "proto"), f"--python_out={stubs}", *PROTOS], check=True)
        # The folder `grpc` of the generated code must not hide the package.
        os.rename(f"{stubs}/grpc/health/v1/health_pb2.py", f"{stubs}/health_pb2.py")
        sys.path.insert(0, stubs)
        cls.vision = importlib.import_module("localmamba.v1.vision_pb2")
        cls.health = importlib.import_module("health_pb2")

    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.repository = folder / "models"
        self.repository.mkdir()
        self.write("m", 1)

    def write(self, model: str, version: int, **options) -> None:
        small_model.write_version(TOOL, self.repository / model, version, **options)

    def truncate(self, model: str, version: int) -> None:
        os.truncate(self.repository / model / str(version) / "weights.safetensors", 100)

    def server(self, *flags: str, **options) -> ServerProcess:
        return self.enterContext(ServerProcess(SERVER, self.repository, *flags, **options))

    def channel(self, server: ServerProcess) -> grpc.Channel:
        return self.enterContext(grpc.insecure_channel(server.grpc_target))

    def start_classify(self, channel: grpc.Channel, model: str = "m"):
        request = self.vision.ClassifyRequest(image=small_model.raw_image(self.vision))
        request.model.name = model
        method = channel.unary_unary("/localmamba.v1.VisionService/Classify",
                                     request_serializer=self.vision.ClassifyRequest.SerializeToString,
                                     response_deserializer=self.vision.ClassifyResponse.FromString)
        return method.future(request, timeout=TIMEOUT_S)

    def version_that_answers(self, channel: grpc.Channel) -> int:
        return self.start_classify(channel).result().model.number

    def watch(self, channel: grpc.Channel, service: str):
        """What the server says of `service`, as often as that changes."""
        method = channel.unary_stream("/grpc.health.v1.Health/Watch",
                                      request_serializer=self.health.HealthCheckRequest.SerializeToString,
                                      response_deserializer=self.health.HealthCheckResponse.FromString)
        watching = method(self.health.HealthCheckRequest(service=service), timeout=TIMEOUT_S)
        try:
            for response in watching:
                yield self.health.HealthCheckResponse.ServingStatus.Name(response.status)
        finally:
            watching.cancel()

    # One image alone never fills a batch of two, so a request is in flight for as long as the test wants.
    def server_that_waits(self, drain_timeout: str, queue_delay: str = "1h", drain_delay: str = "0s"):
        return self.server("--max-batch-size", "2", "--max-queue-delay", queue_delay,
                           "--drain-delay", drain_delay, "--drain-timeout", drain_timeout)

    def await_queue(self, server: ServerProcess, requests: int) -> None:
        wanted = f'localmamba_queue_length{{model="m",version="1"}} {requests}\n'
        await_true(lambda: wanted in get(server.http_url + "/metrics")[1], f"{requests} requests wait")

    def test_draining_tells_first_and_finishes_what_is_in_flight(self):
        server = self.server_that_waits(drain_delay="10s", drain_timeout="60s")
        channel = self.channel(server)
        watched = {name: self.watch(channel, name) for name in ("", "m", "localmamba.v1.VisionService")}
        for states in watched.values():
            self.assertEqual(next(states), "SERVING")
        waiting = self.start_classify(channel)
        self.await_queue(server, 1)
        server.terminate()
        server.await_log("draining")
        for states in watched.values():
            self.assertEqual(next(states), "NOT_SERVING")
            states.close()  # whoever watches is in flight too
        self.assertEqual(get(server.http_url + "/readyz")[0], 503)
        self.assertEqual(get(server.http_url + "/livez")[0], 200)
        self.assertEqual(get(server.http_url + "/startupz")[0], 200)
        self.assertFalse(waiting.done())
        # It serves on: this one fills the batch.
        self.assertEqual(self.version_that_answers(channel), 1)
        self.assertEqual(waiting.result().model.number, 1)
        server.await_log("stopped")
        self.assertEqual(server.wait(), 0)

    def test_requests_in_flight_have_the_drain_timeout_to_finish(self):
        server = self.server_that_waits(drain_timeout="60s", queue_delay="10s")
        channel = self.channel(server)
        waiting = self.start_classify(channel)
        self.await_queue(server, 1)
        server.terminate()
        server.await_log("stopping")
        self.assertEqual(waiting.result().model.number, 1)
        self.assertEqual(server.wait(), 0)

    def test_after_the_drain_timeout_it_exits_with_0_all_the_same(self):
        server = self.server_that_waits(drain_timeout="100ms")
        waiting = self.start_classify(self.channel(server))
        self.await_queue(server, 1)
        server.terminate()
        self.assertEqual(server.wait(), 0)
        self.assertIn(waiting.code(), (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE))

    def test_a_second_signal_ends_it_at_once(self):
        server = self.server_that_waits(drain_timeout="1h")
        waiting = self.start_classify(self.channel(server))
        self.await_queue(server, 1)
        server.terminate()
        server.await_log("stopping")
        server.terminate()
        self.assertEqual(server.wait(), 1)
        self.assertEqual(waiting.code(), grpc.StatusCode.UNAVAILABLE)

    def test_probes_tell_loading_from_living(self):
        # To open a pipe that nobody writes to takes as long as the test wants.
        (self.repository / "slow").mkdir()
        pipe = self.repository / "slow/model.json"
        os.mkfifo(pipe)
        server = self.server(wait=False)
        url = f"http://127.0.0.1:{server.await_log('loading')['http_port']}"
        self.assertEqual(get(url + "/livez")[0], 200)
        self.assertEqual(get(url + "/startupz")[0], 503)
        self.assertEqual(get(url + "/readyz")[0], 503)
        with contextlib.suppress(BrokenPipeError), open(pipe, "w") as writer:
            writer.write("{}")
        server.await_listening()
        for page in ("/livez", "/startupz", "/readyz"):
            self.assertEqual(get(url + page)[0], 200, page)

    def test_bad_models_do_not_keep_others_from_serving(self):
        (self.repository / "lost+found").mkdir()
        self.write("truncated", 1)
        self.truncate("truncated", 1)
        server = self.server()
        self.assertEqual(self.version_that_answers(self.channel(server)), 1)
        status, body = get(server.http_url + "/readyz")
        self.assertEqual(status, 200)
        self.assertEqual([(failed["model"], failed["version"]) for failed in json.loads(body)["failed"]],
                         [("lost+found", 0), ("truncated", 1)])
        metrics = get(server.http_url + "/metrics")[1]
        self.assertIn('localmamba_model_load_failed{model="truncated",version="1"} 1', metrics)
        listed = subprocess.run([CLIENT, "--admin", server.admin_target, "models", "list"],
                                capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertRegex(listed.stdout, r"truncated +1 +failed .*weights\.safetensors")

    def test_a_strict_server_is_ready_only_if_every_model_serves(self):
        self.write("truncated", 1)
        self.truncate("truncated", 1)
        server = self.server("--strict-readiness", "true")
        channel = self.channel(server)
        self.assertEqual(get(server.http_url + "/readyz")[0], 503)
        self.assertEqual(get(server.http_url + "/livez")[0], 200)
        self.assertEqual(next(self.watch(channel, "")), "NOT_SERVING")
        self.assertEqual(next(self.watch(channel, "m")), "SERVING")
        self.assertEqual(self.version_that_answers(channel), 1)

    def test_polling_takes_up_new_versions_and_survives_bad_ones_under_traffic(self):
        server = self.server("--repository-mode", "poll", "--poll-interval", "20ms")
        channel = self.channel(server)
        self.write("m", 2)
        await_true(lambda: self.version_that_answers(channel) == 2, "version 2 answers")
        self.write("m", 3)
        # Replaced, not written to: what serves is mapped.
        weights = self.repository / "m/3/weights.safetensors"
        cut = weights.with_name(".cut")
        cut.write_bytes(weights.read_bytes()[:1000])
        await_true(lambda: self.version_that_answers(channel) == 3, "version 3 answers")
        cut.rename(weights)
        failed = 'localmamba_model_load_failed{model="m",version="3"} 1'

        def failure_is_told() -> bool:
            self.assertEqual(self.version_that_answers(channel), 3)
            return failed in get(server.http_url + "/metrics")[1]

        await_true(failure_is_told, "the failure is told")
        status, body = get(server.http_url + "/readyz")
        self.assertEqual(status, 200)
        self.assertRegex(body, re.escape('"failed":[{"model":"m","version":3,"error":"'))
        self.assertEqual(self.version_that_answers(channel), 3)
        (self.repository / "m/3").rename(self.repository / "m/.3.away")
        await_true(lambda: self.version_that_answers(channel) == 2, "version 2 answers again")


if __name__ == "__main__":
    SOURCE = pathlib.Path(sys.argv[1])
    SERVER, TOOL, CLIENT = sys.argv[2:5]
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
