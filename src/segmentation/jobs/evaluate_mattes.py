"""The job `eval` for mattes: their errors on pairs with a true alpha, and a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.jobs.evaluate import EvaluateOptions
from segmentation.config.options import options_of
from segmentation.config.scoring import ModelOptions, ScoringOptions
from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.events import Note, counting
from segmentation.core.file_kinds import TRIMAPS
from segmentation.core.lock import locked
from segmentation.core.samples import Sample
from segmentation.datasets.discover import Dataset
from segmentation.datasets.selection import new_to, random_subset, without_predicted
from segmentation.datasets.trimaps import DRAWN_WIDTH, read_trimap
from segmentation.evaluation.matte_figures import MatteEvaluation
from segmentation.evaluation.mattes import Look, MatteOf, Start, evaluate_mattes
from segmentation.images.trimaps import FROM_SCORES, WIDE_BAND, soft_trimap
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.matting import Matte, classical, load_matte, matte_bundles, mean_of
from segmentation.inference.scorer import find_models, load_scorer
from segmentation.jobs.context import Context
from segmentation.jobs.pairs import find_dataset, trained_on
from segmentation.outputs.alpha import soft_alpha
from segmentation.outputs.alpha_files import ALPHA, write_alpha
from segmentation.reports.matte_report import Details, write_mattes

_OF_MASKS = ("robustness", "tolerance_px", "fault_thickness_px", "fault_area_px")  # options of `eval`
_OF_MATTES = {"engine", "precision", "quality"}  # scoring options that a model of mattes has as well


@dataclass(frozen=True)
class EvaluatedMattes:
    """The errors of mattes on samples, and the folder of results with report.html."""

    samples: tuple[Sample, ...]
    evaluation: MatteEvaluation
    output: Path

    @property
    def report(self) -> Path:
        return self.output / "report.html"


@dataclass(frozen=True)
class _Named:
    """A matte by its name: a method, or models, each for the garments that it was not trained on."""

    name: str
    bundles: tuple[ModelBundle, ...] = ()

    def unknown_to(self, dataset: Dataset) -> frozenset[str]:
        """Return the ids of photos that one of the models at least was not trained on."""
        ids = frozenset(sample.id for sample in dataset.samples)
        if not self.bundles:
            return ids
        return frozenset[str]().union(*(new_to(bundle, dataset.samples) for bundle in self.bundles))


def evaluate_matte_models(options: EvaluateOptions, context: Context) -> EvaluatedMattes:
    """Find the alpha of photos with every matte, measure it, and write the figures and the report.

    Raises ConfigError for names that are no matte, DataError for pairs that cannot be read, or when none are
    left, and for missing trimaps.
    """
    if unfit := [f"`{name}`" for name in _OF_MASKS if name in options.given]:
        raise ConfigError(f"{' '.join(unfit)}: expected for masks, received with mattes; leave it out")
    finder = _finder(options, context)
    named = [_named(name, context) for name in options.mattes.matte or options.models.model]
    names = [one.name for one in named]
    if len({*names}) < len(names):
        raise ConfigError(f"`matte`: expected different mattes, received {', '.join(names)}; name each once")
    bundles = [bundle for one in named for bundle in one.bundles]
    if options.data is None and not bundles:
        raise ConfigError("`matte`: expected pairs with a true alpha, received none; name them with `data`")
    dataset = find_dataset(options.data or trained_on(bundles[0], context.workspace), context)
    samples = random_subset(_select(named, finder, dataset, options.split), options.size, options.seed)
    photos = counted(len(dataset.samples), "photo")
    context.tell(Note(f"{', '.join(names)}: {len(samples)} of {photos} ({options.split})"))
    output = options.output or context.workspace.results / "mattes" / "-".join(names).replace("/", "-")
    with locked(output):
        details = Details()
        looks: list[Look] = [details, *([_saving(output / ALPHA)] if options.save_alpha else [])]

        def look(
            sample: Sample, photo: np.ndarray, target: np.ndarray, found: Mapping[str, np.ndarray]
        ) -> None:
            for one in looks:
                one(sample, photo, target, found)

        evaluation = evaluate_mattes(
            {one.name: _matte_of(one, dataset, options) for one in named},
            samples,
            options.mattes.trimaps,
            _start(options, finder, context),
            look,
            on_progress=counting(context.tell, "matting"),
        )
        write_mattes(evaluation, details, output, options.report_images, _provenance(named, dataset, options))
    return EvaluatedMattes(samples, evaluation, output)


def _saving(folder: Path) -> Look:
    """Return a `Look` that writes the alphas of each photo, of several mattes into a folder each."""

    def save(
        sample: Sample, _photo: np.ndarray, _target: np.ndarray, found: Mapping[str, np.ndarray]
    ) -> None:
        for name, alpha in found.items():
            write_alpha(folder / name if len(found) > 1 else folder, sample.id, alpha)

    return save


def _named(name: str, context: Context) -> _Named:
    bundles = matte_bundles(name, context.workspace.models)
    return _Named("+".join(bundle.name for bundle in bundles) or name, bundles)


def _finder(options: EvaluateOptions, context: Context) -> Ensemble | None:
    """Return the models that find the trimaps, None where these are given.

    Raises ConfigError for options of such models where there are none, and what `find_models` raises.
    """
    name = options.mattes.trimaps
    if name in TRIMAPS:
        if not options.mattes.matte:
            raise ConfigError(
                f"`trimaps={name}`: expected the matte in `matte`, and in `model` what finds its trimap, "
                "received no `matte`; name both"
            )
        return find_models(options.models.model, context.workspace.models, options.scoring)
    names = {found.name for part in (ModelOptions, ScoringOptions) for found in options_of(part)} - _OF_MATTES
    if not options.mattes.matte:
        names.discard("model")  # which names the mattes
    if unfit := [f"`{name}`" for name in sorted(names & options.given)]:
        raise ConfigError(
            f"{' '.join(unfit)}: expected with trimaps that a model finds, {', '.join(TRIMAPS)}, received "
            f"`trimaps={name}`; choose one of them, or leave it out"
        )
    return None


def _select(
    named: Sequence[_Named], finder: Ensemble | None, dataset: Dataset, side: str
) -> tuple[Sample, ...]:
    made = without_predicted(dataset.samples)
    if side == "all":
        return made
    finders = finder.members if finder else ()
    unseen = frozenset.intersection(
        *(one.unknown_to(dataset) for one in named), *(new_to(one, dataset.samples) for one in finders)
    )
    chosen = tuple(sample for sample in made if (sample.id in unseen) == (side == "held-out"))
    if not chosen:
        raise DataError(
            f"{dataset.root}: expected {side} photos, found none among {len(made)}; give other `data`, or "
            "`split=all`"
        )
    return chosen


def _matte_of(named: _Named, dataset: Dataset, options: EvaluateOptions) -> MatteOf:
    if not named.bundles:
        method = classical(named.name)
        return lambda _sample: method
    loaded = [
        (
            load_matte(bundle, engine=options.scoring.engine, precision=options.scoring.resolved.precision),
            new_to(bundle, dataset.samples),
        )
        for bundle in named.bundles
    ]

    def matte_of(sample: Sample) -> Matte:
        unseen = [matte for matte, new in loaded if sample.id in new]
        return mean_of(unseen or [matte for matte, _ in loaded])

    return matte_of


def _start(options: EvaluateOptions, finder: Ensemble | None, context: Context) -> Start:
    """Return the function that begins a matte: from a given trimap, or from a mask that a model makes."""
    name = options.mattes.trimaps
    if finder is None:

        def given(
            sample: Sample, _photo: np.ndarray, target: np.ndarray
        ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            known = read_trimap(sample, name, target)
            return known, known, known

        return given
    scorer = load_scorer(finder, options.models, options.scoring, tell=context.tell)

    def found(
        sample: Sample, photo: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        prediction = scorer.predict(sample.id, photo, estimate=False)
        scores = prediction.scores[..., 0]
        known = FROM_SCORES[name](photo, scores, scorer.threshold, WIDE_BAND)
        alpha = soft_alpha(prediction, scorer.enlargement(prediction.scores))
        return alpha, known, soft_trimap(target, DRAWN_WIDTH, DRAWN_WIDTH)

    return found


def _provenance(named: Sequence[_Named], dataset: Dataset, options: EvaluateOptions) -> dict[str, object]:
    trained = {
        one.name: ", ".join(sorted({str(bundle.provenance.get("data")) for bundle in one.bundles}))
        for one in named
        if one.bundles
    }
    return {
        "judged on": f"{dataset.root} ({options.split})",
        "trimaps": options.mattes.trimaps,
        **{f"{name} was trained on": where for name, where in trained.items()},
    }
