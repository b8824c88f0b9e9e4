"""Where labels go beside the boxes that they belong to: as client/overlay/label_layout.h."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

# What a place costs, for each part of the label's area that covers another box, and for each place
# that would have been nicer.
_BOX_COST = 0.15
_ORDER_COST = 0.02


class Rectangle(NamedTuple):
    """Pixels from (left, top) to before (right, bottom)."""

    left: int
    top: int
    right: int
    bottom: int

    def common_area(self, other: Rectangle) -> int:
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)


def place_labels(
    boxes: Sequence[Rectangle], labels: Sequence[tuple[int, int]], picture: tuple[int, int]
) -> list[Rectangle | None]:
    """A place for each label, the most important of which come first: at a corner of its box,
    within the picture, off the labels before it, and covering as little as can be of boxes other
    than its own. None for a label that finds no such place. Sizes are widths and heights.
    """
    placed: list[Rectangle | None] = []
    for i, size in enumerate(labels):
        best, least = None, 0.0
        for order, place in enumerate(_places(boxes[i], size, picture)):
            if any(other is not None and place.common_area(other) for other in placed):
                continue
            covered = sum(place.common_area(box) for j, box in enumerate(boxes) if j != i)
            cost = _BOX_COST * covered + _ORDER_COST * order * size[0] * size[1]
            if best is None or cost < least:
                best, least = place, cost
        placed.append(best)
    return placed


def _places(
    box: Rectangle, size: tuple[int, int], picture: tuple[int, int]
) -> Iterator[Rectangle]:
    """Corners of the box, the nicest first, moved into the picture."""
    width, height = size
    if width > picture[0] or height > picture[1]:
        return
    right, above, low = box.right - width, box.top - height, box.bottom - height
    for x, y in (
        (box.left, above),
        (box.left, box.top),
        (right, above),
        (box.left, box.bottom),
        (right, box.bottom),
        (right, box.top),
        (box.left, low),
        (right, low),
    ):
        x = min(max(x, 0), picture[0] - width)
        y = min(max(y, 0), picture[1] - height)
        yield Rectangle(x, y, x + width, y + height)
