"""The network of a bundle in OpenVINO's form, checked on photos."""

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from segmentation.bundle.bundle import ENGINE_FILES, ModelBundle
from segmentation.bundle.provenance import data_folder
from segmentation.bundle.saving import put_export
from segmentation.core.errors import DataError, SegmentationError
from segmentation.core.events import Caution, Tell, ignore
from segmentation.core.files import temporary_folder
from segmentation.core.predictions import ScoreFn
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.discover import discover
from segmentation.datasets.selection import select_samples
from segmentation.evaluation.precisions import judge_precisions
from segmentation.images.files import read_photo
from segmentation.inference.engines import engine_of, load_engine
from segmentation.inference.engines.openvino_engine import compile_network
from segmentation.inference.engines.precision import computes_in_bfloat16
from segmentation.inference.export import export
from segmentation.inference.scoring import with_first_pass
from segmentation.synth import drawn_set

_CHECKED_PHOTOS = 8  # on which an export is compared with Keras
_DRAWN_GARMENTS = 3


def with_openvino(
    bundle: ModelBundle, photos: Sequence[Path], held_out: Sequence[Sample], tell: Tell = ignore
) -> tuple[ModelBundle, float | None]:
    """Return the bundle with its network in OpenVINO's form, and the largest difference of its scores.

    The difference from Keras is taken on the first of `photos`. On `held_out`, samples that the model was not
    trained on, float32 and bfloat16 are judged, where the processor computes in both (but for objects);
    otherwise what is recorded stays, and so it does, with a Caution, where these samples cannot be read. The
    description has yet to be saved. Raises what `export` raises, and leaves the bundle as it was.
    """
    with temporary_folder(bundle.path) as folder:
        path = folder / ENGINE_FILES[0]
        difference = export(bundle, "openvino", path, map(read_photo, photos[:_CHECKED_PHOTOS]))
        if held_out and computes_in_bfloat16() and not bundle.finds_objects:
            bundle = _judged(bundle, path, held_out, tell)
        put_export(bundle, folder)
    return bundle, difference


def _judged(bundle: ModelBundle, network: Path, samples: Sequence[Sample], tell: Tell) -> ModelBundle:
    """Return the bundle with the figures of both precisions, all its passes in the same one."""

    def score_in(precision: str) -> ScoreFn:
        last = engine_of(bundle, "openvino", precision, compile_network(network, precision))
        if not bundle.first:
            return last
        return with_first_pass(
            bundle, last, load_engine(bundle.first, engine="openvino", precision=precision)
        )

    try:
        precisions = judge_precisions(bundle, score_in("f32"), score_in("bf16"), samples, tell)
    except SegmentationError as failure:
        tell(Caution(f"float32 and bfloat16 were not compared, so what is recorded stays: {failure}"))
        return bundle
    return dataclasses.replace(bundle, precisions=precisions, bf16_agreement=None)


def held_out_samples(bundle: ModelBundle, home: Path) -> list[Sample]:
    """Return the samples that a model is judged on; none when the data that it was trained on are not there.

    `home` is the working folder, which the bundle's record of its data is relative to.
    """
    folder = data_folder(bundle, home)
    if folder and folder.is_dir():
        with contextlib.suppress(DataError):
            dataset = discover(
                folder,
                check=False,
                classes=bundle.classes,
                trained_by=bundle.name,
                objects=bundle.finds_objects,
            )
            return list(select_samples(bundle, dataset))
    return []


def drawn_photos(folder: Path) -> list[Path]:
    """Return a few photos drawn below `folder`, which need no data set."""
    drawn = drawn_set(folder, _DRAWN_GARMENTS, Size(864, 576), 0)
    return [sample.photo for sample in discover(drawn, check=False).samples]
