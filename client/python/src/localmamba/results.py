"""What a server answers about images and about itself."""

from __future__ import annotations

import dataclasses
import datetime
import enum

import numpy as np
import numpy.typing as npt

from localmamba.v1 import vision_pb2


@dataclasses.dataclass(frozen=True)
class ClassScore:
    """One class of a classifier."""

    id: int  #: index of the class, from 0
    name: str
    score: float  #: softmax probability, 0 to 1


@dataclasses.dataclass(frozen=True)
class Timings:
    """Where the time went inside the server, without the network."""

    preprocess: datetime.timedelta  #: decoding and resizing, with the wait for a thread to do it
    queue: datetime.timedelta  #: the wait for a batch to be launched
    compute: datetime.timedelta  #: the network, for the whole batch
    postprocess: datetime.timedelta
    total: datetime.timedelta  #: from the request's arrival to the answer
    batch_size: int  #: images in the batch that held this one


@dataclasses.dataclass(frozen=True)
class Classification:
    """The most likely classes of one image."""

    classes: tuple[ClassScore, ...]  #: the most likely first; at least one
    model: str
    version: int
    request_id: str
    timings: Timings

    @property
    def best(self) -> ClassScore:
        return self.classes[0]


@dataclasses.dataclass(frozen=True, eq=False)
class Embedding:
    """The pooled features of one image: what the classifier's linear layer sees."""

    features: npt.NDArray[np.float32]  #: one for each channel of the network's last layer
    model: str
    version: int
    request_id: str
    timings: Timings


class Task(enum.Enum):
    """What a model does. The values are those of localmamba.v1.ServedVersion.Task."""

    UNSPECIFIED = 0
    CLASSIFICATION = 1  #: classify and embed
    FEATURES = 2  #: feature maps for a dense head


@dataclasses.dataclass(frozen=True)
class ServedVersion:
    """One version of one model that the server holds."""

    model: str
    version: int
    labels: tuple[str, ...]  #: that point at this version, sorted
    task: Task
    num_classes: int  #: 0 without a classifier
    input_height: int  #: of the image that the network sees, after resize and crop
    input_width: int
    ready: bool  #: requests are answered now
    description: str


def classification(response: vision_pb2.ClassifyResponse) -> Classification:
    return Classification(
        classes=tuple(
            ClassScore(id=each.id, name=each.name, score=each.score) for each in response.classes
        ),
        model=response.model.name,
        version=response.model.number,
        request_id=response.request_id,
        timings=_timings(response.timings),
    )


def embedding(response: vision_pb2.EmbedResponse) -> Embedding:
    return Embedding(
        features=np.array(response.features, dtype=np.float32),
        model=response.model.name,
        version=response.model.number,
        request_id=response.request_id,
        timings=_timings(response.timings),
    )


def served_versions(response: vision_pb2.ListModelsResponse) -> tuple[ServedVersion, ...]:
    return tuple(
        ServedVersion(
            model=each.model,
            version=each.version,
            labels=tuple(each.labels),
            task=Task(each.task),
            num_classes=each.num_classes,
            input_height=each.input_height,
            input_width=each.input_width,
            ready=each.ready,
            description=each.description,
        )
        for each in response.versions
    )


def _timings(timings: vision_pb2.Timings) -> Timings:
    return Timings(
        preprocess=timings.preprocess.ToTimedelta(),
        queue=timings.queue.ToTimedelta(),
        compute=timings.compute.ToTimedelta(),
        postprocess=timings.postprocess.ToTimedelta(),
        total=timings.total.ToTimedelta(),
        batch_size=timings.batch_size,
    )
