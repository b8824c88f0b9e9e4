"""What a picture may be, and what is said of anything else before it is sent."""

import io
import pathlib

import numpy as np
import PIL.Image
import pytest

import localmamba
from localmamba import requests
from localmamba.images import to_message

PIXELS = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)


def png(image: PIL.Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_pixels_are_sent_row_by_row():
    raw = to_message(PIXELS).raw
    assert (raw.height, raw.width, raw.rgb) == (2, 4, PIXELS.tobytes())


def test_views_are_sent_as_they_look():
    assert to_message(PIXELS[::-1, ::2]).raw.rgb == PIXELS[::-1, ::2].copy().tobytes()


def test_files_are_sent_as_they_are(tmp_path):
    path = tmp_path / "image.png"
    data = png(PIL.Image.fromarray(PIXELS))
    path.write_bytes(data)
    for image in (path, str(path), data, bytearray(data), memoryview(data)):
        assert to_message(image).encoded == data


@pytest.mark.parametrize("mode", ["1", "CMYK", "L", "LA", "P", "RGB", "RGBA", "YCbCr"])
def test_images_of_pillow_become_rgb(mode):
    image = PIL.Image.fromarray(PIXELS).convert(mode)
    raw = to_message(image).raw
    assert (raw.height, raw.width) == (2, 4)
    assert raw.rgb == image.convert("RGB").tobytes()


@pytest.mark.parametrize(
    "image, message",
    [
        (
            PIXELS.astype(np.float32),
            r"found an array of shape \(2, 4, 3\) and type float32, wanted shape \(height, "
            r"width, 3\) and type uint8",
        ),
        (PIXELS[:, :, 0], r"found an array of shape \(2, 4\)"),
        (PIXELS.transpose(2, 0, 1), r"found an array of shape \(3, 2, 4\)"),
        (PIXELS[None], r"found an array of shape \(1, 2, 4, 3\)"),
        (PIXELS[:0], r"found an array of shape \(0, 4, 3\)"),
        (
            PIL.Image.new("I;16", (4, 2)),
            "found a Pillow image of mode I;16, wanted one with 8 bits a channel",
        ),
        (PIL.Image.new("F", (4, 2)), "found a Pillow image of mode F"),
        (b"", "found 0 bytes, wanted a JPEG, PNG or WebP file"),
        (7, "found an object of type int, wanted a path"),
        (PIXELS.tolist(), "found an object of type list"),
    ],
)
def test_anything_else_is_refused_by_name(image, message):
    with pytest.raises(localmamba.InvalidArgumentError, match=f"image: {message}"):
        to_message(image)


def test_a_file_that_is_not_there_is_an_ordinary_error():
    with pytest.raises(FileNotFoundError):
        to_message(pathlib.Path("/nowhere/cat.jpg"))


def test_other_arguments_are_checked_before_the_wire():
    with localmamba.Client("127.0.0.1:1") as client:
        for arguments, message in [
            ({"version": 0}, "version: found 0, wanted a number from 1, a label or None"),
            ({"version": ""}, "version: found ''"),
            ({"version": True}, "version: found True"),
            ({"top_k": 0}, "top_k: found 0, wanted at least 1"),
            ({"priority": -1}, "priority: found -1, wanted at least 0"),
            ({"queue_timeout": 0}, "queue_timeout: found 0, wanted a number of seconds above 0"),
            ({"timeout": 0}, "timeout: found 0, wanted a number of seconds above 0"),
            ({"timeout": float("inf")}, "timeout: found inf"),
        ]:
            with pytest.raises(localmamba.InvalidArgumentError, match=message):
                client.classify(PIXELS, **arguments)
        with pytest.raises(
            localmamba.InvalidArgumentError, match="max_in_flight: found 0, wanted at least 1"
        ):
            client.classify_many([PIXELS], max_in_flight=0)
    with pytest.raises(localmamba.InvalidArgumentError, match="load_balancing: found 'random'"):
        localmamba.Client("127.0.0.1:1", load_balancing="random")


def test_an_option_that_there_is_not_is_no_silent_default():
    with localmamba.Client("127.0.0.1:1") as client:
        for call in (client.classify, client.embed):
            with pytest.raises(TypeError, match="unexpected keyword arguments: modell"):
                call(PIXELS, modell="tiny")


def test_options_reach_the_request():
    options = {"model": "tiny", "version": "stable", "priority": 2, "queue_timeout": 0.25}
    for request in (
        requests.classify(PIXELS, top_k=3, request_id="7", **options),
        requests.embed(PIXELS, request_id="7", **options),
    ):
        assert (request.model.name, request.model.label) == ("tiny", "stable")
        assert (request.priority, request.request_id) == (2, "7")
        assert request.queue_timeout.ToMilliseconds() == 250
    assert requests.classify(PIXELS, top_k=3).top_k == 3
    assert requests.classify(PIXELS, version=4).model.number == 4
    plain = requests.classify(PIXELS)
    assert not plain.HasField("queue_timeout")
    assert not plain.HasField("top_k")
    assert plain.model.WhichOneof("version") is None
