"""What a server answers about objects and regions."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from localmamba.errors import invalid
from localmamba.images import ImageLike
from localmamba.results import Timings, timings
from localmamba.run_lengths import RunLengths
from localmamba.v1 import vision_pb2

if TYPE_CHECKING:
    import PIL.Image


@dataclasses.dataclass(frozen=True)
class BoundingBox:
    """In pixels of the image: 0 is the left or top edge of the first one. A box may reach beyond
    the image.
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    @property
    def width(self) -> float:
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        return self.y_max - self.y_min


@dataclasses.dataclass(frozen=True)
class Detection:
    """One object."""

    class_id: int  #: index of its class, from 0
    class_name: str
    score: float  #: 0 to 1
    box: BoundingBox
    run_lengths: RunLengths | None  #: None if masks were not asked for, or the model makes none

    @property
    def mask(self) -> npt.NDArray[np.bool_] | None:
        """Its pixels, of shape (height, width) of the image. Decoded at each use: keep it if you
        need it twice.
        """
        return None if self.run_lengths is None else self.run_lengths.decode()


@dataclasses.dataclass(frozen=True)
class Detections:
    """The objects in one image."""

    objects: tuple[Detection, ...]  #: the highest score first
    image_height: int  #: upright, if the image tells how it was taken
    image_width: int
    model: str
    version: int
    request_id: str
    timings: Timings

    def draw(self, image: ImageLike) -> PIL.Image.Image:
        """`image`, which has to be the one that was asked about, with boxes, masks, labels and a
        legend. Small images come out enlarged. Needs Pillow.
        """
        from localmamba import drawing

        return drawing.draw_detections(image, self)


@dataclasses.dataclass(frozen=True)
class SegmentedClass:
    """A class that occurs in an image."""

    id: int
    name: str
    color: tuple[int, int, int]  #: red, green, blue, 0 to 255
    area: int  #: pixels
    confidence: float | None  #: mean probability of the class there; None if not asked for


@dataclasses.dataclass(frozen=True, eq=False)
class Segmentation:
    """The class of each pixel of one image."""

    labels: npt.NDArray[np.uint16]  #: ids of classes, of shape (height, width)
    classes: tuple[SegmentedClass, ...]  #: those that occur, by id
    model: str
    version: int
    request_id: str
    timings: Timings

    def mask(self, class_id: int) -> npt.NDArray[np.bool_]:
        """The pixels of a class, of shape (height, width)."""
        mask: npt.NDArray[np.bool_] = self.labels == class_id
        return mask

    def draw(self, image: ImageLike) -> PIL.Image.Image:
        """`image`, which has to be the one that was asked about, tinted by class, with names and a
        legend. Small images come out enlarged. Needs Pillow.
        """
        from localmamba import drawing

        return drawing.draw_segmentation(image, self)


def detections(response: vision_pb2.DetectResponse) -> Detections:
    return Detections(
        objects=tuple(map(_detection, response.detections)),
        image_height=response.image_height,
        image_width=response.image_width,
        model=response.model.name,
        version=response.model.number,
        request_id=response.request_id,
        timings=timings(response.timings),
    )


def segmentation(response: vision_pb2.SegmentResponse) -> Segmentation:
    return Segmentation(
        labels=_label_map(response),
        classes=tuple(
            SegmentedClass(
                id=each.id,
                name=each.name,
                color=(each.color.red, each.color.green, each.color.blue),
                area=each.area,
                confidence=each.confidence if each.HasField("confidence") else None,
            )
            for each in response.classes
        ),
        model=response.model.name,
        version=response.model.number,
        request_id=response.request_id,
        timings=timings(response.timings),
    )


def _detection(detection: vision_pb2.Detection) -> Detection:
    box = detection.box
    return Detection(
        class_id=detection.class_id,
        class_name=detection.class_name,
        score=detection.score,
        box=BoundingBox(box.x_min, box.y_min, box.x_max, box.y_max),
        run_lengths=_run_lengths(detection.coco_mask) if detection.HasField("coco_mask") else None,
    )


def _run_lengths(mask: vision_pb2.CocoMask) -> RunLengths:
    height, width = mask.size
    return RunLengths(height, width, mask.counts)


def _label_map(response: vision_pb2.SegmentResponse) -> npt.NDArray[np.uint16]:
    """Of the masks of the classes, each pixel in one of them: all their set runs, in the order of
    the pixels, are the map.
    """
    starts, lengths, ids = [], [], []
    for each in response.classes:
        runs = _run_lengths(each.mask).runs()
        starts.append((np.cumsum(runs) - runs)[1::2])
        lengths.append(runs[1::2])
        ids.append(np.full(len(lengths[-1]), each.id, np.uint16))
    order = np.argsort(np.concatenate(starts))
    flat = np.repeat(np.concatenate(ids)[order], np.concatenate(lengths)[order])
    height, width = response.image_height, response.image_width
    if len(flat) != height * width:
        raise invalid("label map", f"{len(flat)} pixels", f"{height} x {width}")
    return np.ascontiguousarray(flat.reshape(width, height).T)
