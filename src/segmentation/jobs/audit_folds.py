"""The models of an audit: one for each fold, trained on all pairs but those that it is compared with."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.bundle.names import DESCRIPTION
from segmentation.config.jobs.audit import AuditOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.presets import configure
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.core.events import Note
from segmentation.core.samples import Sample
from segmentation.core.viewpoint_names import group_and_view
from segmentation.datasets.discover import Dataset
from segmentation.datasets.fingerprint import fingerprint
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.jobs.configuration import repeating
from segmentation.jobs.context import Context
from segmentation.jobs.fold_network import network_settings
from segmentation.jobs.training import train_model
from segmentation.jobs.training_split import choose_split
from segmentation.models.registry import complete
from segmentation.training.run_state import RECORD


def train_folds(
    options: AuditOptions,
    start: ModelBundle | None,
    dataset: Dataset,
    folder: Path,
    context: Context,
) -> list[ModelBundle] | None:
    """Return a model for each fold, trained now unless it exists; None when the user stopped a training.

    Raises ConfigError for a `start` that was trained on the pairs, and what `train_model` raises.
    """
    if start:
        _check_start(start, dataset)
    config = _configure(options, start, dataset.samples)
    folder /= folds_digest(config, start, dataset)[:12]
    bundles = []
    for fold in range(1, options.folds + 1):
        path, logs = folder / f"fold{fold}", folder / "logs" / f"fold{fold}"
        place = f"fold {fold} of {options.folds}"
        if (path / DESCRIPTION).is_file():
            bundle = load_bundle(path)
            if not bundle.provenance.get("interrupted"):
                context.tell(Note(f"{place}: reused, {path}"))
                bundles.append(bundle)
                continue
        if context.interrupted():
            return None
        context.tell(Note(f"{place}: training"))
        trained = _train_fold(config.replace(fold=fold), options, start, dataset, path, logs, context)
        if trained is None or trained.provenance["interrupted"]:
            return None
        bundles.append(trained)
    return bundles


def folds_digest(config: RunConfig, start: ModelBundle | None, dataset: Dataset) -> str:
    """Return the SHA-256 of all that decides the models of the folds: with others they are other models."""
    settings: list[Any] = [config.to_json(), fingerprint(dataset.samples), start and start.digest]
    joined = [(one.id, one.group) for one in dataset.samples if one.group != group_and_view(one.id)[0]]
    if joined:  # by a table of duplicates, say, which keeps them in one fold
        settings.append(sorted(joined))
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()


def _train_fold(
    config: RunConfig,
    options: AuditOptions,
    start: ModelBundle | None,
    dataset: Dataset,
    path: Path,
    logs: Path,
    context: Context,
) -> ModelBundle | None:
    keras.utils.clear_session()  # else the networks of all folds stay in memory
    training = TrainOptions(data=(dataset.root,), model=options.network.model, run=config)
    try:
        return train_model(
            config,
            [dataset],
            choose_split(dataset, config.data, config.training.seed),
            path,
            context,
            logs=logs,
            start=start,
            resuming=(logs / RECORD).is_file(),
            repeat=repeating(training, config),
        )
    except KeyboardInterrupt:
        return None


def _check_start(start: ModelBundle, dataset: Dataset) -> None:
    if start.first:
        raise ConfigError(
            f"`model={start.name}`: expected a single pass, received a double pass; start from its first, "
            f"`model={start.first.path}`"
        )
    known = len(KnownPhotos.trained_on(start).among(dataset.samples))
    if known:
        raise ConfigError(
            f"`model={start.name}`: expected a model that was not trained on these pairs, since it agrees "
            f"with their errors; it was trained on {known} of {len(dataset.samples)}; leave it out, or name "
            "another"
        )


def _configure(options: AuditOptions, start: ModelBundle | None, samples: Sequence[Sample]) -> RunConfig:
    """Return the settings of all folds, with the first chosen; they are trained as those of the recipe."""
    chosen = {name: getattr(options, name) for name in ("epochs", "seed", "folds")}
    explicit = network_settings(options.network, samples) | chosen
    return complete(configure(None, None, explicit, base=start.config if start else None))
