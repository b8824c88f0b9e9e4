"""What clients on the other end of the wire may do to the server without harm to others: vanish, not
read, not speak, speak nonsense, or send pictures that are bombs.

Usage: wire_process_test.py SOURCE_DIR SERVER TOOL CLIENT [unittest options]
"""

import concurrent.futures
import importlib
import json
import pathlib
import random
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
import zlib

import grpc

from server_process import ServerProcess
from server_process_test import generate_stubs

TIMEOUT_S = 60
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
SPEC = {
    "local_vim": {"image_height": 32, "image_width": 32, "patch_size": 8, "embed_dim": 16,
                  "num_classes": 3,
                  "scan": {"layers": [{"directions": ["h", "w2"]}, {"directions": ["h", "v"]}]}},
    "preprocess": {"resize_short_side": 32, "crop_height": 32, "crop_width": 32},
}


def png(width: int, height: int) -> bytes:
    """The head of a picture of that size, and little of its pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
            chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b""))


class WireTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (folder / "stubs").mkdir()
        generate_stubs(SOURCE, str(folder / "stubs"))
        cls.vision = importlib.import_module("localmamba.v1.vision_pb2")
        cls.vision_grpc = importlib.import_module("localmamba.v1.vision_pb2_grpc")
        (folder / "model.json").write_text(json.dumps(SPEC))
        subprocess.run([TOOL, "init", "--spec", str(folder / "model.json"),
                        "--out", str(folder / "models/tiny")], check=True, stdout=subprocess.DEVNULL)
        # Dead connections are found in a second, not in a minute.
        config = folder / "config.json"
        config.write_text(json.dumps({"connections": {
            "handshake_timeout": "1s", "keepalive_time": "1s", "keepalive_timeout": "1s"}}))
        # The server inherits it.
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        cls.models = folder / "models"
        cls.server = cls.enterClassContext(ServerProcess(
            SERVER, cls.models, "--config", str(config), "--admin=false"))
        cls.sample = SOURCE / "deploy/samples/cat.jpg"

    def setUp(self):
        self.channel = self.enterContext(grpc.insecure_channel(self.server.grpc_target))
        self.stub = self.vision_grpc.VisionServiceStub(self.channel)

    def tearDown(self):
        self.assert_answers()

    def good_request(self):
        request = self.vision.ClassifyRequest()
        request.image.raw.height = request.image.raw.width = 32
        request.image.raw.rgb = bytes(32 * 32 * 3)
        return request

    def assert_answers(self):
        """The server answers a caller who connects now."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(self.server.grpc_target, options) as channel:
            stub = self.vision_grpc.VisionServiceStub(channel)
            response = stub.Classify(self.good_request(), timeout=TIMEOUT_S, wait_for_ready=True)
        self.assertEqual(len(response.classes), 3)

    def metric(self, line: str) -> float:
        """The value of the series `line`, 0 if there is none."""
        with urllib.request.urlopen(self.server.http_url + "/metrics", timeout=TIMEOUT_S) as page:
            for found in page.read().decode().splitlines():
                if found.startswith(line + " "):
                    return float(found.split()[-1])
        return 0

    def await_metric(self, line: str, wanted) -> None:
        give_up = time.monotonic() + TIMEOUT_S
        while not wanted(value := self.metric(line)):
            self.assertLess(time.monotonic(), give_up, f"{line} stays {value}")
            time.sleep(0.05)

    def connect(self) -> socket.socket:
        host, port = self.server.grpc_target.split(":")
        connection = socket.create_connection((host, int(port)), timeout=TIMEOUT_S)
        self.addCleanup(connection.close)
        return connection

    def assert_closed_by_server(self, connection: socket.socket):
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            pass

    def test_a_thousand_idle_connections(self):
        connections = [self.connect() for _ in range(1000)]
        self.assert_answers()
        # They never spoke: the server does not keep them.
        for connection in connections:
            self.assert_closed_by_server(connection)

    def test_half_open_connections_are_closed(self):
        connection = self.connect()
        connection.sendall(PREFACE + EMPTY_SETTINGS)
        self.assert_closed_by_server(connection)  # since its pings are not answered

    def test_garbage(self):
        generator = random.Random(0)
        for length in [1, 9, 24, 100, 1000, 100_000]:
            for prefix in [b"", PREFACE, PREFACE + EMPTY_SETTINGS]:
                connection = self.connect()
                try:
                    connection.sendall(prefix + generator.randbytes(length))
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # closed before all was sent
                self.assert_closed_by_server(connection)

    def test_floods_of_metadata(self):
        for size in [20_000, 200_000]:
            for _ in range(20):
                with self.assertRaises(grpc.RpcError):
                    self.stub.Classify(self.good_request(), timeout=TIMEOUT_S,
                                       metadata=[("x-flood", "x" * size)])
        many = [(f"x-flood-{i}", "x" * 20) for i in range(1000)]
        with self.assertRaises(grpc.RpcError):
            self.stub.Classify(self.good_request(), timeout=TIMEOUT_S, metadata=many)

    def test_callers_that_vanish_in_a_call(self):
        images = [str(self.sample)] * 200
        callers = [subprocess.Popen([CLIENT, "--server", self.server.grpc_target, "classify", *images],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                   for _ in range(4)]
        for caller in callers:
            self.assertTrue(caller.stdout.readline())  # it is at work
            caller.kill()
            caller.wait()
            caller.stdout.close()
        self.await_metric('localmamba_in_flight_requests{method="Classify"}', lambda n: n == 0)

    def test_callers_that_vanish_in_a_stream(self):
        caller = subprocess.Popen([sys.executable, __file__, "--endless-stream",
                                   self.server.grpc_target, str(SOURCE)])
        self.addCleanup(caller.kill)
        done = 'localmamba_requests_total{code="OK",method="ClassifyStream"}'
        before = self.metric(done)
        self.await_metric(done, lambda n: n > before + 10)
        caller.kill()
        caller.wait()
        self.await_metric('localmamba_open_streams{method="ClassifyStream"}', lambda n: n == 0)
        self.await_metric('localmamba_in_flight_requests{method="ClassifyStream"}', lambda n: n == 0)

    def test_a_caller_that_does_not_read_has_to_wait(self):
        frames = 5000

        def bad_frames():
            for _ in range(frames):
                request = self.vision.ClassifyStreamRequest()
                request.frame.request_id = "x" * 256
                request.frame.image.encoded = b"not a picture"
                yield request

        answered = 'localmamba_requests_total{code="INVALID_ARGUMENT",method="ClassifyStream"}'
        # A window that does not grow, as of a caller with little memory.
        channel = self.enterContext(grpc.insecure_channel(
            self.server.grpc_target,
            [("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0)]))
        answers = self.vision_grpc.VisionServiceStub(channel).ClassifyStream(
            bad_frames(), timeout=3 * TIMEOUT_S)
        next(answers)
        # Answers fill the caller's window of 64 KiB, then wait in the server, then frames are left
        # unread.
        seen = -1.0
        while seen != (seen := self.metric(answered)):
            time.sleep(1)
        self.assertLess(seen, 1000)
        self.assertEqual(sum(1 for _ in answers), frames - 1)

    def test_only_the_bomb_fails(self):
        def classify(encoded: bytes | None):
            request = self.good_request()
            if encoded is not None:
                request.image.encoded = encoded
            return self.stub.Classify(request, timeout=TIMEOUT_S)

        # Too large by its header, and one that breaks off.
        bombs = {png(60_000, 60_000): "pixels", png(8000, 8000): "image: "}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            good = [pool.submit(classify, None) for _ in range(40)]
            bad = [(pool.submit(classify, bomb), message) for bomb, message in bombs.items()] * 2
            good += [pool.submit(classify, None) for _ in range(40)]
        self.assertTrue(all(len(answer.result().classes) == 3 for answer in good))
        for answer, message in bad:
            error = answer.exception()
            self.assertEqual(error.code(), grpc.StatusCode.INVALID_ARGUMENT)
            self.assertIn(message, error.details())

    def test_slow_requests_are_logged_and_on_the_page(self):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        with ServerProcess(SERVER, self.models, "--slow-request=1ns", "--debug-page=true",
                           "--admin=false") as server:
            with grpc.insecure_channel(server.grpc_target) as channel:
                self.vision_grpc.VisionServiceStub(channel).Classify(
                    self.good_request(), timeout=TIMEOUT_S,
                    metadata=[("x-request-id", "the slow one"),
                              ("traceparent", f"00-{trace}-00f067aa0ba902b7-01")])
            line = server.await_log("slow request")
            with urllib.request.urlopen(server.http_url + "/debug/requests") as page:
                slowest = json.load(page)["slowest"]
        self.assertEqual(line["request_id"], "the slow one")
        self.assertEqual(line["trace_id"], trace)
        self.assertGreaterEqual(line["total_ms"], line["compute_ms"])
        self.assertEqual([one["request_id"] for one in slowest], ["the slow one"])


def stream_endlessly(target: str, source: str) -> None:
    with tempfile.TemporaryDirectory() as stubs:
        generate_stubs(pathlib.Path(source), stubs)
        vision = importlib.import_module("localmamba.v1.vision_pb2")
        vision_grpc = importlib.import_module("localmamba.v1.vision_pb2_grpc")

    def frames():
        while True:
            request = vision.ClassifyStreamRequest()
            request.frame.image.raw.height = request.frame.image.raw.width = 32
            request.frame.image.raw.rgb = bytes(32 * 32 * 3)
            yield request

    for _ in vision_grpc.VisionServiceStub(grpc.insecure_channel(target)).ClassifyStream(frames()):
        pass


if __name__ == "__main__":
    if sys.argv[1] == "--endless-stream":
        stream_endlessly(*sys.argv[2:4])
    else:
        SOURCE = pathlib.Path(sys.argv[1])
        SERVER, TOOL, CLIENT = sys.argv[2:5]
        unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
