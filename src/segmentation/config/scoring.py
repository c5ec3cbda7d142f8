"""Options of every job that scores photos: the photos, the models, and how they are scored."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.config.options import option
from segmentation.config.quality import QUALITIES, Quality
from segmentation.config.values import Shares, names_from
from segmentation.core.size import Size
from segmentation.stores.address import Place, parse_place

ENGINES = ("auto", "openvino", "keras")
PRECISIONS = ("auto", "fastest", "f32", "bf16")
TEST_TIME = ("none", "flip", "scales", "flip+scales")

CHANNELS = ("red", "green", "blue", "lightness", "green-red", "blue-yellow")
MERGES = ("mean", "median", "max")

MOST_WORKERS = 256
STREAM = Path("-")
"""The path that stands for the standard input or output."""


def parse_threshold(text: str) -> float | None:
    """Read "auto", which is None, or a number between 0 and 1. Raises ValueError."""
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if value in (0.0, 1.0):
        found = "every pixel is garment" if value == 0.0 else "next to no pixel is garment"
        raise ValueError(f"expected auto or a number between 0 and 1, received {text!r}, at which {found}")
    if not 0.0 < value < 1.0:
        raise ValueError(f"expected auto or a number between 0 and 1, received {text!r}")
    return value


def parse_merge(text: str) -> str | Shares:
    """Read mean, median, max, or weights that add up to 1. Raises ValueError."""
    return text if text in MERGES else Shares.parse(text)


def max_pixels_option() -> Any:
    """Return the option of the largest photo, for every dataclass that has it."""
    return option(
        None,
        "refuse photos that declare more pixels",
        minimum=1,
        common=False,
        shown="as many as fit the memory, at most 200 million",
    )


def threshold_option() -> Any:
    """Return the option of the score from which a pixel is garment, for every dataclass that has it."""
    return option(
        None,
        "score from which a pixel is garment, between 0 and 1",
        parse=parse_threshold,
        shown="auto, that of the model; of several models the mean of theirs",
        metavar="auto|X",
    )


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """The photos to read."""

    input: tuple[Place, ...] = option(
        (),
        "folder of photos, or one photo; can be repeated; - is a photo from the standard input; `predict` "
        "takes the address of an object store as well, such as s3://BUCKET/FOLDER",
        parse=parse_place,
        shown="the photos that `files_from` lists",
        metavar="PATH",
    )
    files_from: Path | None = option(
        None,
        "file that lists photos or folders, a path on each line; - is the standard input",
        metavar="FILE|-",
        common=False,
    )
    max_pixels: int | None = max_pixels_option()


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The models that score the photos; the scores of several are averaged."""

    model: tuple[str, ...] = option(
        (),
        "model in the models folder, or its path; can be repeated: the scores of several are averaged",
        shown="the one named default, or else the only one",
        metavar="NAME",
    )
    threshold: float | None = threshold_option()
    object_score: float = option(
        0.5,
        "score from which something is an object, 0 to 1, of a model that finds objects",
        maximum=1,
        common=False,
    )


@dataclass(frozen=True, kw_only=True)
class ScoringOptions:
    """The way in which models score photos.

    Those of `precision`, `tta` and `double_pass` that are None are set by the quality.
    """

    quality: str = option(
        "standard",
        "time that goes into a mask: fast is the first pass alone in the fastest precision, in a fifth of "
        "the time or less; standard is all passes of the model; best averages them over mirror images and "
        "scales, in six times the time; `precision`, `tta` and `double_pass` override what it sets",
        choices=tuple(QUALITIES),
    )
    engine: str = option(
        "auto",
        "what computes the scores: OpenVINO, or Keras, the slow reference; auto is OpenVINO if the model has "
        "been exported to it",
        choices=ENGINES,
        common=False,
    )
    precision: str | None = option(
        None,
        "arithmetic of the network; auto is bfloat16 where the processor is faster in it and it cuts "
        "held-out photos out no worse than float32, else float32; fastest is whichever the processor is "
        "faster in",
        choices=PRECISIONS,
        shown="auto; fastest with `quality=fast`",
        common=False,
    )
    tta: str | None = option(
        None,
        "test-time augmentation: flip averages the scores of a photo and of its mirror image, in twice the "
        "time; scales averages those of the photo at 1, 0.9 and 1.1 times its size, in three times the time; "
        "flip+scales does both, in six times the time",
        choices=TEST_TIME,
        shown="none; flip+scales with `quality=best`",
    )
    tiles: Size | None = option(
        None,
        "score tiles of this size, width x height in pixels of the photo, in place of the whole; a second "
        "pass sees tiles of the region of the first",
        shown="the whole at once",
        common=False,
    )
    overlap: float = option(
        0.25,
        "share of its height and width that a tile has in common with the next",
        maximum=0.9,
        common=False,
    )
    tiles_on: str = option(
        "all",
        "which tiles: all, or edge, those where the scores of the whole are unsure, scored in addition to it",
        choices=("all", "edge"),
        common=False,
    )
    channels: str = option(
        "rgb",
        "what the network sees: rgb, the photo; each, grey pictures of its `channel_names` one by one; "
        "cross, in a second pass each of them with the mask of every other one",
        choices=("rgb", "each", "cross"),
        common=False,
    )
    channel_names: tuple[str, ...] = option(
        ("red", "green", "blue"),
        f"channels that are scored by themselves, of {', '.join(CHANNELS)}",
        parse=names_from(CHANNELS),
        metavar="NAME[,NAME]",
        common=False,
    )
    channel_merge: str | Shares = option(
        "mean",
        "how the scores of the channels are merged: mean, median, max, or weights that add up to 1",
        parse=parse_merge,
        metavar="mean|median|max|X,X,...",
        common=False,
    )
    double_pass: bool | None = option(
        None,
        "use both passes of a model, or the first alone",
        shown="both where the model has two; the first alone with `quality=fast`",
        common=False,
    )
    remove_islands: int = option(
        0,
        "remove regions of the mask with fewer pixels than this, except the largest; 0 for none",
        metavar="PIXELS",
        common=False,
    )
    fill_holes: int = option(
        0,
        "fill holes in the mask with fewer pixels than this; 0 for none",
        metavar="PIXELS",
        common=False,
    )

    @property
    def resolved(self) -> Quality:
        """The precision, augmentation and passes: those that are given, the others by the quality."""
        usual = QUALITIES[self.quality]
        return Quality(
            precision=self.precision or usual.precision,
            tta=self.tta or usual.tta,
            double_pass=usual.double_pass if self.double_pass is None else self.double_pass,
        )


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """The number of photos that are processed at the same time."""

    workers: int | None = option(
        None,
        "photos processed at the same time, each held in memory",
        minimum=1,
        maximum=MOST_WORKERS,
        shown="one for each processor core that the program may use",
        common=False,
    )
