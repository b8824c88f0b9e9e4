"""The client for ordinary code."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import grpc
from grpc_health.v1 import health_pb2

from localmamba import dense_results, outcomes, requests, results, streams
from localmamba.connection import (
    ChannelOption,
    Connection,
    LoadBalancing,
    Request,
    channel_options,
)
from localmamba.dense_results import Detections, Segmentation
from localmamba.errors import UnavailableError
from localmamba.images import ImageLike
from localmamba.outcomes import Outcome
from localmamba.requests import RequestOptions
from localmamba.results import Classification, Embedding, ServedModel, ServedVersion
from localmamba.retry import RetryPolicy
from localmamba.streams import Answer, FrameStream, Value
from localmamba.v1 import vision_pb2

if TYPE_CHECKING:
    from typing_extensions import Unpack

Self = TypeVar("Self", bound="Client")


class Client:
    """Asks a server about images. Safe to use from several threads.

    target: "host:port", or any other name that gRPC resolves ("dns:///host:port", "ipv4:a:1,b:2",
        "unix:/path").
    timeout: seconds that a call may take with all its repetitions, unless it says otherwise.
    retry: which failed calls are repeated.
    credentials: `grpc.ssl_channel_credentials()` for TLS; None for a connection that is not
        encrypted.
    load_balancing: with several addresses, "pick_first" keeps to one of them, "round_robin" takes
        them in turn, without those that say that they are not serving, as one that stops does.
    max_message_bytes: most bytes of a message sent or received; None for no limit.
    options: more options of the gRPC channel.

    It connects when it is first used, and again after a failure. Calls raise LocalMambaError, and
    InvalidArgumentError before anything is sent if an argument cannot be right. An image is
    anything that `localmamba.ImageLike` lists. The options of a call are those of
    `localmamba.RequestOptions`: `model`, `version`, `priority`, `queue_timeout`.
    """

    def __init__(
        self,
        target: str = "127.0.0.1:8500",
        *,
        timeout: float = 30.0,
        retry: RetryPolicy = RetryPolicy(),
        credentials: grpc.ChannelCredentials | None = None,
        load_balancing: LoadBalancing = "pick_first",
        max_message_bytes: int | None = None,
        options: Sequence[ChannelOption] = (),
    ) -> None:
        self._connection = Connection.open(
            target,
            timeout=timeout,
            retry=retry,
            credentials=credentials,
            options=channel_options(load_balancing, max_message_bytes, options),
        )

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; calls under way are cancelled."""
        self._connection.close()

    def classify(
        self,
        image: ImageLike,
        *,
        top_k: int | None = None,
        request_id: str = "",
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> Classification:
        """The `top_k` most likely classes; by default 5, or all if the model has fewer."""
        request = requests.classify(image, top_k=top_k, request_id=request_id, **options)
        return results.classification(self._connection.call(requests.CLASSIFY, request, timeout))

    def embed(
        self,
        image: ImageLike,
        *,
        request_id: str = "",
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> Embedding:
        """The features of `image` that the model's classifier sees."""
        request = requests.embed(image, request_id=request_id, **options)
        return results.embedding(self._connection.call(requests.EMBED, request, timeout))

    def detect(
        self,
        image: ImageLike,
        *,
        score_threshold: float | None = None,
        max_detections: int | None = None,
        classes: Iterable[int | str] = (),
        masks: bool = False,
        request_id: str = "",
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> Detections:
        """The objects in `image`.

        score_threshold: objects of a lower score are left out; by default the model's own limit.
        max_detections: most objects to return; by default the model's own limit.
        classes: names or numbers of the classes to look for; all, if there are none.
        masks: whether to ask for the pixels of the objects too.
        """
        request = requests.detect(
            image,
            score_threshold=score_threshold,
            max_detections=max_detections,
            classes=classes,
            masks=masks,
            request_id=request_id,
            **options,
        )
        return dense_results.detections(self._connection.call(requests.DETECT, request, timeout))

    def segment(
        self,
        image: ImageLike,
        *,
        confidence: bool = False,
        request_id: str = "",
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> Segmentation:
        """The class of each pixel of `image`, and with `confidence` how sure the network is of each
        class.
        """
        request = requests.segment(image, confidence=confidence, request_id=request_id, **options)
        return dense_results.segmentation(
            self._connection.call(requests.SEGMENT, request, timeout)
        )

    def classify_many(
        self,
        images: Iterable[ImageLike],
        *,
        top_k: int | None = None,
        timeout: float | None = None,
        max_in_flight: int = 16,
        **options: Unpack[RequestOptions],
    ) -> Iterator[Outcome[Classification]]:
        """Classifies `images`, `max_in_flight` at a time, so that the server can put them into
        batches.

        Outcomes come in the order of the images; one that fails does not stop the others. `images`
        is read as far as there is need, so it may be longer than memory. `timeout` is that of each
        image.
        """

        def call(image: ImageLike) -> Classification:
            return self.classify(image, top_k=top_k, timeout=timeout, **options)

        return outcomes.map_in_order(call, images, max_in_flight)

    def embed_many(
        self,
        images: Iterable[ImageLike],
        *,
        timeout: float | None = None,
        max_in_flight: int = 16,
        **options: Unpack[RequestOptions],
    ) -> Iterator[Outcome[Embedding]]:
        """As classify_many, with embed."""

        def call(image: ImageLike) -> Embedding:
            return self.embed(image, timeout=timeout, **options)

        return outcomes.map_in_order(call, images, max_in_flight)

    def detect_many(
        self,
        images: Iterable[ImageLike],
        *,
        score_threshold: float | None = None,
        max_detections: int | None = None,
        classes: Iterable[int | str] = (),
        masks: bool = False,
        timeout: float | None = None,
        max_in_flight: int = 16,
        **options: Unpack[RequestOptions],
    ) -> Iterator[Outcome[Detections]]:
        """As classify_many, with detect."""
        wanted = tuple(classes)

        def call(image: ImageLike) -> Detections:
            return self.detect(
                image,
                score_threshold=score_threshold,
                max_detections=max_detections,
                classes=wanted,
                masks=masks,
                timeout=timeout,
                **options,
            )

        return outcomes.map_in_order(call, images, max_in_flight)

    def segment_many(
        self,
        images: Iterable[ImageLike],
        *,
        confidence: bool = False,
        timeout: float | None = None,
        max_in_flight: int = 16,
        **options: Unpack[RequestOptions],
    ) -> Iterator[Outcome[Segmentation]]:
        """As classify_many, with segment."""

        def call(image: ImageLike) -> Segmentation:
            return self.segment(image, confidence=confidence, timeout=timeout, **options)

        return outcomes.map_in_order(call, images, max_in_flight)

    def classify_stream(
        self,
        frames: Iterable[ImageLike],
        *,
        top_k: int | None = None,
        newest_wins: bool = False,
        max_in_flight: int | None = None,
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> Iterator[Outcome[Classification]]:
        """Classifies the frames of a video, over one call; outcomes come in their order.

        `frames` is taken from as fast as the server works, by a thread of its own. A frame that the
        server cannot answer has its error as outcome; one that cannot be sent ends the stream: what
        it raises is raised after the outcomes of those before.

        newest_wins: for live video. A frame that waits for others gives its place to the next, and
            its outcome is `skipped`; otherwise `frames` is left waiting.
        max_in_flight: most frames that the server works on at once; by default its own limit, or 1
            with newest_wins.
        timeout: seconds for the whole stream; by default it has no deadline. It also ends when the
            iterator is closed or let go of.
        """
        stream = streams.classify(
            top_k=top_k, newest_wins=newest_wins, max_in_flight=max_in_flight, **options
        )
        return self._exchange(stream, frames, timeout)

    def detect_stream(
        self,
        frames: Iterable[ImageLike],
        *,
        score_threshold: float | None = None,
        max_detections: int | None = None,
        classes: Iterable[int | str] = (),
        masks: bool = False,
        newest_wins: bool = False,
        max_in_flight: int | None = None,
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> Iterator[Outcome[Detections]]:
        """As classify_stream, with detect."""
        stream = streams.detect(
            score_threshold=score_threshold,
            max_detections=max_detections,
            classes=classes,
            masks=masks,
            newest_wins=newest_wins,
            max_in_flight=max_in_flight,
            **options,
        )
        return self._exchange(stream, frames, timeout)

    def segment_stream(
        self,
        frames: Iterable[ImageLike],
        *,
        confidence: bool = False,
        newest_wins: bool = False,
        max_in_flight: int | None = None,
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> Iterator[Outcome[Segmentation]]:
        """As classify_stream, with segment."""
        stream = streams.segment(
            confidence=confidence, newest_wins=newest_wins, max_in_flight=max_in_flight, **options
        )
        return self._exchange(stream, frames, timeout)

    def list_models(self, *, timeout: float | None = None) -> tuple[ServedVersion, ...]:
        """Every version served, by model name, then version."""
        request = vision_pb2.ListModelsRequest()
        return results.served_versions(
            self._connection.call(requests.LIST_MODELS, request, timeout)
        )

    def get_model(
        self, model: str = "", version: int | str | None = None, *, timeout: float | None = None
    ) -> ServedModel:
        """One version with its classes; arguments as in RequestOptions."""
        request = requests.get_model(model, version)
        return results.served_model(self._connection.call(requests.GET_MODEL, request, timeout))

    def is_ready(self, model: str = "", *, timeout: float | None = None) -> bool:
        """Whether the server, or one of its models, answers requests now; False also if there is no
        server.

        Raises NotFoundError for a model that the server does not know.
        """
        request = health_pb2.HealthCheckRequest(service=model)
        try:
            response = self._connection.call(
                requests.CHECK_HEALTH, request, timeout, repeatable=False
            )
        except UnavailableError:
            return False
        return response.status == requests.SERVING

    def _exchange(
        self,
        stream: FrameStream[Request, Answer, Value],
        frames: Iterable[ImageLike],
        timeout: float | None,
    ) -> Iterator[Outcome[Value]]:
        messages = itertools.chain([stream.first], map(stream.frame, frames))
        answers = self._connection.exchange(stream.method, messages, timeout)
        return (stream.outcome(answer) for answer in answers)
