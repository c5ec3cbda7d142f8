"""Measure larger photos: CPU time a photo and peak memory of `predict --save`, from 1 to 60 megapixels.

    python benchmarks/megapixels.py [--photo FILE] [--sizes N ...] [--model NAME] [--chart FILE]

A photo is enlarged to each size, and four copies of it are cut out, two at a time. The CPU time of a run on
tiny photos is taken off: that of the start and of the networks, which are the same at any size. Expected are
at most as much more of both as there are more pixels, and at most 1.5 GB with 24 megapixels.
"""

import argparse
import math
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from program import predict

from segmentation.images.files import open_photo, write_image
from segmentation.synth import draw_photo

COPIES = 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, help="(default: a drawn one)")
    parser.add_argument("--sizes", type=float, nargs="+", default=[1, 2, 6, 12, 24, 60], help="megapixels")
    parser.add_argument("--model", default="default", help="name or path of a model (default: default)")
    parser.add_argument("--workers", type=int, default=2, help="photos at a time (default: 2)")
    parser.add_argument("--keep", type=Path, help="folder in which the results stay")
    parser.add_argument("--chart", type=Path, help="picture of both, as PNG")
    options = parser.parse_args()
    photo = open_photo(options.photo).pixels if options.photo else draw_photo(0, 0, "Front", 1152, 1728)[0]
    rows = []
    with TemporaryDirectory() as folder:
        start, _ = measured(photo, 0.01, Path(folder), options)
        print("| megapixels | CPU s a photo | ms a megapixel | peak memory, MB |")
        print("| --- | --- | --- | --- |")
        for size in options.sizes:
            seconds, megabytes = measured(photo, size, Path(folder), options)
            seconds = (seconds - start) / COPIES
            rows.append((size, seconds, megabytes))
            print(f"| {size:g} | {seconds:.2f} | {1000 * seconds / size:.0f} | {megabytes:.0f} |", flush=True)
    if options.chart:
        draw_chart(rows, options.chart)


def measured(
    photo: np.ndarray, megapixels: float, folder: Path, options: argparse.Namespace
) -> tuple[float, float]:
    """Return the CPU seconds and the peak memory in megabytes of a run over copies of a photo of a size."""
    scale = math.sqrt(megapixels * 1e6 / (photo.shape[0] * photo.shape[1]))
    size = round(photo.shape[1] * scale), round(photo.shape[0] * scale)
    photos = folder / f"{megapixels:g}"
    first = photos / "0.jpg"
    write_image(first, cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC), quality=92)
    for number in range(1, COPIES):
        (photos / f"{number}.jpg").hardlink_to(first)
    output = (options.keep or folder) / f"results-{megapixels:g}"
    taken = predict(photos, output, "--model", options.model, "--workers", options.workers, "--overwrite")
    return taken.cpu_seconds, taken.peak_megabytes


def draw_chart(rows: list[tuple[float, float, float]], path: Path) -> None:
    """Draw time and memory over the size of photos."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sizes, seconds, megabytes = zip(*rows, strict=True)
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, values, title in (
        (left, seconds, "CPU time of a photo, s"),
        (right, megabytes, "peak memory, MB"),
    ):
        axes.plot(sizes, values, "o-")
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xlabel("megapixels")
        axes.set_xlim(0)
        axes.set_ylim(0)
        axes.spines[["top", "right"]].set_visible(False)
    FigureCanvasAgg(figure).print_png(path)


if __name__ == "__main__":
    main()
