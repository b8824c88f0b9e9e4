"""Frames in, outcomes out: the messages of ClassifyStream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localmamba import requests, results
from localmamba.connection import Method
from localmamba.errors import SkippedError, from_code, invalid
from localmamba.images import ImageLike
from localmamba.outcomes import Outcome
from localmamba.requests import RequestOptions
from localmamba.results import Classification
from localmamba.v1 import vision_pb2

if TYPE_CHECKING:
    from typing_extensions import Unpack

CLASSIFY_STREAM = Method(
    "/localmamba.v1.VisionService/ClassifyStream",
    vision_pb2.ClassifyStreamRequest,
    vision_pb2.ClassifyStreamResponse,
)


class StreamSettings:
    """What all frames of a stream have in common."""

    def __init__(
        self,
        *,
        top_k: int | None,
        newest_wins: bool,
        max_in_flight: int | None,
        **options: Unpack[RequestOptions],
    ) -> None:
        requests.check(top_k, **options)
        if max_in_flight is not None and max_in_flight < 1:
            raise invalid("max_in_flight", max_in_flight, "at least 1")
        self._top_k = top_k
        self._options = options
        self._stream = vision_pb2.StreamOptions(
            newest_wins=newest_wins, max_in_flight=max_in_flight
        )

    def first(self) -> vision_pb2.ClassifyStreamRequest:
        """Comes before the frames."""
        return vision_pb2.ClassifyStreamRequest(options=self._stream)

    def frame(self, image: ImageLike) -> vision_pb2.ClassifyStreamRequest:
        frame = requests.classify(image, top_k=self._top_k, **self._options)
        return vision_pb2.ClassifyStreamRequest(frame=frame)


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
