"""Cut garments out of photos, or mark classes of clothing: train a network, judge it, let it work."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))  # so that it works without an installation

import config
from segmentation.cli.main import main as run_command
from segmentation.cli.main import prepare_process
from segmentation.config.presets import PRESETS


def main(arguments: list[str] | None = None) -> int:
    """Run one command in this project's folder, with its presets; return the exit status."""
    PRESETS.update(config.PRESETS)
    return run_command(arguments, home=config.HOME, default_home="the folder of main.py")


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())
