"""Sets that are drawn on demand, and kept for the next job that asks for the same."""

from collections.abc import Callable
from pathlib import Path

from segmentation.core.files import atomic_folder
from segmentation.core.parallel import OnProgress
from segmentation.core.size import Size
from segmentation.synth.folder import GENERATOR_VERSION, write_empty_rooms, write_studio


def drawn_set(folder: Path, count: int, size: Size, seed: int, on_photo: OnProgress | None = None) -> Path:
    """Return the folder below `folder` with `count` drawn garments at `size`, drawn unless it is there."""

    def draw(output: Path) -> None:
        write_studio(output, count, size.width, size.height, seed, on_photo=on_photo)

    return _kept(folder / f"{count}-{size}-{seed}-version-{GENERATOR_VERSION}", draw)


def drawn_empty_rooms(
    folder: Path, count: int, size: Size, seed: int, on_photo: OnProgress | None = None
) -> Path:
    """Return the folder below `folder` with `count` rooms without a garment, drawn unless it is there."""

    def draw(output: Path) -> None:
        write_empty_rooms(output, count, size.width, size.height, seed, on_photo)

    return _kept(folder / f"empty-{count}-{size}-{seed}-version-{GENERATOR_VERSION}", draw)


def _kept(drawn: Path, draw: Callable[[Path], None]) -> Path:
    if not drawn.exists():
        with atomic_folder(drawn, replace=False) as unfinished:  # another process may read what it has drawn
            draw(unfinished)
    return drawn
