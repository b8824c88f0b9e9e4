"""The programs as users meet them: the server as a process, asked by a client that is not ours.

Usage: server_process_test.py SOURCE_DIR SERVER TOOL CLIENT [unittest options]

SERVER, TOOL and CLIENT are the built localmamba_server, localmamba_tool and localmamba. The gRPC client is
Python's grpcio, once with stubs generated from the proto and once with what server reflection tells.
"""

import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from server_process import ServerProcess

TIMEOUT_S = 60
SERVICE = "localmamba.v1.VisionService"


def generate_stubs(source: pathlib.Path, out: str) -> None:
    plugin = shutil.which("grpc_python_plugin")
    if plugin is None:
        raise RuntimeError("grpc_python_plugin is not on PATH (package protobuf-compiler-grpc)")
    subprocess.run(
        ["protoc", "-I", str(source / "proto"), "-I", str(source / "tests/integration/proto"),
         f"--python_out={out}", f"--grpc_out={out}", f"--plugin=protoc-gen-grpc={plugin}",
         "localmamba/v1/vision.proto", "reflection.proto"],
        check=True)
    sys.path.insert(0, out)


class ProcessTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        folder = pathlib.Path(cls.folder.name)
        stubs = folder / "stubs"
        stubs.mkdir()
        generate_stubs(SOURCE, str(stubs))
        cls.vision = importlib.import_module("localmamba.v1.vision_pb2")
        cls.vision_grpc = importlib.import_module("localmamba.v1.vision_pb2_grpc")
        cls.reflection = importlib.import_module("reflection_pb2")
        cls.reflection_grpc = importlib.import_module("reflection_pb2_grpc")
        cls.repository = folder / "models"
        cls.repository.mkdir()
        subprocess.run([TOOL, "init", "--variant", "local_vim_tiny", "--seed", "0",
                        "--out", str(cls.repository / "tiny")], check=True, stdout=subprocess.DEVNULL)
        cls.sample = SOURCE / "deploy/samples/cat.jpg"
        cls.jpeg = cls.sample.read_bytes()

    def client(self, server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([CLIENT, "--server", server.grpc_target, *arguments],
                              capture_output=True, text=True, timeout=TIMEOUT_S)


class ServingTest(ProcessTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(ServerProcess(SERVER, cls.repository))
        cls.channel = cls.enterClassContext(grpc.insecure_channel(cls.server.grpc_target))
        cls.stub = cls.vision_grpc.VisionServiceStub(cls.channel)

    def test_classifies_with_generated_stubs(self):
        request = self.vision.ClassifyRequest(request_id="cat", top_k=3)
        request.image.encoded = self.jpeg
        response = self.stub.Classify(request, timeout=TIMEOUT_S)
        self.assertEqual(response.request_id, "cat")
        self.assertEqual(response.model.name, "tiny")
        self.assertEqual(response.model.number, 1)
        scores = [c.score for c in response.classes]
        self.assertEqual(len(scores), 3)
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertTrue(all(c.name for c in response.classes))
        self.assertGreater(response.timings.compute.ToNanoseconds(), 0)

    def test_embeds_raw_pixels(self):
        request = self.vision.EmbedRequest()
        request.image.raw.height = 300
        request.image.raw.width = 200
        request.image.raw.rgb = bytes(300 * 200 * 3)
        self.assertEqual(len(self.stub.Embed(request, timeout=TIMEOUT_S).features), 192)

    def test_refuses_a_bad_image_and_goes_on(self):
        request = self.vision.ClassifyRequest()
        request.image.encoded = self.jpeg[:1000]
        with self.assertRaises(grpc.RpcError) as refused:
            self.stub.Classify(request, timeout=TIMEOUT_S)
        self.assertEqual(refused.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn("image: ", refused.exception.details())
        self.test_classifies_with_generated_stubs()

    def ask_reflection(self, **request):
        stub = self.reflection_grpc.ServerReflectionStub(self.channel)
        requests = iter([self.reflection.ServerReflectionRequest(**request)])
        return next(stub.ServerReflectionInfo(requests, timeout=TIMEOUT_S))

    def test_reflection_lists_the_services(self):
        response = self.ask_reflection(list_services="")
        names = [service.name for service in response.list_services_response.service]
        self.assertIn(SERVICE, names)

    def test_classifies_with_what_reflection_tells(self):
        response = self.ask_reflection(file_containing_symbol=SERVICE)
        pool = descriptor_pool.DescriptorPool()
        files = [descriptor_pb2.FileDescriptorProto.FromString(file)
                 for file in response.file_descriptor_response.file_descriptor_proto]
        for file in sorted(files, key=lambda file: len(file.dependency)):
            pool.Add(file)
        method = pool.FindServiceByName(SERVICE).FindMethodByName("Classify")
        factory = message_factory.MessageFactory(pool)
        request = factory.GetPrototype(method.input_type)()
        request.image.encoded = self.jpeg
        call = self.channel.unary_unary(
            f"/{SERVICE}/Classify",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=factory.GetPrototype(method.output_type).FromString)
        self.assertEqual(len(call(request, timeout=TIMEOUT_S).classes), 5)

    def test_pages(self):
        with urllib.request.urlopen(self.server.http_url + "/readyz", timeout=TIMEOUT_S) as page:
            self.assertTrue(json.load(page)["ready"])
        with urllib.request.urlopen(self.server.http_url + "/metrics", timeout=TIMEOUT_S) as page:
            self.assertIn('localmamba_model_loaded{model="tiny",version="1"} 1', page.read().decode())

    def test_client_classifies_for_people_and_for_machines(self):
        people = self.client(self.server, "classify", str(self.sample), "--top-k", "2")
        self.assertEqual(people.returncode, 0, people.stderr)
        self.assertIn("tiny version 1", people.stdout)
        machine = self.client(self.server, "classify", "--json", "--top-k", "2", str(self.sample),
                              str(self.sample))
        self.assertEqual(machine.returncode, 0, machine.stderr)
        lines = [json.loads(line) for line in machine.stdout.splitlines()]
        self.assertEqual(len(lines), 2)
        self.assertEqual(len(lines[0]["classes"]), 2)

    def test_client_lists_models_and_health(self):
        models = self.client(self.server, "--json", "models")
        self.assertEqual(models.returncode, 0, models.stderr)
        self.assertEqual(json.loads(models.stdout)["num_classes"], 1000)
        health = self.client(self.server, "health", "--model", "tiny")
        self.assertEqual((health.returncode, health.stdout), (0, "tiny: SERVING\n"))

    def test_client_tells_bad_input_from_server_trouble(self):
        for arguments in (["classify", "/nowhere/cat.jpg"],
                          ["classify", "/tmp"],
                          ["classify", str(self.sample), "--model", "nope"],
                          ["classify", str(self.sample), "--top-k", "1001"],
                          ["classify", str(SOURCE / "README.md" if (SOURCE / "README.md").exists()
                                           else SOURCE / "LICENSE")],
                          ["health", "--model", "nope"],
                          ["frobnicate"]):
            self.assertEqual(self.client(self.server, *arguments).returncode, 2, arguments)
        nobody = subprocess.run([CLIENT, "--server", "127.0.0.1:1", "--timeout", "5s", "health"],
                                capture_output=True, timeout=TIMEOUT_S)
        self.assertEqual(nobody.returncode, 3)


class EnvironmentTest(ProcessTest):
    def test_idle_threads_of_openmp_sleep_unless_the_environment_says_otherwise(self):
        env = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        with ServerProcess(SERVER, self.repository, env=env) as server:
            self.assertIn("OMP_WAIT_POLICY=passive", server.environment())
        with ServerProcess(SERVER, self.repository, env=env | {"OMP_WAIT_POLICY": "active"}) as server:
            self.assertIn("OMP_WAIT_POLICY=active", server.environment())


class ShutdownTest(ProcessTest):
    def test_drains_on_sigterm_and_exits_with_0(self):
        with ServerProcess(SERVER, self.repository, "--drain-delay", "4s") as server:
            server.terminate()
            server.await_log("draining")
            self.assertEqual(self.client(server, "health").returncode, 3)
            with self.assertRaises(urllib.error.HTTPError) as page:
                urllib.request.urlopen(server.http_url + "/readyz", timeout=TIMEOUT_S)
            self.assertEqual(page.exception.code, 503)
            page.exception.close()
            self.assertEqual(self.client(server, "classify", str(self.sample)).returncode, 0)
            server.await_log("stopped")
            self.assertEqual(server.wait(), 0)

    def test_a_second_sigterm_ends_it_at_once(self):
        with ServerProcess(SERVER, self.repository, "--drain-delay", "1h") as server:
            server.terminate()
            server.await_log("draining")
            server.terminate()
            self.assertEqual(server.wait(), 1)


class StartTest(ProcessTest):
    def run_server(self, *flags: str) -> subprocess.CompletedProcess:
        return subprocess.run([SERVER, *flags], capture_output=True, text=True, timeout=TIMEOUT_S)

    def test_bad_usage(self):
        result = self.run_server("--model-repository", str(self.repository), "--max-batch-size", "0")
        self.assertEqual(result.returncode, 2)
        self.assertIn("batching.max_batch_size: found 0", result.stderr)

    def test_a_repository_that_is_not_there(self):
        result = self.run_server("--model-repository", "/nowhere", "--http-port", "0", "--grpc-port", "0",
                                 "--admin-port", "0")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nowhere", result.stderr)

    def test_help(self):
        result = self.run_server("--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("--max-queue-delay", result.stdout)


if __name__ == "__main__":
    SOURCE = pathlib.Path(sys.argv[1])
    SERVER, TOOL, CLIENT = sys.argv[2:5]
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
