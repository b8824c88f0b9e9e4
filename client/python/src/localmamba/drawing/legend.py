"""What the colours of a drawn result mean. Needs Pillow."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import PIL.Image

from localmamba.drawing.writing import Color, write

_MOST_ENTRIES = 36
_LONGEST_NAME = 28
_PAPER = (255, 255, 255)
_INK = (30, 30, 30)


@dataclasses.dataclass(frozen=True)
class LegendEntry:
    color: Color
    name: str
    detail: str = ""


def append_legend(
    picture: PIL.Image.Image, entries: Sequence[LegendEntry], empty: str, text_height: int
) -> PIL.Image.Image:
    """`picture` with a legend beside it, or below if it is wider than high. Entries beyond a few
    dozen are counted in a last line. Without entries the legend is the text `empty`.
    """
    lines = _lines(entries, empty, text_height)
    margin = text_height // 2
    widest = max(line.width for line in lines) + margin
    below = picture.width > picture.height
    if below:
        rows = math.ceil(len(lines) / max(1, (picture.width - margin) // widest))
    else:
        rows = max(1, (picture.height - margin) // text_height)
    columns = math.ceil(len(lines) / rows)
    width = columns * widest + margin
    height = min(rows, len(lines)) * text_height + margin
    if below:
        whole = PIL.Image.new("RGB", (max(picture.width, width), picture.height + height), _PAPER)
        left, top = margin // 2, picture.height + margin // 2
    else:
        whole = PIL.Image.new("RGB", (picture.width + width, max(picture.height, height)), _PAPER)
        left, top = picture.width + margin // 2, margin // 2
    whole.paste(picture)
    for i, line in enumerate(lines):
        whole.paste(line, (left + i // rows * widest, top + i % rows * text_height))
    return whole


def _lines(
    entries: Sequence[LegendEntry], empty: str, text_height: int
) -> list[PIL.Image.Image]:
    if not entries:
        return [write(empty, text_height, _PAPER, _INK)]
    drawn = list(entries)
    if len(entries) > _MOST_ENTRIES:
        more = len(entries) - _MOST_ENTRIES + 1
        drawn = [*entries[: _MOST_ENTRIES - 1], LegendEntry(_PAPER, f"and {more} more")]
    return [_line(entry, text_height) for entry in drawn]


def _line(entry: LegendEntry, text_height: int) -> PIL.Image.Image:
    """A square of the colour and the text beside it."""
    name = entry.name
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 3]}..."
    text = write(f"{name}  {entry.detail}".rstrip(), text_height, _PAPER, _INK)
    side = text_height * 2 // 3
    line = PIL.Image.new("RGB", (text_height + text.width, text_height), _PAPER)
    line.paste(entry.color, (text_height - side, (text_height - side) // 2,
                             text_height, (text_height - side) // 2 + side))  # fmt: skip
    line.paste(text, (text_height, 0))
    return line
