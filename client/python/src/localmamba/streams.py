"""Frames in, outcomes out: the streams of the vision service."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

from localmamba import dense_results, requests, results
from localmamba.connection import Method, Request
from localmamba.dense_results import Detections, Segmentation
from localmamba.errors import SkippedError, from_code, invalid
from localmamba.images import ImageLike
from localmamba.outcomes import Outcome
from localmamba.requests import RequestOptions
from localmamba.results import Classification
from localmamba.v1 import vision_pb2

if TYPE_CHECKING:
    from typing_extensions import Unpack

Value = TypeVar("Value")
Answer = TypeVar(
    "Answer",
    vision_pb2.ClassifyStreamResponse,
    vision_pb2.DetectStreamResponse,
    vision_pb2.SegmentStreamResponse,
)

CLASSIFY_STREAM = Method(
    "/localmamba.v1.VisionService/ClassifyStream",
    vision_pb2.ClassifyStreamRequest,
    vision_pb2.ClassifyStreamResponse,
)
DETECT_STREAM = Method(
    "/localmamba.v1.VisionService/DetectStream",
    vision_pb2.DetectStreamRequest,
    vision_pb2.DetectStreamResponse,
)
SEGMENT_STREAM = Method(
    "/localmamba.v1.VisionService/SegmentStream",
    vision_pb2.SegmentStreamRequest,
    vision_pb2.SegmentStreamResponse,
)


@dataclasses.dataclass(frozen=True)
class FrameStream(Generic[Request, Answer, Value]):
    """What goes to the server in one stream, and what its answers mean."""

    method: Method[Request, Answer]
    first: Request  #: comes before the frames
    frame: Callable[[ImageLike], Request]
    value: Callable[[Answer], Value]  #: of an answer without an error

    def outcome(self, answer: Answer) -> Outcome[Value]:
        if answer.HasField("error"):
            error = answer.error
            delay = None
            if error.HasField("retry_delay"):
                delay = error.retry_delay.ToTimedelta().total_seconds()
            return Outcome(answer.frame, None, from_code(error.code, error.message, delay))
        if answer.HasField("skipped"):
            return Outcome(answer.frame, None, SkippedError())
        return Outcome(answer.frame, self.value(answer), None)


def classify(
    *,
    top_k: int | None,
    newest_wins: bool,
    max_in_flight: int | None,
    **options: Unpack[RequestOptions],
) -> FrameStream[
    vision_pb2.ClassifyStreamRequest, vision_pb2.ClassifyStreamResponse, Classification
]:
    requests.check(top_k, **options)
    return FrameStream(
        CLASSIFY_STREAM,
        vision_pb2.ClassifyStreamRequest(options=_options(newest_wins, max_in_flight)),
        lambda image: vision_pb2.ClassifyStreamRequest(
            frame=requests.classify(image, top_k=top_k, **options)
        ),
        lambda answer: results.classification(answer.classification),
    )


def detect(
    *,
    score_threshold: float | None,
    max_detections: int | None,
    classes: Iterable[int | str],
    masks: bool,
    newest_wins: bool,
    max_in_flight: int | None,
    **options: Unpack[RequestOptions],
) -> FrameStream[vision_pb2.DetectStreamRequest, vision_pb2.DetectStreamResponse, Detections]:
    classes = tuple(classes)
    requests.check_detect(score_threshold, max_detections, classes, **options)
    return FrameStream(
        DETECT_STREAM,
        vision_pb2.DetectStreamRequest(options=_options(newest_wins, max_in_flight)),
        lambda image: vision_pb2.DetectStreamRequest(
            frame=requests.detect(
                image,
                score_threshold=score_threshold,
                max_detections=max_detections,
                classes=classes,
                masks=masks,
                **options,
            )
        ),
        lambda answer: dense_results.detections(answer.detection),
    )


def segment(
    *,
    confidence: bool,
    newest_wins: bool,
    max_in_flight: int | None,
    **options: Unpack[RequestOptions],
) -> FrameStream[vision_pb2.SegmentStreamRequest, vision_pb2.SegmentStreamResponse, Segmentation]:
    requests.check(None, **options)
    return FrameStream(
        SEGMENT_STREAM,
        vision_pb2.SegmentStreamRequest(options=_options(newest_wins, max_in_flight)),
        lambda image: vision_pb2.SegmentStreamRequest(
            frame=requests.segment(image, confidence=confidence, **options)
        ),
        lambda answer: dense_results.segmentation(answer.segmentation),
    )


def _options(newest_wins: bool, max_in_flight: int | None) -> vision_pb2.StreamOptions:
    if max_in_flight is not None and max_in_flight < 1:
        raise invalid("max_in_flight", max_in_flight, "at least 1")
    return vision_pb2.StreamOptions(newest_wins=newest_wins, max_in_flight=max_in_flight)
