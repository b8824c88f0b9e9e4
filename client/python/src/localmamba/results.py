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
    FEATURES = 2  #: feature maps for a dense head of another model
    DETECTION = 3  #: detect
    SEGMENTATION = 4  #: segment


@dataclasses.dataclass(frozen=True)
class ServedVersion:
    """One version of one model that the server holds."""

    model: str
    version: int
    labels: tuple[str, ...]  #: that point at this version, sorted
    task: Task
    num_classes: int  #: 0 if it has features alone
    #: of the image that the network sees, after resize and crop; 0 if images keep their proportions
    input_height: int
    input_width: int
    ready: bool  #: requests are answered now
    description: str


@dataclasses.dataclass(frozen=True)
class ModelClass:
    """One class that a model tells apart."""

    id: int  #: from 0
    name: str  #: empty if the version has no labels
    color: tuple[int, int, int]  #: for drawing: red, green, blue, 0 to 255


@dataclasses.dataclass(frozen=True)
class ServedModel:
    """One version with its classes."""

    version: ServedVersion
    classes: tuple[ModelClass, ...]  #: by id; none if it has features alone


def classification(response: vision_pb2.ClassifyResponse) -> Classification:
    return Classification(
        classes=tuple(
            ClassScore(id=each.id, name=each.name, score=each.score) for each in response.classes
        ),
        model=response.model.name,
        version=response.model.number,
        request_id=response.request_id,
        timings=timings(response.timings),
    )


def embedding(response: vision_pb2.EmbedResponse) -> Embedding:
    return Embedding(
        features=np.array(response.features, dtype=np.float32),
        model=response.model.name,
        version=response.model.number,
        request_id=response.request_id,
        timings=timings(response.timings),
    )


def served_versions(response: vision_pb2.ListModelsResponse) -> tuple[ServedVersion, ...]:
    return tuple(map(_served_version, response.versions))


def served_model(response: vision_pb2.GetModelResponse) -> ServedModel:
    return ServedModel(
        version=_served_version(response.version),
        classes=tuple(
            ModelClass(each.id, each.name, (each.color.red, each.color.green, each.color.blue))
            for each in response.classes
        ),
    )


def _served_version(served: vision_pb2.ServedVersion) -> ServedVersion:
    return ServedVersion(
        model=served.model,
        version=served.version,
        labels=tuple(served.labels),
        task=Task(served.task),
        num_classes=served.num_classes,
        input_height=served.input_height,
        input_width=served.input_width,
        ready=served.ready,
        description=served.description,
    )


def timings(message: vision_pb2.Timings) -> Timings:
    return Timings(
        preprocess=message.preprocess.ToTimedelta(),
        queue=message.queue.ToTimedelta(),
        compute=message.compute.ToTimedelta(),
        postprocess=message.postprocess.ToTimedelta(),
        total=message.total.ToTimedelta(),
        batch_size=message.batch_size,
    )
