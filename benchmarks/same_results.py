"""Are the results of two versions the same? Masks by their bytes, cutouts by their pixels, figures by value.

    python benchmarks/same_results.py BEFORE AFTER

BEFORE and AFTER are folders of results of `predict --save`, made from the same photos with the same options.
Prints what differs, how far, and how much larger cutouts have become; ends with 1 where a mask or a cutout is
another, or a photo is in one folder alone.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import project  # noqa: F401  (so that the library is found)
from PIL import Image


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args()
    before, after = _lines(options.before), _lines(options.after)
    differences = [f"{stem}: in one folder alone" for stem in sorted(before.keys() ^ after.keys())]
    sizes, furthest = [0, 0], dict[str, float]()
    for stem in sorted(before.keys() & after.keys()):
        for kind in ("mask", "cutout"):
            paths = [
                folder / lines[stem]["outputs"][kind]
                for folder, lines in zip((options.before, options.after), (before, after), strict=True)
            ]
            if kind == "mask" and paths[0].read_bytes() != paths[1].read_bytes():
                differences.append(f"{stem}: another mask")
            if kind == "cutout":
                sizes = [size + path.stat().st_size for size, path in zip(sizes, paths, strict=True)]
                if count := np.count_nonzero((_pixels(paths[0]) != _pixels(paths[1])).any(axis=-1)):
                    differences.append(f"{stem}: {count} other pixels in the cutout")
        for name, (one, other) in _figures(before[stem], after[stem]).items():
            furthest[name] = max(furthest.get(name, 0.0), abs(one - other))
    print("\n".join(differences) or f"{len(before)} photos: the same masks to the byte, the same cutouts")
    print(f"cutouts: {sizes[1] / sizes[0]:.3f} of the bytes")
    moved = {name: f"{value:g}" for name, value in furthest.items() if value}
    print(f"figures that differ, and by how much at most: {moved or 'none'}")
    raise SystemExit(bool(differences))


def _lines(folder: Path) -> dict[str, dict]:
    lines = map(json.loads, (folder / "predictions.jsonl").read_text().splitlines())
    return {line["stem"]: line for line in lines if line.get("outputs")}


def _figures(before: dict, after: dict) -> dict[str, tuple[float, float]]:
    names = ("area", "confidence", "clean")
    found = {name: (before[name], after[name]) for name in names if before.get(name) is not None}
    return found | {
        name: (value, after["evidence"].get(name, float("nan"))) for name, value in before["evidence"].items()
    }


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


if __name__ == "__main__":
    main()
