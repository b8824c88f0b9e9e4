"""Times PyTorch's Swin-T and ViT-Ti on the CPU, to set beside `localmamba_tool bench`.

    python3 tests/performance/compare_pytorch.py [--threads 2] [--batch 1 8] [--seconds 5]

Needs torch and torchvision. Prints images/s (median) and giga multiply-accumulates per second.
"""

import argparse
import statistics
import time

import torch
import torchvision
from torchvision.models.vision_transformer import VisionTransformer

# Multiply-accumulates of one image at 224x224, in units of 1e9, as published.
MODELS = {
    "swin_t": (lambda: torchvision.models.swin_t(weights=None), 4.49),
    "vit_ti": (
        lambda: VisionTransformer(
            image_size=224, patch_size=16, num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768
        ),
        1.26,
    ),
}


def median_seconds(model: torch.nn.Module, batch: int, seconds: float) -> float:
    images = torch.randn(batch, 3, 224, 224)
    times = []
    with torch.inference_mode():
        for _ in range(3):
            model(images)
        start = time.perf_counter()
        while not times or time.perf_counter() - start < seconds:
            begin = time.perf_counter()
            model(images)
            times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"torch {torch.__version__}, {arguments.threads} threads")
    for name, (make, giga_macs) in MODELS.items():
        model = make().eval()
        for batch in arguments.batch:
            seconds = median_seconds(model, batch, arguments.seconds)
            print(
                f"{name:8} batch {batch}: {seconds * 1e3:8.1f} ms, {batch / seconds:6.2f} images/s, "
                f"{batch * giga_macs / seconds:6.1f} GMAC/s"
            )


if __name__ == "__main__":
    main()
