"""From images to a served model, with the real trainer: search, a kill, resumption, label, answers.

Usage: training_process_test.py SOURCE_DIR SERVER TOOL CLIENT [unittest options]

The trainer is the one beside SERVER.
"""

import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

from server_process import ServerProcess

TIMEOUT_S = 240
SIDE = 16
CLASSES = 4
RUN = {
    "model": {
        "local_vim": {
            "scan": {"d_state": 4, "layers": [{"directions": ["h"]}, {"directions": ["h"]}]},
            "image_height": SIDE, "image_width": SIDE, "patch_size": 4, "embed_dim": 16},
        "preprocess": {"resize_short_side": SIDE, "crop_height": SIDE, "crop_width": SIDE}},
    "recipe": {
        "epochs": 6, "batch_size": 16, "label_smoothing": 0, "drop_path": 0,
        "optimizer": {"learning_rate": 0.01, "weight_decay": 0.01, "clip_norm": 1},
        "schedule": {"warmup_epochs": 0.5, "warmup_learning_rate": 1e-3, "final_learning_rate": 1e-4},
        "augmentation": {"crop_padding": 1, "flip": 0, "rand_augment_operations": 0, "color_jitter": 0,
                         "random_erasing": 0, "mixup_alpha": 0, "cutmix_alpha": 0}},
    "search": {"candidates": ["h", "v", "w2"], "directions_per_layer": 2},
}


def png(pixels: bytes) -> bytes:
    """An RGB image of SIDE x SIDE."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + pixels[y * SIDE * 3:(y + 1) * SIDE * 3] for y in range(SIDE))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_images(folder: pathlib.Path, count: int, source: random.Random) -> None:
    """`count` images of each class: noise, with one quarter brighter."""
    for label in range(CLASSES):
        (folder / f"c{label}").mkdir(parents=True)
        for i in range(count):
            pixels = bytes(source.randrange(96) + (128 if y // 8 * 2 + x // 8 == label else 32)
                           for y in range(SIDE) for x in range(SIDE) for _ in range(3))
            (folder / f"c{label}" / f"{i}.png").write_bytes(png(pixels))


class TrainingProcessTest(unittest.TestCase):
    def client(self, server: ServerProcess, *arguments: str) -> str:
        result = subprocess.run([CLIENT, "--server", server.grpc_target, "--admin", server.admin_target,
                                 *arguments], capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def kill_trainer_after_its_first_checkpoint(self, server: ServerProcess, jobs: pathlib.Path) -> dict:
        watch = subprocess.Popen([CLIENT, "--admin", server.admin_target, "jobs", "watch", "job-1", "--json"],
                                 stdout=subprocess.PIPE, text=True)
        killed = False
        with watch:
            for line in watch.stdout:
                job = json.loads(line)
                if "checkpoint" in job and not killed:
                    os.kill(int((jobs / "job-1/lock").read_text()), signal.SIGKILL)
                    killed = True
        return job

    def test_a_search_becomes_a_model_that_answers(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        source = random.Random(1)
        write_images(folder / "data/train", 24, source)
        write_images(folder / "data/val", 8, source)
        (folder / "run.json").write_text(json.dumps({**RUN, "data": {"path": "data"}}))
        repository = folder / "models"
        repository.mkdir()
        with ServerProcess(SERVER, repository, "--drain-delay", "0s") as server:
            # The path of the data is relative to the run of the client.
            subprocess.run([CLIENT, "--admin", server.admin_target, "jobs", "submit", "run.json",
                            "--model", "quarters"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            job = self.kill_trainer_after_its_first_checkpoint(server, repository / ".jobs")
            self.assertEqual(job["state"], "JOB_STATE_FAILED")
            self.assertIn("killed by signal 9", job["message"])
            self.client(server, "jobs", "resume", "job-1")
            watched = self.client(server, "jobs", "watch", "job-1", "--curve")
            self.assertIn("version 1 of quarters", watched)
            self.assertIn("+ top-1 accuracy", watched)
            self.client(server, "models", "label", "quarters", "1", "stable")
            right = 0
            for label in range(CLASSES):
                images = [str(path) for path in (folder / f"data/val/c{label}").iterdir()]
                answers = self.client(server, "classify", "--json", "--model", "quarters", "--version",
                                      "stable", *images).splitlines()
                right += sum(json.loads(line)["classes"][0]["name"] == f"c{label}" for line in answers)
            self.assertGreater(right / (8 * CLASSES), 0.8)  # chance: 0.25
            listed = json.loads(self.client(server, "--json", "models", "list"))
            self.assertEqual((listed["state"], listed["labels"]), ("serving", ["stable"]))
            self.assertGreater(listed["metrics"]["top1"], 0.8)
        spec = json.loads((repository / "quarters/1/model.json").read_text())
        for layer in spec["local_vim"]["scan"]["layers"]:
            self.assertEqual(len(layer["directions"]), 2)


if __name__ == "__main__":
    SOURCE = pathlib.Path(sys.argv[1])
    SERVER, TOOL, CLIENT = sys.argv[2:5]
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
