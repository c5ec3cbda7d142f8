"""The work of one cell of an experiment: its training, unless its model is there, and how it is judged."""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.bundle.names import DESCRIPTION
from segmentation.config.scoring import ModelOptions
from segmentation.core.digests import content_of
from segmentation.core.errors import SegmentationError
from segmentation.core.events import Tell, counting
from segmentation.core.samples import Sample
from segmentation.datasets.known_photos import KnownPhotos
from segmentation.evaluation.candidates import judged_together
from segmentation.evaluation.disturbances import disturbed
from segmentation.evaluation.evaluate import evaluate
from segmentation.evaluation.experiment_figures import CellFigures
from segmentation.evaluation.set_figures import Evaluation
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.scorer import load_scorer
from segmentation.jobs.context import Context
from segmentation.jobs.experiment_cells import Cell, Place, Run
from segmentation.jobs.experiment_predicted import remove_predicted, with_predicted
from segmentation.jobs.experiment_records import figures_of_cell, write_record
from segmentation.jobs.pairs import find_pairs
from segmentation.jobs.training import Judged
from segmentation.training.progress import EpochDone
from segmentation.training.run_state import RECORD


def run_cell(run: Run, context: Context) -> CellFigures:
    """Train a cell unless its model is there, judge it, and write and return its figures.

    An error is a failure of the cell. Raises KeyboardInterrupt for an interruption.
    """
    place, cell = context.workspace, run.cell
    assert isinstance(place, Place)
    try:
        figures = _run(cell, place, context, run.epochs)
    except SegmentationError as error:
        figures = CellFigures(cell.repeat, failure=str(error))
    except Exception as error:  # of a library: the other cells are worth running
        figures = CellFigures(cell.repeat, failure=f"{type(error).__name__}: {error}"[:500])
    now = {str(run.epochs): figures.quality} if run.epochs and figures.quality is not None else {}
    figures = dataclasses.replace(figures, rungs={**now, **run.rungs})
    write_record(cell.record(place), figures)
    return figures


def _run(cell: Cell, place: Place, context: Context, epochs: int) -> CellFigures:
    bundle, evaluation = _model(cell, place, context, epochs)
    members = [bundle, *(load_bundle(place.models / name) for name in cell.average_with)]
    if evaluation is None or not cell.judged_as_trained:
        evaluation = _judge(cell, members, place, context.tell)
    if not bundle.provenance["interrupted"]:
        _remove_checkpoints(place.logs / cell.model)
        remove_predicted(cell, place)
    unfinished = [one.provenance["epochs"] for one in members if one.provenance["interrupted"]]
    return figures_of_cell(cell.repeat, bundle, evaluation, stopped=min(unfinished, default=0))


def _model(cell: Cell, place: Place, context: Context, epochs: int) -> tuple[ModelBundle, Evaluation | None]:
    """Return the model of a cell, trained as far as wanted, and its figures if it was trained now."""
    path, logs = place.models / cell.model, place.logs / cell.model
    if (path / DESCRIPTION).is_file():
        bundle = load_bundle(path)
        enough = epochs and bundle.provenance["epochs"] >= epochs
        if enough or not bundle.provenance["interrupted"]:
            return bundle, None
    import keras

    from segmentation.jobs.train import train

    keras.utils.clear_session()  # else the networks of all cells stay in memory
    begun = (logs / RECORD).is_file()
    options = dataclasses.replace(
        with_predicted(cell, place, context, begun=begun),
        resume=begun,
        overwrite=not begun,
        given=cell.training.given | {"resume" if begun else "overwrite"},
    )
    limit = _Limit(context, epochs)
    trained = train(options, limit.context, for_use=False)
    if trained.interrupted and not limit.reached:
        raise KeyboardInterrupt
    return trained.bundle, limit.evaluation


class _Limit:
    """A context that stops a training after some epochs, and keeps the figures that it is judged by."""

    def __init__(self, context: Context, epochs: int):
        self._epochs, self._tell = epochs, context.tell
        self.reached = False
        self.evaluation: Evaluation | None = None
        self.context = dataclasses.replace(
            context,
            tell=self._receive,
            stop=lambda: self.reached or context.stop(),
            interrupted=lambda: self.reached or context.interrupted(),
        )

    def _receive(self, event: object) -> None:
        match event:
            case EpochDone(epoch):
                self.reached = bool(self._epochs) and epoch >= self._epochs
            case Judged(evaluation):
                self.evaluation = evaluation
        self._tell(event)


def _judge(cell: Cell, members: Sequence[ModelBundle], place: Place, tell: Tell) -> Evaluation:
    """Return the figures of the model, or of all that score together, on photos that none was trained on."""
    bundle, judging = members[0], cell.judging
    different: list[ModelBundle] = []  # where what is excluded was held out, a training is that of the base
    for member in members:
        if member.digest not in {one.digest for one in different}:
            different.append(member)
    scoring = dataclasses.replace(judging.scoring, engine="keras")  # the engine that judges trainings
    scorer = load_scorer(
        Ensemble(tuple(different)), ModelOptions(threshold=judging.threshold), scoring, tell=tell
    )
    return evaluate(
        disturbed(scorer.score, judging.disturbed) if judging.disturbed else scorer.score,
        _held_out(cell, members, Context(place)),
        judging.threshold,
        labels=bundle.labels,
        target_threshold=bundle.config.data.target_threshold,
        on_progress=counting(tell, "scoring"),
    )


def _held_out(cell: Cell, members: Sequence[ModelBundle], context: Context) -> tuple[Sample, ...]:
    """Return the photos of the first folder that none of the models was trained on.

    Where photos of every folder are held out, those of the others follow, under the names that they have in
    the models' split: trainings are judged on them as well.
    """
    first, *others = cell.training.data
    dataset = find_pairs(members[0], first, context)
    samples = judged_together({member.name: member for member in members}, dataset)
    if cell.training.run.data.held_out_from == "first":
        return samples
    held_out = [KnownPhotos.held_out(member) for member in members]
    trained_on = [KnownPhotos.trained_on(member) for member in members]
    names: dict[str, list[str]] = {}
    for name, content in (photo for known in held_out for photo in known.photos):
        names.setdefault(content, []).append(name)
    for folder in others:
        for sample in find_pairs(members[0], folder, context).samples:
            known = any(sample in photos for photos in held_out)
            if known and not any(sample in photos for photos in trained_on):
                samples += (_as_recorded(sample, names.get(content_of(sample.photo), [sample.id])),)
    return samples


def _as_recorded(sample: Sample, names: Sequence[str]) -> Sample:
    """Return a sample of a further folder under its name in the split of a model, one of `names`."""
    name = next((name for name in names if name.endswith(f"/{sample.id}")), names[0])
    source = name.removesuffix(sample.id)
    return dataclasses.replace(sample, id=name, group=f"{source}{sample.group}")


def _remove_checkpoints(logs: Path) -> None:
    """Keep only what people read of a finished run: its events for TensorBoard and its history."""
    for path in [logs / RECORD, *logs.glob("epoch-*.weights.h5")]:
        path.unlink(missing_ok=True)
    shutil.rmtree(logs.with_name(f"{logs.name}-guides"), ignore_errors=True)
