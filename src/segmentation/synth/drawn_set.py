"""Sets that are drawn on demand, and kept for the next job that asks for the same."""

from collections.abc import Callable
from pathlib import Path

from segmentation.core.files import atomic_folder
from segmentation.core.size import Size
from segmentation.synth.folder import GENERATOR_VERSION, write_empty_rooms, write_studio


def drawn_set(
    folder: Path, count: int, size: Size, seed: int, on_photo: Callable[[int, int], None] | None = None
) -> Path:
    """Return the folder below `folder` with `count` drawn garments at `size`, drawn unless it is there."""
    drawn = folder / f"{count}-{size}-{seed}-version-{GENERATOR_VERSION}"
    if not drawn.exists():
        with atomic_folder(drawn, replace=False) as unfinished:  # another process may read what it has drawn
            write_studio(unfinished, count, size.width, size.height, seed, on_photo=on_photo)
    return drawn


def drawn_empty_rooms(
    folder: Path, count: int, size: Size, seed: int, on_photo: Callable[[int, int], None] | None = None
) -> Path:
    """Return the folder below `folder` with `count` rooms without a garment, drawn unless it is there."""
    drawn = folder / f"empty-{count}-{size}-{seed}-version-{GENERATOR_VERSION}"
    if not drawn.exists():
        with atomic_folder(drawn, replace=False) as unfinished:
            write_empty_rooms(unfinished, count, size.width, size.height, seed, on_photo)
    return drawn
