"""Cut garments out of photos, or mark classes of clothing: train a network, judge it, let it work."""

import signal
import sys
from pathlib import Path

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # there is nothing to put in order before it has begun

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))  # so that it works without an installation

import config
from segmentation.cli.main import end, prepare_process
from segmentation.cli.main import main as run_command


def main(arguments: list[str] | None = None) -> int:
    """Run one command in this project's folder, with its presets; return the exit status."""
    if config.PRESETS:  # help needs none of the library's
        from segmentation.config.presets import PRESETS

        PRESETS.update(config.PRESETS)
    return run_command(arguments, home=config.HOME, default_home="the folder of main.py")


if __name__ == "__main__":
    prepare_process()
    end(main())
