"""Export of a network to the file formats of other programs, normalisation included, and checked.

Every format takes the prepared photo, uint8 [1, h, w, channels] as RGB or grey at the input size, and gives
scores float32 [1, h, w, classes] in [0, 1]. What has to happen to a photo before (size, contrast, colour)
is described beside the file.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.core.errors import ExportError, MissingExtraError
from segmentation.core.files import put_together, temporary_folder, write_text
from segmentation.core.imports import import_keras_quietly
from segmentation.core.size import REFERENCE_HEIGHT_PX, Size
from segmentation.inference.engines import load_engine
from segmentation.inference.engines.engine import Network
from segmentation.inference.engines.keras_engine import keras_network, load_model
from segmentation.inference.engines.object_engine import objects_at, scores_of
from segmentation.inference.formats import FORMATS, silenced
from segmentation.inference.scoring import second_pass_view
from segmentation.models.mask_rcnn.found import MASK_PX, MOST_OBJECTS, ROW
from segmentation.preprocessing.preprocessing import NO_STROKE, SCORES, STROKES, Preprocessing
from segmentation.scores.two_passes import seen_in

if TYPE_CHECKING:
    import keras

_BEHIND = {  # the colours of a photo
    STROKES: f"strokes of a person (0 for not garment, {NO_STROKE} for nothing said, 255 for garment)",
    SCORES: "scores of the first pass (0 to 255)",
    "trimap": "a trimap (0, 128, 255)",
    "alpha": "a first alpha (0 to 255)",
}

TOLERANCE = 1e-3  # of a score; float32 on two engines differs by some 1e-5


def export(bundle: ModelBundle, name: str, path: Path, photos: Iterable[np.ndarray]) -> float | None:
    """Write the bundle's network at `path` in the format `name` and run it on `photos` to check it.

    Of two passes it is the last. A description of the preprocessing lies beside it as `PATH.json`. Returns
    the `largest_difference` of a score from Keras, None where the format's runtime is not installed. Raises
    BundleError for weights that cannot be read, and ExportError for a `path` that cannot be one of the format
    or holds something else, when the converter fails, and when it is more than `TOLERANCE`; then nothing is
    left. Raises MissingExtraError when the converter is not installed.
    """
    path = path.absolute()
    check_target(path, name)
    preprocessing = bundle.preprocessing
    description = describe(bundle, preprocessing)
    chosen = FORMATS[name]
    import_keras_quietly("export")
    model = load_model(bundle, preprocessing)
    with temporary_folder(path.parent) as folder:
        unfinished = folder / path.name
        try:
            with silenced():
                chosen.write(deployable(model, preprocessing), unfinished, description)
        except MissingExtraError:
            raise
        except Exception as error:  # converters may raise anything
            reason = (str(error) or type(error).__name__).splitlines()[0]
            if isinstance(error, OSError) or "iostream" in reason:
                raise ExportError(
                    f"{path}: cannot be written ({reason}); check the folder {path.parent} and its free space"
                ) from error
            raise ExportError(f"`format={name}`: the converter failed ({reason})") from error
        network = chosen.run(unfinished)
        difference = None
        if network:
            reference = keras_network(model, preprocessing)
            if bundle.finds_objects:  # their order may differ where two are equally likely
                network, reference = (_as_scores(bundle, one) for one in (network, reference))
            difference = largest_difference(network, reference, preprocessing, _as_seen(bundle, photos))
            if not difference <= TOLERANCE:
                raise ExportError(
                    f"{path}: expected the scores of Keras within {TOLERANCE:g}, received a difference of "
                    f"{difference:.2g}; nothing was kept"
                )
        write_text(unfinished.with_name(path.name + ".json"), json.dumps(description, indent=2) + "\n")
        put_together(folder, path.parent, main=path.name)
    return difference


def deployable(model: "keras.Model", preprocessing: Preprocessing) -> "keras.Model":
    """Return a network that normalises: uint8 [1, h, w, C], prepared -> float32 [1, h, w, classes]."""
    import keras

    photo = keras.Input(model.input_shape[1:], batch_size=1, dtype="uint8", name="photo")
    normalised = keras.ops.cast(photo, "float32")
    if preprocessing.normalisation == "unit":
        normalised = keras.layers.Rescaling(1 / 255)(normalised)
    elif preprocessing.normalisation == "mean-std":
        scale = 1 / np.asarray(preprocessing.std, np.float64)
        offset = -np.asarray(preprocessing.mean, np.float64) * scale
        normalised = keras.layers.Rescaling(scale.tolist(), offset.tolist())(normalised)
    return keras.Model(photo, model(normalised), name="cutout")


def describe(bundle: ModelBundle, preprocessing: Preprocessing) -> dict[str, str]:
    """Return what another program has to know to use an exported network, as plain text by name."""
    colour = "grey (0.299 R + 0.587 G + 0.114 B)" if preprocessing.colour == "grey" else "RGB"
    size = preprocessing.input_size
    shape = f"1, {size.height}, {size.width}"
    behind = "".join(f", then {_BEHIND[name]}" for name in preprocessing.channel_names if name in _BEHIND)
    smaller = "area (cv2.INTER_AREA)" if preprocessing.shrink == "area" else preprocessing.shrink
    seen, outside = _seen_in_words(bundle)
    resize = f"{seen} to the input size; smaller by {smaller}, larger by cubic{outside}"
    if preprocessing.guides or preprocessing.sees == "tiles":
        tiled = f"{seen} at the photo's" if second_pass_view(bundle) else "the photo at its"
        resize = f"none: tiles of {tiled} own resolution, as large as the input{outside}"
    return {
        "architecture": bundle.architecture,
        "input": f"photo, uint8 [{shape}, {preprocessing.channels}], {colour}, 0 to 255{behind}",
        "resize": resize,
        "contrast": f"{preprocessing.contrast}, after resizing",
        "normalisation": f"{preprocessing.normalisation}, in the graph",
        "output": _output_in_words(bundle, preprocessing),
        "labels": ", ".join(bundle.labels.names),
        **bundle.labels.task.rule(bundle.threshold),
    }


def _seen_in_words(bundle: ModelBundle) -> tuple[str, str]:
    """Return what of a photo the last pass sees, and what holds of the rest."""
    view = second_pass_view(bundle)
    if not view:
        return "the whole photo", ""
    first = f"the first pass's mask (scores from {view.threshold:g} on)"
    margin = f"{view.margin_px:g} px of {REFERENCE_HEIGHT_PX}"
    if view.blanks:
        return f"the photo, black outside of {first} dilated by {margin},", "; all scores are 0 there"
    box = f"the box of {first} without specks, {margin} larger to each side, in the input's proportions,"
    return box, "; all scores are 0 outside of the box"


def _output_in_words(bundle: ModelBundle, preprocessing: Preprocessing) -> str:
    if bundle.finds_objects:
        return (
            f"objects, float32 [1, {MOST_OBJECTS}, {ROW}], best first: top, left, bottom and right as "
            "shares of the photo, the score, the class from 1 on, and "
            f"{MASK_PX}x{MASK_PX} scores of a mask that fills the box"
        )
    size = preprocessing.input_size
    return (
        f"scores, float32 [1, {size.height}, {size.width}, {len(bundle.labels.names)}], 0 to 1; "
        f"to the photo's size by {preprocessing.enlarge} interpolation"
    )


def _as_seen(bundle: ModelBundle, photos: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield what the last pass of a bundle sees of photos: uint8 [h, w, C], with first scores behind them."""
    view = second_pass_view(bundle)
    if not (view and bundle.first):
        yield from photos
        return
    first = load_engine(bundle.first)
    for photo in photos:
        scores = first(photo)
        region = view.region(scores)
        yield seen_in(view, photo, scores, region)[0] if region else photo


def largest_difference(
    network: Network, reference: Network, preprocessing: Preprocessing, photos: Iterable[np.ndarray]
) -> float:
    """Return the largest difference of a score between two networks over uint8 photos, NaN included.

    One score in a thousand of each photo is left out: where two values in a pooling window are all but equal,
    the indices of SegNet point to either.
    """
    prepared = (preprocessing.prepare(photo)[np.newaxis] for photo in photos)
    differences = (np.abs(network(photo) - reference(photo)) for photo in prepared)
    return float(np.max([np.quantile(difference, 0.999) for difference in differences]))


def _as_scores(bundle: ModelBundle, network: Network) -> Network:
    """Return a network of objects as one of scores: of each pixel the highest that an object gives it."""

    def score(prepared: np.ndarray) -> np.ndarray:
        size = Size(*prepared.shape[1:3])
        found = objects_at(network(prepared)[0], size, bundle.labels)
        return scores_of(found, (size.height, size.width), bundle.labels)[np.newaxis]

    return score


def check_target(path: Path, name: str) -> None:
    """Refuse to write where a user would not look for the format, and to replace anything but an export.

    Raises ExportError.
    """
    suffix = FORMATS[name].suffix
    if suffix:
        if path.suffix.lower() != suffix or path.is_dir():
            found = "a folder" if path.is_dir() else path.name
            raise ExportError(f"`output` {path}: expected a file that ends in {suffix}, received {found}")
    elif path.exists() and not path.is_dir():
        raise ExportError(f"`output` {path}: expected a new folder for the {name}, received a file")
    elif path.is_dir() and any(path.iterdir()) and not (path / "saved_model.pb").is_file():
        raise ExportError(
            f"`output` {path}: expected a new folder for the {name}, received one that holds something else"
        )
