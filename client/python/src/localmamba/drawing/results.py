"""Results as pictures."""

from __future__ import annotations

import collections
import io
import math
import os
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw
import PIL.ImageOps

from localmamba.errors import invalid
from localmamba.images import ImageLike
from localmamba.drawing.label_layout import Rectangle, place_labels
from localmamba.drawing.legend import LegendEntry, append_legend
from localmamba.drawing.writing import Color, color_of_class, write

if TYPE_CHECKING:
    from localmamba.dense_results import Detection, Detections, Segmentation, SegmentedClass

Mask: TypeAlias = npt.NDArray[np.bool_]
Pixels: TypeAlias = npt.NDArray[np.uint8]
Part: TypeAlias = "tuple[slice, slice]"  # rows and columns

_MASK_OPACITY = 0.45
_REGION_OPACITY = 0.55
_BORDER_OPACITY = 0.8
_OUTLINE = (20, 20, 20)
_BORDER = (255, 255, 255)


class _Sheet:
    """A copy of an image, large enough that writing on it can be read."""

    def __init__(self, image: PIL.Image.Image) -> None:
        size = math.sqrt(image.width * image.height)
        longest = max(2400 // max(image.size), 1)  # no side grows beyond 2400 pixels
        self.enlargement = min(max(round(500 / size), 1), longest)
        enlarged = (image.width * self.enlargement, image.height * self.enlargement)
        self.pixels: Pixels = np.array(image.resize(enlarged, PIL.Image.Resampling.BICUBIC))
        self.text_height = min(max(round(0.031 * size * self.enlargement), 17), 96)
        self.line_width = max(2, self.text_height // 9)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def enlarge(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Each element of `array` as often as each pixel of the image."""
        return array.repeat(self.enlargement, axis=0).repeat(self.enlargement, axis=1)

    def part(self, where: Part) -> Pixels:
        """Of the sheet, where that is in the image; writing to it changes the sheet."""
        rows, columns = (
            slice(each.start * self.enlargement, each.stop * self.enlargement) for each in where
        )
        return self.pixels[rows, columns]

    def finish(
        self, labels: Sequence[PIL.Image.Image], places: Sequence[Rectangle | None]
    ) -> PIL.Image.Image:
        """The image with `labels`, the first of them on top."""
        image = PIL.Image.fromarray(self.pixels)
        for label, place in reversed(list(zip(labels, places, strict=True))):
            if place is not None:
                image.paste(label, (place.left, place.top))
        return image


def draw_detections(image: ImageLike, found: Detections) -> PIL.Image.Image:
    """See Detections.draw."""
    sheet = _Sheet(_open(image, (found.image_width, found.image_height)))
    for each in reversed(found.objects):
        mask = each.mask
        if mask is None:
            continue
        where = _surroundings(mask)
        part, pixels = sheet.enlarge(mask[where]), sheet.part(where)
        color = color_of_class(each.class_id)
        _tint(pixels, part, color, _MASK_OPACITY)
        _tint(pixels, _edge(part, max(1, sheet.line_width // 2)), color, 1)
    boxes = [_box_on(sheet, each) for each in found.objects]
    with_boxes = PIL.Image.fromarray(sheet.pixels)
    for each, box in reversed(list(zip(found.objects, boxes, strict=True))):
        _draw_box(with_boxes, box, color_of_class(each.class_id), sheet.line_width)
    sheet.pixels = np.array(with_boxes)
    labels = [
        write(f"{_name(each)} {each.score:.2f}", sheet.text_height, color_of_class(each.class_id))
        for each in found.objects
    ]
    places = place_labels(boxes, [label.size for label in labels], sheet.size)
    counts = collections.Counter((each.class_id, _name(each)) for each in found.objects)
    legend = [
        LegendEntry(color_of_class(class_id), name, str(count))
        for (class_id, name), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    return append_legend(sheet.finish(labels, places), legend, "no objects", sheet.text_height)


def draw_segmentation(image: ImageLike, found: Segmentation) -> PIL.Image.Image:
    """See Segmentation.draw."""
    height, width = found.labels.shape
    sheet = _Sheet(_open(image, (width, height)))
    large = sheet.enlarge(found.labels)
    classes = sorted(found.classes, key=lambda each: (-each.area, each.id))
    _tint_classes(sheet.pixels, large, classes)
    boxes, labels = [], []
    for each in classes:
        center = _center(large == each.id, sheet.text_height)
        if center is not None:
            label = write(_region_name(each), sheet.text_height, each.color)
            left, top = center[0] - label.width // 2, center[1] - label.height // 2
            boxes.append(Rectangle(left, top, left + label.width, top + label.height))
            labels.append(label)
    borders = _borders(large, sheet.line_width // 2)
    _tint(sheet.pixels, borders, _BORDER, _BORDER_OPACITY)
    places = place_labels(boxes, [label.size for label in labels], sheet.size)
    legend = [
        LegendEntry(each.color, _region_name(each), _share(each.area / found.labels.size))
        for each in classes
    ]
    return append_legend(sheet.finish(labels, places), legend, "no classes", sheet.text_height)


def _open(image: ImageLike, wanted: tuple[int, int]) -> PIL.Image.Image:
    """As the server saw it."""
    if isinstance(image, (bytes, bytearray, memoryview)):
        image = PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(image)))
    elif isinstance(image, (str, os.PathLike)):
        image = PIL.ImageOps.exif_transpose(PIL.Image.open(pathlib.Path(image)))
    elif isinstance(image, np.ndarray):
        image = PIL.Image.fromarray(image)
    if image.size != wanted:
        raise invalid("image", f"{image.width} x {image.height} pixels", "%d x %d" % wanted)
    return image.convert("RGB")


def _name(found: Detection) -> str:
    return found.class_name or f"class {found.class_id}"


def _region_name(found: SegmentedClass) -> str:
    return found.name or f"class {found.id}"


def _share(share: float) -> str:
    return "<0.1%" if share < 0.0005 else f"{share:.1%}"


def _box_on(sheet: _Sheet, found: Detection) -> Rectangle:
    """In pixels of the sheet, cut off at its edges, at least one pixel."""
    width, height = sheet.size

    def place(value: float, end: int) -> int:
        return round(min(max(value * sheet.enlargement, 0), end))

    left, top = place(found.box.x_min, width - 1), place(found.box.y_min, height - 1)
    return Rectangle(
        left,
        top,
        max(left + 1, place(found.box.x_max, width)),
        max(top + 1, place(found.box.y_max, height)),
    )


def _draw_box(image: PIL.Image.Image, box: Rectangle, color: Color, width: int) -> None:
    """A dark line around the coloured one makes it stand out on any background."""
    canvas = PIL.ImageDraw.Draw(image)
    right, bottom = max(box.left, box.right - 1), max(box.top, box.bottom - 1)
    outside = (box.left - 1, box.top - 1, right + 1, bottom + 1)
    canvas.rectangle(outside, outline=_OUTLINE, width=width + 2)
    canvas.rectangle((box.left, box.top, right, bottom), outline=color, width=width)


def _surroundings(mask: Mask) -> Part:
    """The part of `mask` that has all that is set."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _tint(pixels: Pixels, mask: Mask, color: Color, opacity: float) -> None:
    mixed = pixels[mask] * (1 - opacity) + np.array(color) * opacity
    pixels[mask] = np.rint(mixed).astype(np.uint8)


def _tint_classes(
    pixels: Pixels, labels: npt.NDArray[np.uint16], classes: Sequence[SegmentedClass]
) -> None:
    """Of other classes than `classes`, pixels stay as they are."""
    colors = np.zeros((1 + int(labels.max()), 3), np.float32)
    opacity = np.zeros((len(colors), 1), np.float32)
    for each in classes:
        if each.id < len(colors):
            colors[each.id], opacity[each.id] = each.color, _REGION_OPACITY
    pixels[:] = np.rint(pixels * (1 - opacity)[labels] + (colors * opacity)[labels])


def _edge(mask: Mask, width: int) -> Mask:
    """The pixels of `mask` that are no farther than `width` from others."""
    inside = np.pad(mask, width)
    for axis in (0, 1):
        size = inside.shape[axis] - 2 * width
        inside = np.logical_and.reduce(
            [inside.take(range(i, i + size), axis) for i in range(2 * width + 1)]
        )
    return mask & ~inside


def _borders(labels: npt.NDArray[np.uint16], width: int) -> Mask:
    """Where a pixel is of another class than one beside it, `width` pixels wide."""
    borders = np.zeros(labels.shape, np.bool_)
    for i in range(1, width + 1):
        borders[:, i:] |= labels[:, i:] != labels[:, :-i]
        borders[i:, :] |= labels[i:, :] != labels[:-i, :]
    return borders


def _center(region: Mask, text_height: int) -> tuple[int, int] | None:
    """The middle, as x and y, of the largest square that lies in the region; None if a name has no
    room there.
    """
    # Every few pixels will do: large pictures have large letters.
    coarse = max(1, text_height // 8)
    region = region[::coarse, ::coarse]
    least = 2 * text_height // coarse
    if np.count_nonzero(region) < least * least:
        return None
    # Where squares of `size` begin that lie in the region, for growing sizes.
    inside, size, step = region, 1, 1
    while (larger := _overlap(inside, step)) is not None:
        inside, size, step = larger, size + step, size + step
    while step > 1:
        step //= 2
        if (larger := _overlap(inside, step)) is not None:
            inside, size = larger, size + step
    if size < least:
        return None
    rows, columns = np.nonzero(inside)
    middle = len(rows) // 2
    x, y = int(columns[middle]) + size // 2, int(rows[middle]) + size // 2
    return x * coarse, y * coarse


def _overlap(inside: Mask, step: int) -> Mask | None:
    """Where `inside` is set both here and `step` further down, to the right, and both; None if that
    is nowhere.
    """
    if min(inside.shape) <= step:
        return None
    upper, lower = inside[:-step], inside[step:]
    overlap: Mask = upper[:, :-step] & lower[:, :-step] & upper[:, step:] & lower[:, step:]
    return overlap if overlap.any() else None
