"""A vision service that answers from a script."""

import concurrent.futures
import threading

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from localmamba.v1 import vision_pb2

ANSWER = vision_pb2.ClassifyResponse(
    classes=[vision_pb2.ClassScore(id=2, name="blue", score=0.75)],
    model=vision_pb2.ModelReference(name="tiny", number=1),
)


class Failure:
    """A status to end a call with; with `retry_delay` it carries google.rpc.RetryInfo."""

    def __init__(self, code: grpc.StatusCode, message: str = "", retry_delay: float | None = None):
        self.code = code
        self.message = message
        self.metadata = ()
        if retry_delay is not None:
            delay = Duration()
            delay.FromNanoseconds(round(retry_delay * 1e9))
            status = status_pb2.Status(code=code.value[0], message=message)
            status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
            self.metadata = (("grpc-status-details-bin", status.SerializeToString()),)


class FakeServer:
    """Ends the n-th call of Classify with the n-th entry of `script`, and calls beyond it with
    ANSWER.

    An entry is a Failure, or an Event that the call waits for before it is answered. Use it in a
    `with` statement.
    """

    def __init__(self, *script: Failure | threading.Event):
        self._script = list(script)
        self._lock = threading.Lock()
        self.requests: list[vision_pb2.ClassifyRequest] = []
        self.ended = threading.Event()  # a call was answered, or its caller has gone
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        handler = grpc.unary_unary_rpc_method_handler(
            self._classify,
            request_deserializer=vision_pb2.ClassifyRequest.FromString,
            response_serializer=vision_pb2.ClassifyResponse.SerializeToString,
        )
        self._server.add_generic_rpc_handlers(
            [
                grpc.method_handlers_generic_handler(
                    "localmamba.v1.VisionService", {"Classify": handler}
                )
            ]
        )
        self.target = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> "FakeServer":
        self._server.start()
        return self

    def __exit__(self, *_) -> None:
        self._server.stop(None).wait()

    def _classify(self, request, context):
        context.add_callback(self.ended.set)
        with self._lock:
            self.requests.append(request)
            step = self._script.pop(0) if self._script else None
        if isinstance(step, Failure):
            context.set_trailing_metadata(step.metadata)
            context.abort(step.code, step.message)
        if step is not None:
            step.wait(60)
        return ANSWER
