"""The client for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import grpc
from grpc_health.v1 import health_pb2

from localmamba import dense_results, outcomes, requests, results, streams
from localmamba.connection import (
    AsyncConnection,
    ChannelOption,
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

Self = TypeVar("Self", bound="AsyncClient")


class AsyncClient:
    """As Client, for asyncio: the same arguments and results, with `await`.

    It belongs to the event loop in which it was made. Files are read and pixels are copied in
    threads, so that the loop does not wait for them. A task that is cancelled cancels its call, and
    the server drops the work.
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
        self._connection = AsyncConnection.open(
            target,
            timeout=timeout,
            retry=retry,
            credentials=credentials,
            options=channel_options(load_balancing, max_message_bytes, options),
        )

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection; calls under way are cancelled."""
        await self._connection.close()

    async def classify(
        self,
        image: ImageLike,
        *,
        top_k: int | None = None,
        request_id: str = "",
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> Classification:
        """The `top_k` most likely classes; by default 5, or all if the model has fewer."""
        request = await asyncio.to_thread(
            requests.classify,
            image,
            top_k=top_k,
            request_id=request_id,
            **options,
        )
        return results.classification(
            await self._connection.call(requests.CLASSIFY, request, timeout)
        )

    async def embed(
        self,
        image: ImageLike,
        *,
        request_id: str = "",
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> Embedding:
        """The features of `image` that the model's classifier sees."""
        request = await asyncio.to_thread(requests.embed, image, request_id=request_id, **options)
        return results.embedding(await self._connection.call(requests.EMBED, request, timeout))

    async def detect(
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
        request = await asyncio.to_thread(
            requests.detect,
            image,
            score_threshold=score_threshold,
            max_detections=max_detections,
            classes=classes,
            masks=masks,
            request_id=request_id,
            **options,
        )
        response = await self._connection.call(requests.DETECT, request, timeout)
        return await asyncio.to_thread(dense_results.detections, response)

    async def segment(
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
        request = await asyncio.to_thread(
            requests.segment, image, confidence=confidence, request_id=request_id, **options
        )
        response = await self._connection.call(requests.SEGMENT, request, timeout)
        return await asyncio.to_thread(dense_results.segmentation, response)

    def classify_many(
        self,
        images: Iterable[ImageLike],
        *,
        top_k: int | None = None,
        timeout: float | None = None,
        max_in_flight: int = 16,
        **options: Unpack[RequestOptions],
    ) -> AsyncIterator[Outcome[Classification]]:
        """Classifies `images`, `max_in_flight` at a time, so that the server can put them into
        batches.

        Outcomes come in the order of the images; one that fails does not stop the others. `images`
        is read as far as there is need, so it may be longer than memory. `timeout` is that of each
        image.
        """

        async def call(image: ImageLike) -> Classification:
            return await self.classify(image, top_k=top_k, timeout=timeout, **options)

        return outcomes.map_in_order_async(call, images, max_in_flight)

    def embed_many(
        self,
        images: Iterable[ImageLike],
        *,
        timeout: float | None = None,
        max_in_flight: int = 16,
        **options: Unpack[RequestOptions],
    ) -> AsyncIterator[Outcome[Embedding]]:
        """As classify_many, with embed."""

        async def call(image: ImageLike) -> Embedding:
            return await self.embed(image, timeout=timeout, **options)

        return outcomes.map_in_order_async(call, images, max_in_flight)

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
    ) -> AsyncIterator[Outcome[Detections]]:
        """As classify_many, with detect."""
        wanted = tuple(classes)

        async def call(image: ImageLike) -> Detections:
            return await self.detect(
                image,
                score_threshold=score_threshold,
                max_detections=max_detections,
                classes=wanted,
                masks=masks,
                timeout=timeout,
                **options,
            )

        return outcomes.map_in_order_async(call, images, max_in_flight)

    def segment_many(
        self,
        images: Iterable[ImageLike],
        *,
        confidence: bool = False,
        timeout: float | None = None,
        max_in_flight: int = 16,
        **options: Unpack[RequestOptions],
    ) -> AsyncIterator[Outcome[Segmentation]]:
        """As classify_many, with segment."""

        async def call(image: ImageLike) -> Segmentation:
            return await self.segment(image, confidence=confidence, timeout=timeout, **options)

        return outcomes.map_in_order_async(call, images, max_in_flight)

    async def classify_stream(
        self,
        frames: AsyncIterable[ImageLike] | Iterable[ImageLike],
        *,
        top_k: int | None = None,
        newest_wins: bool = False,
        max_in_flight: int | None = None,
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> AsyncIterator[Outcome[Classification]]:
        """As Client.classify_stream; `frames` is taken from by a task."""
        stream = streams.classify(
            top_k=top_k, newest_wins=newest_wins, max_in_flight=max_in_flight, **options
        )
        async with contextlib.aclosing(self._exchange(stream, frames, timeout)) as found:
            async for each in found:
                yield each

    async def detect_stream(
        self,
        frames: AsyncIterable[ImageLike] | Iterable[ImageLike],
        *,
        score_threshold: float | None = None,
        max_detections: int | None = None,
        classes: Iterable[int | str] = (),
        masks: bool = False,
        newest_wins: bool = False,
        max_in_flight: int | None = None,
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> AsyncIterator[Outcome[Detections]]:
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
        async with contextlib.aclosing(self._exchange(stream, frames, timeout)) as found:
            async for each in found:
                yield each

    async def segment_stream(
        self,
        frames: AsyncIterable[ImageLike] | Iterable[ImageLike],
        *,
        confidence: bool = False,
        newest_wins: bool = False,
        max_in_flight: int | None = None,
        timeout: float | None = None,
        **options: Unpack[RequestOptions],
    ) -> AsyncIterator[Outcome[Segmentation]]:
        """As classify_stream, with segment."""
        stream = streams.segment(
            confidence=confidence, newest_wins=newest_wins, max_in_flight=max_in_flight, **options
        )
        async with contextlib.aclosing(self._exchange(stream, frames, timeout)) as found:
            async for each in found:
                yield each

    async def list_models(self, *, timeout: float | None = None) -> tuple[ServedVersion, ...]:
        """Every version served, by model name, then version."""
        request = vision_pb2.ListModelsRequest()
        return results.served_versions(
            await self._connection.call(requests.LIST_MODELS, request, timeout)
        )

    async def get_model(
        self, model: str = "", version: int | str | None = None, *, timeout: float | None = None
    ) -> ServedModel:
        """One version with its classes; arguments as in RequestOptions."""
        request = requests.get_model(model, version)
        return results.served_model(
            await self._connection.call(requests.GET_MODEL, request, timeout)
        )

    async def is_ready(self, model: str = "", *, timeout: float | None = None) -> bool:
        """Whether the server, or one of its models, answers requests now; False also if there is no
        server.

        Raises NotFoundError for a model that the server does not know.
        """
        request = health_pb2.HealthCheckRequest(service=model)
        try:
            response = await self._connection.call(
                requests.CHECK_HEALTH, request, timeout, repeatable=False
            )
        except UnavailableError:
            return False
        return response.status == requests.SERVING

    async def _exchange(
        self,
        stream: FrameStream[Request, Answer, Value],
        frames: AsyncIterable[ImageLike] | Iterable[ImageLike],
        timeout: float | None,
    ) -> AsyncGenerator[Outcome[Value], None]:
        async def messages() -> AsyncIterator[Request]:
            yield stream.first
            if isinstance(frames, AsyncIterable):
                async for image in frames:
                    yield await asyncio.to_thread(stream.frame, image)
            else:
                for image in frames:
                    yield await asyncio.to_thread(stream.frame, image)

        answers = self._connection.exchange(stream.method, messages(), timeout)
        async with contextlib.aclosing(answers):
            async for answer in answers:
                yield stream.outcome(answer)
