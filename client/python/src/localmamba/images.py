"""From the pictures that Python programs have to those of the protocol."""

from __future__ import annotations

import os
import pathlib
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from localmamba.errors import invalid
from localmamba.v1 import vision_pb2

if TYPE_CHECKING:
    import PIL.Image

#: A picture:
#: - a path, as `str` or `pathlib.Path`, or the bytes of a JPEG, PNG or WebP file: sent as it is, so
#:   that the server decodes it and turns it upright as its EXIF data says;
#: - a NumPy array of shape (height, width, 3) and type uint8: red, green and blue;
#: - an image of Pillow: its pixels as they are, converted to RGB, without its alpha channel.
ImageLike: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | npt.NDArray[Any] | PIL.Image.Image"
)

_WANTED = "a path, the bytes of an image file, a NumPy array or an image of Pillow"


def to_message(image: ImageLike) -> vision_pb2.Image:
    """Raises InvalidArgumentError if `image` is none of an ImageLike, and OSError if its file
    cannot be read.
    """
    if isinstance(image, (str, os.PathLike)):
        return _encoded(pathlib.Path(image).read_bytes(), str(image))
    if isinstance(image, (bytes, bytearray, memoryview)):
        return _encoded(bytes(image), "image")
    if isinstance(image, np.ndarray):
        return _raw(image)
    pillow = sys.modules.get("PIL.Image")  # an image of Pillow exists only if that is loaded
    if pillow is not None and isinstance(image, pillow.Image):
        if image.mode.startswith(("I", "F")):  # Pillow would cut their values off at 255
            raise invalid(
                "image", f"a Pillow image of mode {image.mode}", "one with 8 bits a channel"
            )
        return _raw(np.asarray(image.convert("RGB")))
    raise invalid("image", f"an object of type {type(image).__name__}", _WANTED)


def _encoded(data: bytes, name: str) -> vision_pb2.Image:
    if not data:
        raise invalid(name, "0 bytes", "a JPEG, PNG or WebP file")
    return vision_pb2.Image(encoded=data)


def _raw(pixels: npt.NDArray[Any]) -> vision_pb2.Image:
    shape = pixels.shape
    if pixels.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
        raise invalid(
            "image",
            f"an array of shape {shape} and type {pixels.dtype}",
            "shape (height, width, 3) and type uint8",
        )
    return vision_pb2.Image(
        raw=vision_pb2.RawImage(height=shape[0], width=shape[1], rgb=pixels.tobytes())
    )
