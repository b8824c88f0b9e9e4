"""What the scripts in this folder need to call a server: messages made from the protos, and a model."""

import importlib
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "integration"))

import small_model  # noqa: E402: it is in the folder above


class Stubs:
    """Use it in a `with` statement."""

    def __init__(self, source: pathlib.Path):
        self._folder = tempfile.TemporaryDirectory()
        subprocess.run(["protoc", "-I", str(source / "proto"), f"--python_out={self._folder.name}",
                        "localmamba/v1/vision.proto"], check=True)
        sys.path.insert(0, self._folder.name)
        self.vision = importlib.import_module("localmamba.v1.vision_pb2")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def request(self, model: str):
        request = self.vision.ClassifyRequest(image=small_model.raw_image(self.vision))
        request.model.name = model
        return request

    def classify(self, channel):
        return channel.unary_unary("/localmamba.v1.VisionService/Classify",
                                   request_serializer=self.vision.ClassifyRequest.SerializeToString,
                                   response_deserializer=self.vision.ClassifyResponse.FromString)
