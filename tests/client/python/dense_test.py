"""detect and segment, of Client and of AsyncClient, against a real server."""

import asyncio
import json
import subprocess

import numpy as np
import PIL.Image
import pytest

import localmamba
from localmamba import AsyncClient, Client, Task

TIMEOUT = 60  # long enough for a slow machine: no test waits for it to pass
FRAMES = [np.random.default_rng(i).integers(0, 256, (48, 64, 3), np.uint8) for i in range(6)]
IMAGE = FRAMES[0]
NAMES = {"red", "green", "blue"}


@pytest.fixture(scope="module")
def client(dense_server):
    with Client(dense_server.grpc_target, timeout=TIMEOUT) as client:
        yield client


def run_async(target, use):
    """Runs the coroutine function `use` with a client of its own."""

    async def main():
        async with AsyncClient(target, timeout=TIMEOUT) as client:
            return await use(client)

    return asyncio.run(main())


def test_detects_objects_with_masks(client):
    result = client.detect(IMAGE, model="detector", masks=True, request_id="frame 7")
    assert (result.model, result.version, result.request_id) == ("detector", 1, "frame 7")
    assert (result.image_height, result.image_width) == (48, 64)
    assert 1 <= len(result.objects) <= 10
    scores = [each.score for each in result.objects]
    assert scores == sorted(scores, reverse=True)
    for each in result.objects:
        assert each.class_name in NAMES
        assert each.box.width > 0
        mask = each.mask
        assert mask.shape == (48, 64)
        rows, columns = np.nonzero(mask)
        if len(rows):  # a mask lies in its box, up to the pixels at the edge
            assert columns.min() >= each.box.x_min - 1
            assert columns.max() <= each.box.x_max + 1
            assert rows.min() >= each.box.y_min - 1
            assert rows.max() <= each.box.y_max + 1
    assert result.timings.total.total_seconds() > 0
    assert result.draw(IMAGE).height > 48


def test_detects_what_is_asked_for(client):
    everything = client.detect(IMAGE, model="detector")
    assert all(each.mask is None for each in everything.objects)
    best = client.detect(IMAGE, model="detector", max_detections=1)
    assert best.objects == everything.objects[:1]
    name = best.objects[0].class_name
    some = client.detect(IMAGE, model="detector", classes=[name])
    assert {each.class_name for each in some.objects} == {name}
    middle = everything.objects[len(everything.objects) // 2].score
    above = client.detect(IMAGE, model="detector", score_threshold=middle + 1e-4)
    assert all(each.score > middle for each in above.objects)
    assert client.detect(IMAGE, model="detector", score_threshold=1).objects == ()


def test_segments(client):
    result = client.segment(IMAGE, model="segmenter", confidence=True)
    assert result.labels.shape == (48, 64)
    found, areas = np.unique(result.labels, return_counts=True)
    assert [each.id for each in result.classes] == found.tolist()
    assert [each.area for each in result.classes] == areas.tolist()
    for each in result.classes:
        assert each.name in NAMES
        assert 0 < each.confidence <= 1
    assert client.segment(IMAGE, model="segmenter").classes[0].confidence is None
    assert result.draw(IMAGE).height > 48


def test_the_command_line_finds_the_same(programs, dense_server, client, tmp_path):
    path = tmp_path / "photo.png"
    PIL.Image.fromarray(IMAGE).save(path)

    def run(*arguments):
        command = [programs.client, "--server", dense_server.grpc_target, "--json", *arguments]
        printed = subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT)
        return json.loads(printed.stdout)

    line = run("detect", str(path), "--model", "detector", "--overlay", str(tmp_path / "o.png"))
    expected = client.detect(IMAGE, model="detector").objects
    assert [each["score"] for each in line["detections"]] == [each.score for each in expected]
    with PIL.Image.open(tmp_path / "o.png") as overlay:
        assert overlay.height > 48
    run("segment", str(path), "--model", "segmenter", "--label-map", str(tmp_path / "map.png"))
    with PIL.Image.open(tmp_path / "map.png") as label_map:
        labels = np.asarray(label_map)
    assert np.array_equal(labels, client.segment(IMAGE, model="segmenter").labels)


def test_tells_of_models_and_their_classes(client):
    tasks = {each.model: each.task for each in client.list_models()}
    assert tasks == {"detector": Task.DETECTION, "segmenter": Task.SEGMENTATION}
    served = client.get_model("segmenter")
    assert [(each.id, each.name) for each in served.classes] == [
        (0, "red"),
        (1, "green"),
        (2, "blue"),
    ]
    colors = {each.id: each.color for each in served.classes}
    for each in client.segment(IMAGE, model="segmenter").classes:
        assert each.color == colors[each.id]


def test_asyncio_streams_and_many_images_give_the_same(dense_server, client):
    objects = [client.detect(frame, model="detector", masks=True).objects for frame in FRAMES]
    labels = [client.segment(frame, model="segmenter").labels for frame in FRAMES]

    async def use(client):
        return (
            await client.detect(IMAGE, model="detector", masks=True),
            await client.segment(IMAGE, model="segmenter"),
            await client.get_model("detector"),
            [each async for each in client.detect_many(FRAMES, model="detector", masks=True)],
            [each async for each in client.segment_many(FRAMES, model="segmenter")],
            [each async for each in client.detect_stream(FRAMES, model="detector", masks=True)],
            [each async for each in client.segment_stream(FRAMES, model="segmenter")],
        )

    found, regions, served, *outcomes = run_async(dense_server.grpc_target, use)
    assert found.objects == objects[0]
    assert np.array_equal(regions.labels, labels[0])
    assert len(served.classes) == 3
    detected = [outcomes[0], outcomes[2]]
    segmented = [outcomes[1], outcomes[3]]
    detected.append(list(client.detect_many(FRAMES, model="detector", masks=True)))
    detected.append(list(client.detect_stream(FRAMES, model="detector", masks=True)))
    segmented.append(list(client.segment_many(FRAMES, model="segmenter")))
    segmented.append(list(client.segment_stream(FRAMES, model="segmenter")))
    for each in detected:
        assert [outcome.result().objects for outcome in each] == objects
    for each in segmented:
        assert all(
            np.array_equal(outcome.result().labels, wanted)
            for outcome, wanted in zip(each, labels, strict=True)
        )


def test_errors(client):
    for options, message in [
        ({"score_threshold": 1.5}, "score_threshold: found 1.5, wanted 0 to 1"),
        ({"max_detections": 0}, "max_detections: found 0"),
        ({"classes": [2.5]}, "classes: found 2.5"),
        ({"classes": ["purple"]}, "purple"),
    ]:
        with pytest.raises(localmamba.InvalidArgumentError, match=message):
            client.detect(IMAGE, model="detector", **options)
    with pytest.raises(localmamba.FailedPreconditionError, match="segmentation"):
        client.detect(IMAGE, model="segmenter")
    with pytest.raises(localmamba.FailedPreconditionError, match="detection"):
        client.classify(IMAGE, model="detector")
    outcomes = list(client.detect_stream([IMAGE, b"no image"], model="detector", timeout=TIMEOUT))
    assert outcomes[0].result().objects
    assert isinstance(outcomes[1].error, localmamba.InvalidArgumentError)
