"""The speed of the program beside that of `rembg`: seconds of whole commands over the same photos, by turns.

    python benchmarks/peer.py --rembg FILE [--input DIR] [--photos N] [--rounds N] [--model NAME]

`predict --save` and `rembg p -m u2net` each run from an empty shell over a folder of photos, once a round.
The first round does not count. FILE is bin/rembg in an environment of its own, after
`pip install "rembg[cpu,cli]"` there; rembg looks for its weights in the folder that U2NET_HOME names.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from photos import gather
from program import by_turns, predict, run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rembg", default="rembg", help="the peer's program (default: the one in PATH)")
    parser.add_argument("--input", type=Path, help="folder of photos (default: drawn ones of 1152x1728)")
    parser.add_argument("--photos", type=int, default=14, help="of the folder (default: 14)")
    parser.add_argument("--rounds", type=int, default=5, help="that count (default: 5)")
    parser.add_argument("--model", default="default", help="name or path of a model (default: default)")
    options = parser.parse_args()
    peer = shutil.which(options.rembg)
    if not peer:
        print(f"peer: skipped, no program {options.rembg} here; see the head of this file")
        return
    with tempfile.TemporaryDirectory() as folder:
        photos = gather(options.input, options.photos, Path(folder))
        here, there = Path(folder) / "here", Path(folder) / "there"

        def by_peer() -> float:
            shutil.rmtree(there, ignore_errors=True)  # it leaves out what it has written before
            there.mkdir()
            return run(peer, "p", "-m", "u2net", photos, there).seconds

        ways = {
            "predict": lambda: predict(photos, here, "--model", options.model, "--overwrite").seconds,
            "rembg": by_peer,
        }
        by_turns(ways, 1)
        seconds = by_turns(ways, options.rounds)
        written = len(list(there.iterdir()))
        if written != options.photos:
            raise SystemExit(f"rembg wrote {written} cutouts of {options.photos} photos")
    for name, median in seconds.items():
        print(f"{name:8} {median:6.2f} s, {options.photos / median:5.2f} photos/s")
    print(f"predict makes {seconds['rembg'] / seconds['predict']:.2f} times as many photos/s as rembg")


if __name__ == "__main__":
    main()
