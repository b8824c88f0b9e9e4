"""Frames in, outcomes out: the messages of ClassifyStream."""

from __future__ import annotations

import dataclasses

from localmamba import requests, results
from localmamba.connection import Method
from localmamba.errors import SkippedError, from_code, invalid
from localmamba.images import ImageLike
from localmamba.outcomes import Outcome
from localmamba.results import Classification
from localmamba.v1 import vision_pb2

CLASSIFY_STREAM = Method(
    "/localmamba.v1.VisionService/ClassifyStream",
    vision_pb2.ClassifyStreamRequest,
    vision_pb2.ClassifyStreamResponse,
)


@dataclasses.dataclass(frozen=True)
class StreamSettings:
    """What all frames of a stream have in common."""

    model: str
    version: int | str | None
    top_k: int | None
    newest_wins: bool
    max_in_flight: int | None

    def __post_init__(self) -> None:
        requests.check_top_k(self.top_k)
        requests.model_reference(self.model, self.version)
        if self.max_in_flight is not None and self.max_in_flight < 1:
            raise invalid("max_in_flight", self.max_in_flight, "at least 1")

    def first(self) -> vision_pb2.ClassifyStreamRequest:
        """Comes before the frames."""
        return vision_pb2.ClassifyStreamRequest(
            options=vision_pb2.StreamOptions(
                newest_wins=self.newest_wins, max_in_flight=self.max_in_flight
            )
        )

    def frame(self, image: ImageLike) -> vision_pb2.ClassifyStreamRequest:
        return vision_pb2.ClassifyStreamRequest(
            frame=requests.classify(
                image, model=self.model, version=self.version, top_k=self.top_k, request_id=""
            )
        )


def outcome(response: vision_pb2.ClassifyStreamResponse) -> Outcome[Classification]:
    if response.HasField("classification"):
        return Outcome(response.frame, results.classification(response.classification), None)
    if response.HasField("skipped"):
        return Outcome(response.frame, None, SkippedError())
    error = response.error
    delay = None
    if error.HasField("retry_delay"):
        delay = error.retry_delay.ToTimedelta().total_seconds()
    return Outcome(response.frame, None, from_code(error.code, error.message, delay))
