"""Does memory stay flat? Peak memory of `predict --save` over 50 and over 500 photos of 1152x1728.

    python benchmarks/memory.py --model NAME [--few N] [--many N]

Expected are at most 1.5 GB with a network of 1024x1024, and less than 5% more for the larger folder.
The folders hold links to a few drawn photos.
"""

import argparse
import tempfile
from pathlib import Path

from program import predict

from segmentation.synth import write_studio

_MEGABYTES_A_GIGABYTE = 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="name or path of a model")
    parser.add_argument("--few", type=int, default=50, help="photos of the smaller folder (default: 50)")
    parser.add_argument("--many", type=int, default=500, help="photos of the larger folder (default: 500)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "drawn"
        write_studio(drawn, 4, 1152, 1728, 0)
        photos = sorted((drawn / "images").iterdir())
        peaks = []
        for count in (options.few, options.many):
            links = Path(folder) / f"links-{count}"
            links.mkdir()
            for index in range(count):
                photo = photos[index % len(photos)]
                (links / f"{index:05d}{photo.suffix}").symlink_to(photo)
            taken = predict(links, Path(folder) / f"output-{count}", "--model", options.model)
            peaks.append(taken.peak_megabytes / _MEGABYTES_A_GIGABYTE)
            print(f"{count} photos: peak {peaks[-1]:.2f} GB", flush=True)
    print(f"growth {peaks[1] / peaks[0] - 1:+.1%}")


if __name__ == "__main__":
    main()
