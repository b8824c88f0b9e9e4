"""Text and colours of drawn results. Needs Pillow."""

from __future__ import annotations

import colorsys
import functools
from typing import TypeAlias

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

Color: TypeAlias = "tuple[int, int, int]"

_TEXT_SHARE = 0.72  # size of the font within the height of a line


def color_of_class(class_id: int) -> Color:
    """For objects: bright, and far apart for ids that are near each other; the colours of
    client/overlay/color.h.
    """
    hue = (0.58 + class_id * 0.6180339887498949) % 1
    value = 0.72 if class_id % 3 == 2 else 1.0
    saturation = 0.55 if class_id % 3 == 1 else 0.85
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def readable_on(background: Color) -> Color:
    """Black or white, whichever has the greater contrast ratio of WCAG 2."""
    weights = (0.2126, 0.7152, 0.0722)
    luminance = sum(
        weight * (value / 255) ** 2.2 for weight, value in zip(weights, background, strict=True)
    )
    return (0, 0, 0) if luminance > 0.18 else (255, 255, 255)


def write(
    text: str, height: int, background: Color, letters: Color | None = None
) -> PIL.Image.Image:
    """A strip `height` pixels high and as wide as the text needs."""
    font = _font(height)
    margin = height // 4
    strip = PIL.Image.new("RGB", (round(font.getlength(text)) + 2 * margin, height), background)
    PIL.ImageDraw.Draw(strip).text(
        (margin, height / 2), text, letters or readable_on(background), font, anchor="lm"
    )
    return strip


@functools.lru_cache(maxsize=4)
def _font(height: int) -> PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont:
    return PIL.ImageFont.load_default(height * _TEXT_SHARE)
