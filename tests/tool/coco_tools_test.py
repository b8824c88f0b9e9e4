"""`localmamba_tool evaluate` of a detector gives the numbers of pycocotools for the same detections."""

import json
import pathlib
import subprocess

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

# pycocotools 2.0.11 with NumPy 2; tests/pytest.ini makes errors of warnings.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# Untrained, it is unsure of everything, so that it finds a lot.
SPEC = {
    "task": "TASK_DETECTION",
    "local_vmamba": {
        "scan": {"layers": [{"directions": ["h", "v"]}, {"directions": ["w2", "h_flip"]}]},
        "dims": [8, 16],
        "depths": [1, 1],
        "num_classes": 0,
        "out_indices": [0, 1],
    },
    "detection": {
        "num_classes": 3,
        "channels": 8,
        "box_fc_width": 16,
        "mask_convs": 1,
        "max_proposals": 100,
        "score_threshold": 0.01,
        "max_detections": 40,
    },
    "preprocess": {"keep_ratio": {"long_side": 160, "short_side": 96}},
}
CATEGORIES = [{"id": 9, "name": "cat"}, {"id": 4, "name": "dog"}, {"id": 7, "name": "emu"}]
SIZES = [(150, 200), (120, 90), (260, 300), (64, 64), (200, 150), (150, 200), (40, 300)]

# As COCOeval.summarize orders them.
NUMBERS = [
    "ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large",
    "ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large",
]  # fmt: skip


class Data:
    """A folder with a model, images and annotations."""

    def __init__(self, tool: str, folder: pathlib.Path):
        self.tool = tool
        self.folder = folder
        self.annotations = folder / "instances.json"
        random = np.random.default_rng(5)
        self.images = []
        for number, (height, width) in enumerate(SIZES):
            name = f"{number}.png"
            noise = random.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
            Image.fromarray(noise).resize((width, height)).save(folder / name)
            self.images.append(
                {"id": 100 - 7 * number, "file_name": name, "height": height, "width": width}
            )
        (folder / "spec.json").write_text(json.dumps(SPEC))
        self.run("init", "--spec", str(folder / "spec.json"), "--out", str(folder / "model"))

    def run(self, *arguments: str) -> str:
        done = subprocess.run([self.tool, *arguments], check=True, stdout=subprocess.PIPE)
        return done.stdout.decode()

    def write_annotations(self, objects: list[dict]) -> None:
        document = {"images": self.images, "annotations": objects, "categories": CATEGORIES}
        self.annotations.write_text(json.dumps(document))

    def evaluate(self, *flags: str) -> dict:
        """Also writes the results, to found.bbox.json and found.segm.json."""
        return json.loads(
            self.run(
                "evaluate", str(self.folder / "model"), "--data", str(self.folder), "--annotations",
                str(self.annotations), "--json", "--results", str(self.folder / "found"), *flags,
            )  # fmt: skip
        )

    def results(self, kind: str) -> str:
        return str(self.folder / f"found.{kind}.json")


def objects_near(results: str) -> list[dict]:
    """Objects that some of the results find well, some badly and some not at all."""
    random = np.random.default_rng(6)
    objects = []
    for found in json.loads(pathlib.Path(results).read_text()):
        mask = coco_mask.decode(found["segmentation"])
        mask = np.roll(mask, random.choice([0, 0, 0, 1, 5], 2), (0, 1))
        if random.random() < 0.5 or not mask.any():
            continue
        runs = coco_mask.encode(np.asfortranarray(mask))
        x, y, width, height = coco_mask.toBbox(runs).tolist()
        segmentation = {"size": runs["size"], "counts": runs["counts"].decode()}
        if random.random() < 0.3:
            segmentation = [[x, y, x + width, y + 0.7, x + width, y + height, x, y + height]]
        objects.append(
            {
                "id": len(objects) + 1,
                "image_id": found["image_id"],
                "category_id": int(random.choice([found["category_id"], 4])),
                "bbox": [x, y, width, height],
                "area": float(mask.sum()),
                "iscrowd": int(isinstance(segmentation, dict) and random.random() < 0.1),
                "segmentation": segmentation,
            }
        )
    return objects


@pytest.fixture(scope="module")
def data(programs, tmp_path_factory) -> Data:
    data = Data(programs.tool, tmp_path_factory.mktemp("coco"))
    data.write_annotations([])
    data.evaluate()
    data.write_annotations(objects_near(data.results("segm")))
    return data


def official_numbers(annotations: pathlib.Path, results: str, kind: str) -> list[float]:
    truth = COCO(str(annotations))
    evaluation = COCOeval(truth, truth.loadRes(results), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats.tolist()


def test_numbers_are_those_of_pycocotools(data):
    report = data.evaluate()
    assert report["images"] == len(SIZES)
    assert report["objects"] > 50
    for key, kind in (("box", "bbox"), ("mask", "segm")):
        expected = official_numbers(data.annotations, data.results(kind), kind)
        assert 0.05 < expected[0] < 0.95  # neither is trivial
        # The same sums in another order.
        assert [report[key][number] for number in NUMBERS] == pytest.approx(expected, abs=1e-12)


def test_batches_find_the_same(data):
    alone = data.evaluate()
    together = data.evaluate("--batch", "3")
    for report in (alone, together):
        del report["seconds"]
    assert alone == together
