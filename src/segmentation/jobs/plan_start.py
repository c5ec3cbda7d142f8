"""The start of a planned training: a model that is named, the bundled one if it is of use, or none."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import DEFAULT, find_bundle
from segmentation.bundle.provenance import seen_from
from segmentation.config.jobs.train import TrainOptions
from segmentation.core.counting import counted
from segmentation.core.errors import BundleError
from segmentation.core.events import counting
from segmentation.datasets.discover import Dataset
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.datasets.profile import spread
from segmentation.datasets.split import Split
from segmentation.evaluation.acquaintance import Acquaintance, acquaint
from segmentation.jobs.context import Context

_ASKED = 12  # photos
_KNOWS = 0.6  # Dice in the median, from which what a model has learned is of use
_ENOUGH_PAIRS = 12  # to train a second pass on
_OF_A_NETWORK = ("architecture", "filters", "levels", "norm", "backbone", "backbone_weights")


@dataclass(frozen=True)
class Start:
    """The model that gives the weights, None for none, and the first passes that a second is trained behind.

    `settings` are the options that say so, and `reason` is why. `known` is what the bundled model makes of
    some of the photos, None where it was not asked.
    """

    bundle: ModelBundle | None
    first: ModelBundle | None
    settings: Mapping[str, Any]
    reason: str
    known: Acquaintance | None = None


def choose_starts(
    options: TrainOptions, typed: Mapping[str, Any], dataset: Dataset, split: Split, context: Context
) -> list[Start]:
    """Return what to begin with, the best first; the next is for where that takes too long.

    A person may have named it. Raises BundleError for a model that is not there.
    """
    models = context.workspace.models
    if options.model or options.second_pass:
        bundle = find_bundle(options.model, models) if options.model else None
        first = find_bundle(options.second_pass[0], models) if options.second_pass else None
        return [Start(bundle, first, {}, "")]
    if network := [name for name in _OF_A_NETWORK if name in typed]:
        return [Start(None, None, {}, f"`{network[0]}` was chosen, which the bundled model may not have")]
    try:
        bundle = find_bundle(DEFAULT, models)
    except BundleError:
        return [Start(None, None, {}, "no bundled model is here")]
    known = KnownPhotos.trained_on(bundle)
    flattered = len(known.among(split.val))
    new = [sample for sample in (*split.train, *split.val) if sample not in known]
    asked = spread(new, _ASKED)
    if not asked:
        return [Start(None, None, {}, f"{bundle.name} was trained on all of these photos")]
    met = acquaint(bundle, asked, dataset.labels, counting(context.tell, "asking the bundled model"))
    cut = f"{bundle.name} cuts {counted(len(asked), 'photo')} of these out at Dice {met.dice:.3f}"
    if flattered:
        why = f"{bundle.name} was trained on {flattered} of the photos that are held out, which flatter it"
        return [Start(None, None, {}, why, met)]
    if met.dice < _KNOWS:
        return [Start(None, None, {}, f"{cut}: it does not know what they show", met)]
    single, starts = bundle.first or bundle, list[Start]()
    if bundle.first and dataset.labels.binary and met.finds and len(split.train) >= _ENOUGH_PAIRS:
        settings = {"model": bundle.name, "second_pass": (_path(single.path),)}
        why = f"{cut}, and its first pass finds all of them: the second one learns how you cut"
        starts.append(Start(bundle, single, settings, why, met))
    name = _path(single.path) if bundle.first else bundle.name
    return [*starts, Start(single, None, {"model": name}, f"{cut} already", met)]


def _path(path: Path) -> str:
    """The path of a first pass as the options take it, from here on where it lies below."""
    return str(seen_from(Path.cwd(), path.absolute()))
