"""Masks, label maps and drawn results, without a server."""

import datetime

import numpy as np
import PIL.Image
import pytest

import localmamba
from localmamba import (
    BoundingBox,
    Detection,
    Detections,
    RunLengths,
    SegmentedClass,
    Segmentation,
    Timings,
    dense_results,
)
from localmamba.drawing.label_layout import Rectangle, place_labels
from localmamba.v1 import vision_pb2
from localmamba.drawing.writing import color_of_class

ZERO = datetime.timedelta(0)
TIMINGS = Timings(ZERO, ZERO, ZERO, ZERO, ZERO, 1)
GREY = np.full((480, 640, 3), 128, np.uint8)


def encode(mask):
    """The text of a mask, as COCO's tools write it (rleEncode and rleToString of maskApi.c)."""
    pixels = np.concatenate([[0], mask.T.reshape(-1).astype(np.int8)])
    changes = np.flatnonzero(np.diff(pixels))
    counts = np.diff(np.concatenate([[0], changes, [mask.size]])).tolist()
    text = ""
    for i, count in enumerate(counts):
        number = count - (counts[i - 2] if i > 2 else 0)
        more = True
        while more:
            group = number & 31
            number >>= 5
            more = number != (-1 if group & 16 else 0)
            text += chr(ord("0") + (group | 32 if more else group))
    return text


def detections(objects, height=480, width=640):
    return Detections(tuple(objects), height, width, "m", 1, "", TIMINGS)


def segmentation(labels, classes):
    return Segmentation(labels, tuple(classes), "m", 1, "", TIMINGS)


def detection(box, mask=None):
    run_lengths = None if mask is None else RunLengths(*mask.shape, encode(mask))
    return Detection(3, "motorcycle", 0.9, BoundingBox(*box), run_lengths)


def test_masks_are_decoded():
    random = np.random.default_rng(1)
    for _ in range(100):
        shape = random.integers(1, 60, 2).tolist()
        mask = random.random(shape) < random.choice([0, 0.03, 0.5, 1])
        found = RunLengths(*shape, encode(mask)).decode()
        assert found.dtype == np.bool_
        assert np.array_equal(found, mask)


def test_masks_have_the_form_of_coco():
    run_lengths = RunLengths(2, 3, encode(np.ones((2, 3), np.bool_)))
    assert run_lengths.to_coco() == {"size": [2, 3], "counts": run_lengths.counts}


@pytest.mark.parametrize("text", ["", "P", "\x01", "o" * 40, "5"])
def test_damaged_masks_are_refused(text):
    with pytest.raises(localmamba.InvalidArgumentError, match="mask: found"):
        RunLengths(4, 5, text).decode()


def test_label_maps_are_made_of_the_masks_of_their_classes():
    labels = np.random.default_rng(1).choice(np.array([2, 7, 300], np.uint16), (9, 13))
    response = vision_pb2.SegmentResponse(image_height=9, image_width=13)
    for class_id in (2, 7, 300):
        mask = vision_pb2.CocoMask(size=[9, 13], counts=encode(labels == class_id))
        response.classes.add(id=class_id, mask=mask)
    found = dense_results.segmentation(response)
    assert found.labels.dtype == np.uint16
    assert np.array_equal(found.labels, labels)
    assert np.array_equal(found.mask(7), labels == 7)
    del response.classes[1]
    with pytest.raises(localmamba.InvalidArgumentError, match="label map: found"):
        dense_results.segmentation(response)


def test_boxes_are_drawn_along_their_inside():
    drawn = np.asarray(detections([detection((100, 200, 150, 240))]).draw(GREY))
    for y, x in ((220, 100), (220, 149), (239, 120)):
        assert tuple(drawn[y, x]) == color_of_class(3)
    assert tuple(drawn[220, 125]) == (128, 128, 128)
    assert drawn.shape[0] > 480  # the legend


def test_masks_are_seen_through():
    mask = np.zeros((480, 640), np.bool_)
    mask[220:260, 120:160] = True
    drawn = np.asarray(detections([detection((100, 200, 200, 300), mask)]).draw(GREY))
    assert tuple(drawn[240, 140]) not in ((128, 128, 128), color_of_class(3))
    assert tuple(drawn[270, 180]) == (128, 128, 128)


def test_regions_are_tinted_and_others_stay():
    labels = np.full((480, 640), 7, np.uint16)
    labels[:, :320] = 300
    sky = SegmentedClass(300, "sky", (0, 0, 255), 480 * 320, None)
    drawn = np.asarray(segmentation(labels, [sky]).draw(GREY))
    assert drawn[10, 10, 0] < 100
    assert drawn[10, 10, 2] > 160
    assert tuple(drawn[10, 600]) == (128, 128, 128)
    assert (drawn[:480, :320] == (0, 0, 255)).all(axis=2).any()  # behind the name


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (2000, 2), (64, 64)])
def test_any_size_and_any_box_can_be_drawn(size):
    width, height = size
    image = PIL.Image.new("RGB", size)
    objects = [
        detection((0, 0, 0, 0), np.zeros((height, width), np.bool_)),
        detection((-50, -50, 5000, 5000), np.ones((height, width), np.bool_)),
        detection((width, height, width + 10, height + 10)),
    ]
    assert detections(objects, height, width).draw(image).width >= width
    assert detections([], height, width).draw(image).width >= width
    labels = np.zeros((height, width), np.uint16)
    classes = [SegmentedClass(i, "a name" * i, (1, 2, 3), i, None) for i in range(150)]
    assert segmentation(labels, classes).draw(image).width >= width


def test_photos_are_turned_upright(tmp_path):
    path = tmp_path / "photo.jpg"
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.new("RGB", (640, 480)).save(path, exif=exif)
    found = detections([], 640, 480)
    for image in (path, str(path), path.read_bytes()):
        assert found.draw(image).height == 640
    with pytest.raises(localmamba.InvalidArgumentError, match="found 640 x 480 pixels"):
        found.draw(GREY)


def test_labels_keep_off_each_other_and_inside():
    corners = [(i * 9 % 500, i * 7 % 400) for i in range(100)]
    boxes = [Rectangle(x, y, x + 90, y + 60) for x, y in corners]
    places = [each for each in place_labels(boxes, [(80, 18)] * 100, (640, 480)) if each]
    assert len(places) > 20
    for i, place in enumerate(places):
        assert place.common_area(Rectangle(0, 0, 640, 480)) == 80 * 18
        assert not any(place.common_area(other) for other in places[:i])


# tests/client/overlay/color_test.cc has the same values.
def test_colours_are_those_of_the_command_line():
    assert color_of_class(0) == (38, 151, 255)
    assert color_of_class(1) == (229, 255, 115)
    assert color_of_class(79) == (115, 255, 175)
