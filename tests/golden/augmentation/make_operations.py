"""Makes operations.safetensors: what Pillow makes of a small picture, as the official training code calls it.

Usage: make_operations.py OUTPUT   (Pillow 9 or later)

Tensors are (height, width, 3), u8: "input", and one per operation, named after it and its parameter.
"""

import json
import math
import struct
import sys

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

WIDTH, HEIGHT = 36, 28
FILL = (124, 116, 104)


def make_input() -> Image.Image:
    """Gradients, a hard edge and some noise, different in every channel."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    noise = 1
    for y in range(HEIGHT):
        for x in range(WIDTH):
            noise = noise * 75 % 65537
            edge = 70 if x > 20 and y > 9 else 0
            image.putpixel((x, y), (20 + 5 * x + noise % 11, 230 - 4 * y - edge + noise % 7, 40 + 2 * x + 3 * y + edge))
    return image


def affine(image, *coefficients):
    return image.transform(image.size, Image.AFFINE, coefficients, resample=Image.BICUBIC, fillcolor=FILL)


def distort(image, tiles, shift):
    w, h = image.size
    xs = [w // tiles * i for i in range(tiles)] + [w]
    ys = [h // tiles * i for i in range(tiles)] + [h]

    def corner(column, row):
        inner = 0 < column < tiles and 0 < row < tiles
        return (xs[column] + shift * inner, ys[row] + shift * inner)

    mesh = []
    for r in range(tiles):
        for c in range(tiles):
            quad = corner(c, r) + corner(c, r + 1) + corner(c + 1, r + 1) + corner(c + 1, r)
            mesh.append(((xs[c], ys[r], xs[c + 1], ys[r + 1]), quad))
    return image.transform(image.size, Image.MESH, mesh, resample=Image.BICUBIC)


def solve(a, b):
    """Gauss-Jordan elimination with pivoting."""
    rows = [list(row) + [value] for row, value in zip(a, b)]
    n = len(rows)
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(n):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[i])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def skew(image, share):
    w, h = image.size
    by = math.ceil(max(w, h) * share)
    plane = [(0, 0), (w, 0), (w, h), (0, h)]
    tilted = [(-by, 0), (w, -by), (w + by, h), (0, h + by)]
    a, b = [], []
    for (x, y), (u, v) in zip(tilted, plane):
        a += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        b += [u, v]
    return image.transform(image.size, Image.PERSPECTIVE, solve(a, b), resample=Image.BICUBIC)


def zoom(image, factor):
    w, h = image.size
    zoomed = image.resize((round(w * factor), round(h * factor)), resample=Image.BICUBIC)
    zw, zh = zoomed.size
    return zoomed.crop((math.floor(zw / 2 - w / 2), math.floor(zh / 2 - h / 2),
                        math.floor(zw / 2 + w / 2), math.floor(zh / 2 + h / 2)))


def solarize_add(image, amount):
    return image.point([max(0, min(255, i + amount)) if i < 128 else i for i in range(256)] * 3)


def main() -> int:
    image = make_input()
    w, h = image.size
    low = image.point([30 + i // 2 for i in range(256)] * 3)  # for autocontrast to have something to do
    results = {"input": image, "low_contrast": low, "auto_contrast": ImageOps.autocontrast(low),
               "equalize": ImageOps.equalize(image), "invert": ImageOps.invert(image)}
    for bits in (3, 4):
        results[f"posterize {bits}"] = ImageOps.posterize(image, bits)
    for threshold in (100, 230):
        results[f"solarize {threshold}"] = ImageOps.solarize(image, threshold)
    results["solarize_add 99"] = solarize_add(image, 99)
    for factor in (0.3, 1.72):
        for name, enhance in (("color", ImageEnhance.Color), ("contrast", ImageEnhance.Contrast),
                              ("brightness", ImageEnhance.Brightness), ("sharpness", ImageEnhance.Sharpness)):
            results[f"{name} {factor}"] = enhance(image).enhance(factor)
    for radius in (0.45, 2.7):
        results[f"blur {radius}"] = image.filter(ImageFilter.GaussianBlur(radius))
    for degrees in (27.5, -31.0):
        results[f"rotate {degrees}"] = image.rotate(degrees, resample=Image.BICUBIC, fillcolor=FILL)
    for value in (0.27, -0.3):
        results[f"shear_x {value}"] = affine(image, 1, value, 0, 0, 1, 0)
        results[f"shear_y {value}"] = affine(image, 1, 0, 0, value, 1, 0)
        results[f"translate_x {value}"] = affine(image, 1, 0, value * w, 0, 1, 0)
        results[f"translate_y {value}"] = affine(image, 1, 0, 0, 0, 1, value * h)
    for share in (0.27, -0.24):  # without pixels exactly on the border, where rounding decides
        results[f"skew {share}"] = skew(image, share)
    for tiles, shift in ((2, 5), (3, 4)):
        results[f"distort {tiles} {shift}"] = distort(image, tiles, shift)
    for factor in (0.36, 1.4):
        results[f"zoom {factor}"] = zoom(image, factor)

    header, content = {}, b""
    for name, result in results.items():
        data = result.tobytes()
        header[name] = {"dtype": "U8", "shape": [result.size[1], result.size[0], 3],
                        "data_offsets": [len(content), len(content) + len(data)]}
        content += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
