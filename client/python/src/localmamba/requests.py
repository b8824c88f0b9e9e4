"""The vision service's methods, and requests for them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from grpc_health.v1 import health_pb2

from localmamba.connection import Method
from localmamba.errors import invalid
from localmamba.images import ImageLike, to_message
from localmamba.v1 import vision_pb2

if TYPE_CHECKING:
    from typing_extensions import Unpack

_SERVICE = "/localmamba.v1.VisionService"

CLASSIFY = Method(f"{_SERVICE}/Classify", vision_pb2.ClassifyRequest, vision_pb2.ClassifyResponse)
EMBED = Method(f"{_SERVICE}/Embed", vision_pb2.EmbedRequest, vision_pb2.EmbedResponse)
DETECT = Method(f"{_SERVICE}/Detect", vision_pb2.DetectRequest, vision_pb2.DetectResponse)
SEGMENT = Method(f"{_SERVICE}/Segment", vision_pb2.SegmentRequest, vision_pb2.SegmentResponse)
GET_MODEL = Method(f"{_SERVICE}/GetModel", vision_pb2.GetModelRequest, vision_pb2.GetModelResponse)
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


class RequestOptions(TypedDict, total=False):
    """What any request for an image may say besides."""

    model: str
    """Its name; may be left out if the server has one model only."""
    version: int | str | None
    """A number, a label such as "stable", or None for the newest."""
    priority: int
    """Level among the requests that wait for the model: 1 comes first; 0 for the model's default.
    """
    queue_timeout: float | None
    """Longest wait for a batch, in seconds; None for the model's own limit."""


def classify(
    image: ImageLike,
    *,
    top_k: int | None = None,
    request_id: str = "",
    **options: Unpack[RequestOptions],
) -> vision_pb2.ClassifyRequest:
    check(top_k, **options)
    return vision_pb2.ClassifyRequest(
        model=model_reference(options.get("model", ""), options.get("version")),
        image=to_message(image),
        top_k=top_k,
        request_id=request_id,
        priority=options.get("priority", 0),
        queue_timeout=_duration(options.get("queue_timeout")),
    )


def embed(
    image: ImageLike, *, request_id: str = "", **options: Unpack[RequestOptions]
) -> vision_pb2.EmbedRequest:
    check(None, **options)
    return vision_pb2.EmbedRequest(
        model=model_reference(options.get("model", ""), options.get("version")),
        image=to_message(image),
        request_id=request_id,
        priority=options.get("priority", 0),
        queue_timeout=_duration(options.get("queue_timeout")),
    )


def detect(
    image: ImageLike,
    *,
    score_threshold: float | None = None,
    max_detections: int | None = None,
    classes: Iterable[int | str] = (),
    masks: bool = False,
    request_id: str = "",
    **options: Unpack[RequestOptions],
) -> vision_pb2.DetectRequest:
    classes = tuple(classes)
    check_detect(score_threshold, max_detections, classes, **options)
    return vision_pb2.DetectRequest(
        model=model_reference(options.get("model", ""), options.get("version")),
        image=to_message(image),
        score_threshold=score_threshold,
        max_detections=max_detections,
        class_filter=vision_pb2.ClassFilter(
            ids=[each for each in classes if isinstance(each, int)],
            names=[each for each in classes if isinstance(each, str)],
        ),
        mask_format=vision_pb2.MASK_FORMAT_COCO_RLE if masks else vision_pb2.MASK_FORMAT_NONE,
        request_id=request_id,
        priority=options.get("priority", 0),
        queue_timeout=_duration(options.get("queue_timeout")),
    )


def segment(
    image: ImageLike,
    *,
    confidence: bool = False,
    request_id: str = "",
    **options: Unpack[RequestOptions],
) -> vision_pb2.SegmentRequest:
    check(None, **options)
    return vision_pb2.SegmentRequest(
        model=model_reference(options.get("model", ""), options.get("version")),
        image=to_message(image),
        # Numpy alone makes a label map of run lengths, but not of a PNG.
        format=vision_pb2.SegmentRequest.FORMAT_COCO_RLE,
        confidence=confidence,
        request_id=request_id,
        priority=options.get("priority", 0),
        queue_timeout=_duration(options.get("queue_timeout")),
    )


def get_model(model: str, version: int | str | None) -> vision_pb2.GetModelRequest:
    return vision_pb2.GetModelRequest(model=model_reference(model, version))


def check_detect(
    score_threshold: float | None,
    max_detections: int | None,
    classes: Iterable[int | str],
    **options: Unpack[RequestOptions],
) -> None:
    """As check, of a request to detect."""
    check(None, **options)
    if score_threshold is not None and not 0 <= score_threshold <= 1:
        raise invalid("score_threshold", score_threshold, "0 to 1")
    if max_detections is not None and max_detections < 1:
        raise invalid("max_detections", max_detections, "at least 1")
    for each in classes:
        if not isinstance(each, (int, str)):
            raise invalid("classes", repr(each), "names and numbers")


def check(top_k: int | None, **options: Unpack[RequestOptions]) -> None:
    """Raises InvalidArgumentError, or TypeError for an option that there is not."""
    unknown = set(options) - RequestOptions.__optional_keys__
    if unknown:
        raise TypeError(f"unexpected keyword arguments: {', '.join(sorted(unknown))}")
    if top_k is not None and top_k < 1:
        raise invalid("top_k", top_k, "at least 1")
    if options.get("priority", 0) < 0:
        raise invalid("priority", options["priority"], "at least 0")
    queue_timeout = options.get("queue_timeout")
    if queue_timeout is not None and not 0 < queue_timeout < float("inf"):
        raise invalid("queue_timeout", queue_timeout, "a number of seconds above 0")
    model_reference(options.get("model", ""), options.get("version"))


def _duration(seconds: float | None) -> datetime.timedelta | None:
    return None if seconds is None else datetime.timedelta(seconds=seconds)
