"""The whole jobs behind the commands: data to a trained bundle, a bundle and data to an evaluation."""

import contextlib
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from segmentation.bundle.bundle import ENGINE_FILES, FIRST, GROUPS, ModelBundle, load_bundle, save_description
from segmentation.bundle.provenance import data_folder, provenance, seen_from
from segmentation.config.training import DataConfig, RunConfig
from segmentation.core.errors import BundleError, ConfigError, DataError, ExportError
from segmentation.core.files import UNFINISHED, atomic_folder, write_text
from segmentation.core.parallel import OnProgress
from segmentation.core.size import Size
from segmentation.core.types import Sample
from segmentation.datasets.class_choice import merged_groups
from segmentation.datasets.discover import Dataset, discover
from segmentation.datasets.fingerprint import fingerprint
from segmentation.datasets.selection import select_samples
from segmentation.datasets.split import Split, folds, holdout
from segmentation.evaluation.agreement import worst_agreement
from segmentation.evaluation.calibration import fit_confidence
from segmentation.evaluation.evaluate import evaluate
from segmentation.images.files import image_size, read_photo
from segmentation.inference.engines import Engine, load_engine
from segmentation.inference.engines.openvino_engine import compile_network, computes_in_bfloat16
from segmentation.inference.export import export
from segmentation.inference.first_pass_scores import write_first_pass_scores
from segmentation.inference.scoring import load_score, with_first_pass
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.reports.plots import plot_curves, plot_threshold
from segmentation.synth import GENERATOR_VERSION, write_studio
from segmentation.training.fit import fit
from segmentation.training.progress import Progress

_CHECKED_PHOTOS = 8  # on which an export is held against Keras
_DRAWN_GARMENTS = 3


def train(
    config: RunConfig,
    datasets: Sequence[Dataset],
    split: Split,
    path: Path,
    *,
    home: Path,
    logs: Path,
    start: ModelBundle | None = None,
    first: ModelBundle | None = None,
    resuming: bool = False,
    excluded: Sequence[str] = (),
    progress: Progress,
) -> ModelBundle:
    """Train a completed configuration on the split of data sets, and put the bundle at `path`.

    It is judged on the held-out photos at full resolution, which the threshold of a cutout is searched on and
    on which is learned how far its masks can be trusted, and its network is exported to OpenVINO. A second
    pass has its `first` copied into its bundle. `excluded`, the ids of pairs that were left out of the split,
    are recorded. The bundle appears at `path` whole or not at all; what was there before is replaced. Raises
    what `fit` and `evaluate` raise.
    """
    groups = merged_groups(dataset.groups for dataset in datasets)
    labels = datasets[0].labels
    if start and start.labels.names == labels.names:
        labels = start.labels  # in its colours
    origin = {"data": str(seen_from(home, datasets[0].root)), **provenance()}
    if excluded:
        origin["excluded"] = list(excluded)
    with atomic_folder(path) as folder:
        bundle, history = fit(
            config,
            split.train,
            split.val,
            folder,
            logs=logs,
            fingerprint=fingerprint(split.train + split.val),
            labels=labels,
            start=start,
            first=first,
            resuming=resuming,
            progress=progress,
        )
        if first:
            shutil.copytree(first.path, folder / FIRST)
            bundle = dataclasses.replace(bundle, first=load_bundle(folder / FIRST))
        bundle = judged(bundle, split.val, progress.score)
        try:
            held_out = [sample.photo for sample in split.val]
            bundle, _ = with_openvino(bundle, held_out, held_out)
        except (ExportError, BundleError) as failure:  # the training is worth keeping without it
            progress.note(f"no OpenVINO export, so predict will use Keras: {failure}")
        bundle = dataclasses.replace(bundle, provenance={**origin, **bundle.provenance})
        plot_curves(history, folder / "curves.png")
        if not bundle.labels.binary:
            write_text(folder / GROUPS, json.dumps(groups, indent=2) + "\n")
        bundle = save_description(bundle)  # from here on it can be loaded
        if bundle.labels.binary:
            try:
                confidence_model = fit_confidence(bundle, split.val, on_progress=progress.score)
                bundle = save_description(dataclasses.replace(bundle, confidence_model=confidence_model))
            except DataError as failure:
                progress.note(f"predict will not sort photos by confidence: {failure}")
    return dataclasses.replace(bundle, path=path)


def choose_split(dataset: Dataset, config: DataConfig, seed: int) -> Split:
    """One of the folds if folds are asked for, else the data's own train/ and val/, else a hold-out.

    Raises ConfigError for a fold that there is not, and what `folds` and `holdout` raise.
    """
    if config.fold > max(config.folds, 1):
        raise ConfigError(f"--fold: expected 1 to {max(config.folds, 1)} (--folds), received {config.fold}")
    if config.folds:
        return folds(dataset.samples, config.folds, seed)[config.fold - 1]
    return dataset.folder_split or holdout(dataset.samples, config.holdout, seed)


def with_sources(split: Split, others: Sequence[Dataset]) -> Split:
    """The split with all samples of other data sets to learn from, numbered by their source.

    Their ids and groups begin with the name of their folder, so that none is taken for one of the split's.
    """
    added = [
        dataclasses.replace(
            sample,
            id=f"{dataset.root.resolve().name}/{sample.id}",
            group=f"{dataset.root.resolve().name}/{sample.group}",
            source=number,
        )
        for number, dataset in enumerate(others, start=1)
        for sample in dataset.samples
    ]
    return Split(split.train + tuple(added), split.val)


def with_drawn_garments(split: Split, config: RunConfig, folder: Path, on_photo: OnProgress | None) -> Split:
    """The split with `config.data.synthetic` drawn garments added to its training photos.

    They are drawn below `folder`, in the shape of the photos and twice as high as the network's input,
    from the run's seed, and kept for the next run that asks for the same. A garment that the split
    already has, as a drawn set has, is not added: it could be one that is held out.
    """
    if not config.data.synthetic:
        return split
    height = 2 * config.preprocessing.input_size.height
    photo_height, photo_width = image_size(split.train[0].photo)
    size = Size(height, round(height * photo_width / photo_height))
    drawn = drawn_set(folder, config.data.synthetic, size, config.training.seed, on_photo)
    known = {sample.group for sample in split.train + split.val}
    samples = [sample for sample in discover(drawn, check=False).samples if sample.group not in known]
    added = tuple(dataclasses.replace(sample, origin="synthetic") for sample in samples)
    return Split(split.train + added, split.val)


def drawn_set(folder: Path, count: int, size: Size, seed: int, on_photo: OnProgress | None) -> Path:
    """The folder below `folder` with `count` drawn garments at `size`, drawn now unless it is there."""
    drawn = folder / f"{count}-{size}-{seed}-version-{GENERATOR_VERSION}"
    if not drawn.exists():
        with atomic_folder(drawn) as unfinished:
            write_studio(unfinished, count, size.width, size.height, seed, on_photo=on_photo)
    return drawn


def with_first_pass_scores(
    split: Split,
    config: RunConfig,
    first_passes: Sequence[ModelBundle],
    folder: Path,
    on_photo: OnProgress | None,
) -> Split:
    """The split whose samples have what a second pass learns from: first scores, or the ground truth itself.

    Pictures of the scores are written below `folder`. Raises what `write_guides` raises.
    """
    if config.second_pass.guide == "held-out":
        return Split(
            write_first_pass_scores(split.train, first_passes, folder / "train", on_photo),
            write_first_pass_scores(split.val, first_passes, folder / "val", on_photo),
        )
    sides = [
        tuple(dataclasses.replace(sample, first_scores=sample.truth) for sample in side)
        for side in (split.train, split.val)
    ]
    return Split(*sides)


def judged(
    bundle: ModelBundle, samples: tuple[Sample, ...], on_score: OnProgress | None = None
) -> ModelBundle:
    """The bundle with its figures on `samples` at full resolution.

    A cutout's are those at the threshold of the best mean Dice, which it has from then on; the curve lies
    beside it.
    """
    score, _engines = load_score(bundle, engine="keras")
    evaluation = evaluate(
        score,
        samples,
        None,
        labels=bundle.labels,
        target_threshold=bundle.config.data.target_threshold,
        on_progress=on_score,
    )
    if evaluation.search:
        evaluation.search.write_csv(bundle.path / "threshold.csv")
        plot_threshold(evaluation.search, bundle.path / "threshold.png")
    figures = {**bundle.provenance, "val_at_full_resolution": evaluation.summary()}
    return dataclasses.replace(bundle, threshold=evaluation.threshold, provenance=figures)


def with_openvino(
    bundle: ModelBundle, photos: Sequence[Path], held_out: Sequence[Path]
) -> tuple[ModelBundle, float | None]:
    """The bundle with its network in OpenVINO's form, and the largest difference of a score from Keras.

    The first of `photos` are those that the difference is taken on. On `held_out`, photos that the model
    has not learned from, it is found out whether the masks stay the same in bfloat16, where the processor
    computes in it; without any, what is known of that stays. The description has yet to be saved: until
    then the bundle does not match it. Raises what `export` raises, and leaves the bundle as it was.
    """
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=bundle.path) as folder:
        path = Path(folder) / ENGINE_FILES[0]
        difference = export(bundle, "openvino", path, map(read_photo, photos[:_CHECKED_PHOTOS]))
        agreement = bundle.bf16_agreement
        if held_out and computes_in_bfloat16():
            preprocessing = Preprocessing.from_json(bundle.preprocessing)
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
        for made in path.parent.iterdir():
            made.replace(bundle.path / made.name)
    return dataclasses.replace(bundle, bf16_agreement=agreement), difference


def held_out_photos(bundle: ModelBundle, home: Path) -> list[Path]:
    """The photos that the model is judged on; none when the data that it was trained from are not there."""
    folder = data_folder(bundle, home)
    if folder and folder.is_dir():
        with contextlib.suppress(DataError):
            samples = select_samples(
                bundle, discover(folder, check=False, classes=bundle.classes, learned_by=bundle.name)
            )
            return [sample.photo for sample in samples]
    return []


def drawn_photos(folder: Path) -> list[Path]:
    """A few photos that need no data, drawn below `folder`."""
    drawn = drawn_set(folder, _DRAWN_GARMENTS, Size(864, 576), 0, None)
    return [sample.photo for sample in discover(drawn, check=False).samples]
