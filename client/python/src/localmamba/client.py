"""The client for ordinary code."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import grpc
from grpc_health.v1 import health_pb2

from localmamba import outcomes, requests, results
from localmamba.connection import ChannelOption, Connection, LoadBalancing, channel_options
from localmamba.errors import UnavailableError
from localmamba.images import ImageLike
from localmamba.outcomes import Outcome
from localmamba.requests import RequestOptions
from localmamba.results import Classification, Embedding, ServedVersion
from localmamba.retry import RetryPolicy
from localmamba.streams import CLASSIFY_STREAM, StreamSettings, outcome
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
        settings = StreamSettings(
            top_k=top_k, newest_wins=newest_wins, max_in_flight=max_in_flight, **options
        )
        messages = itertools.chain([settings.first()], map(settings.frame, frames))
        responses = self._connection.exchange(CLASSIFY_STREAM, messages, timeout)
        return (outcome(response) for response in responses)

    def list_models(self, *, timeout: float | None = None) -> tuple[ServedVersion, ...]:
        """Every version served, by model name, then version."""
        request = vision_pb2.ListModelsRequest()
        return results.served_versions(
            self._connection.call(requests.LIST_MODELS, request, timeout)
        )

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
