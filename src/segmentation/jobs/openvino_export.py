"""The network of a bundle in OpenVINO's form, checked on photos."""

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from segmentation.bundle.bundle import ENGINE_FILES, ModelBundle, put_export
from segmentation.bundle.provenance import data_folder
from segmentation.core.errors import DataError
from segmentation.core.files import temporary_folder
from segmentation.core.size import Size
from segmentation.core.types import ScoreFn
from segmentation.datasets.discover import discover
from segmentation.datasets.selection import select_samples
from segmentation.evaluation.agreement import worst_agreement
from segmentation.images.files import read_photo
from segmentation.inference.engines import Engine, load_engine
from segmentation.inference.engines.openvino_engine import compile_network, computes_in_bfloat16
from segmentation.inference.export import export
from segmentation.inference.scoring import with_first_pass
from segmentation.synth import drawn_set

_CHECKED_PHOTOS = 8  # on which an export is compared with Keras
_DRAWN_GARMENTS = 3


def with_openvino(
    bundle: ModelBundle, photos: Sequence[Path], held_out: Sequence[Path]
) -> tuple[ModelBundle, float | None]:
    """Return the bundle with its network in OpenVINO's form, and the largest difference of its scores.

    The difference from Keras is taken on the first of `photos`. On `held_out`, photos that the model was
    not trained on, the agreement of the masks in bfloat16 is measured, where the processor computes in it;
    without any, the recorded agreement stays. The description has yet to be saved. Raises what `export`
    raises, and leaves the bundle as it was.
    """
    with temporary_folder(bundle.path) as folder:
        path = folder / ENGINE_FILES[0]
        difference = export(bundle, "openvino", path, map(read_photo, photos[:_CHECKED_PHOTOS]))
        agreement = bundle.bf16_agreement
        if held_out and computes_in_bfloat16():
            preprocessing = bundle.preprocessing
            full: ScoreFn
            half: ScoreFn
            full, half = (
                Engine("openvino", precision, preprocessing, compile_network(path, precision))
                for precision in ("f32", "bf16")
            )
            if bundle.first:
                first = load_engine(bundle.first, engine="openvino", precision="f32")
                full, half = (with_first_pass(bundle, second, first) for second in (full, half))
            agreement = worst_agreement(
                full, half, map(read_photo, held_out), bundle.threshold, bundle.labels
            )
        put_export(bundle, folder)
    return dataclasses.replace(bundle, bf16_agreement=agreement), difference


def held_out_photos(bundle: ModelBundle, home: Path) -> list[Path]:
    """Return the photos that the model is judged on; none when the data that it was trained on are not there.

    `home` is the working folder, which the bundle's record of its data is relative to.
    """
    folder = data_folder(bundle, home)
    if folder and folder.is_dir():
        with contextlib.suppress(DataError):
            samples = select_samples(
                bundle, discover(folder, check=False, classes=bundle.classes, trained_by=bundle.name)
            )
            return [sample.photo for sample in samples]
    return []


def drawn_photos(folder: Path) -> list[Path]:
    """Return a few photos that need no data, drawn below `folder`."""
    drawn = drawn_set(folder, _DRAWN_GARMENTS, Size(864, 576), 0)
    return [sample.photo for sample in discover(drawn, check=False).samples]
