"""The vision service's methods, and requests for them."""

from __future__ import annotations

from grpc_health.v1 import health_pb2

from localmamba.connection import Method
from localmamba.errors import invalid
from localmamba.images import ImageLike, to_message
from localmamba.v1 import vision_pb2

_SERVICE = "/localmamba.v1.VisionService"

CLASSIFY = Method(f"{_SERVICE}/Classify", vision_pb2.ClassifyRequest, vision_pb2.ClassifyResponse)
EMBED = Method(f"{_SERVICE}/Embed", vision_pb2.EmbedRequest, vision_pb2.EmbedResponse)
LIST_MODELS = Method(
    f"{_SERVICE}/ListModels", vision_pb2.ListModelsRequest, vision_pb2.ListModelsResponse
)
CHECK_HEALTH = Method(
    "/grpc.health.v1.Health/Check", health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
)

SERVING = health_pb2.HealthCheckResponse.SERVING


def model_reference(model: str, version: int | str | None) -> vision_pb2.ModelReference:
    """A number is a version, a text a label, None the newest version."""
    if version is None:
        return vision_pb2.ModelReference(name=model)
    if isinstance(version, str) and version:
        return vision_pb2.ModelReference(name=model, label=version)
    if isinstance(version, int) and not isinstance(version, bool) and version >= 1:
        return vision_pb2.ModelReference(name=model, number=version)
    raise invalid("version", repr(version), "a number from 1, a label or None")


def check_top_k(top_k: int | None) -> None:
    if top_k is not None and top_k < 1:
        raise invalid("top_k", top_k, "at least 1")


def classify(
    image: ImageLike, *, model: str, version: int | str | None, top_k: int | None, request_id: str
) -> vision_pb2.ClassifyRequest:
    check_top_k(top_k)
    return vision_pb2.ClassifyRequest(
        model=model_reference(model, version),
        image=to_message(image),
        top_k=top_k,
        request_id=request_id,
    )


def embed(
    image: ImageLike, *, model: str, version: int | str | None, request_id: str
) -> vision_pb2.EmbedRequest:
    return vision_pb2.EmbedRequest(
        model=model_reference(model, version), image=to_message(image), request_id=request_id
    )
