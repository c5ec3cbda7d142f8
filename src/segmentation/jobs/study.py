"""The pages of a study, one a question, from what its steps have written."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from segmentation.bundle.bundle import load_bundle
from segmentation.bundle.names import DESCRIPTION
from segmentation.bundle.provenance import provenance
from segmentation.config.jobs.evaluate import EvaluateOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.study import Question, filled, read_questions
from segmentation.core.counting import counted
from segmentation.core.file_kinds import MANIFEST
from segmentation.core.labels import HALF
from segmentation.core.samples import Sample
from segmentation.datasets.discover import discover
from segmentation.evaluation.history import read_history
from segmentation.evaluation.photo import read_pair
from segmentation.evaluation.study import (
    Judged,
    QuestionFigures,
    WayFigures,
    photos_of_part,
    pooled,
    read_judged,
)
from segmentation.images.files import read_mask, write_image
from segmentation.jobs.context import Context
from segmentation.jobs.named_models import models_of
from segmentation.jobs.recipe_steps import Request, Step
from segmentation.jobs.study_steps import Said, places_of, steps_of_question, way_steps
from segmentation.outputs.alpha_files import ALPHA, read_alpha
from segmentation.reports.compare_charts import learning_chart
from segmentation.reports.plots import save
from segmentation.reports.study import write_index, write_question
from segmentation.reports.study_pictures import Detail, draw_detail, draw_objects, most_disputed

_PICTURES = "pictures"
_MOST_SHOWN = 5  # photos whose objects are shown


def write_pages(request: Request, steps: Sequence[Step], said: Said, context: Context) -> Path:
    """Write a page for each question and its pictures into the folder of results; return that of their list.

    The list is of all pages in the folder, those of other calls too. `said` makes the command of a job of its
    options. Ways that have not been judged yet are rows that say so. Raises DataError for tables that `eval`
    did not write, and ImageError for pictures that cannot be written.
    """
    trained = {step.name: step for step in steps if isinstance(step.options, TrainOptions)}
    about = _about(context)
    for question in read_questions(request.questions, quick=request.quick):
        ways = way_steps(question, request)
        judged = {
            name: pooled([read_judged(_output(step)) for step in steps]) for name, steps in ways.items()
        }
        figures = _figures(question, ways, judged, trained, request, said, context)
        pictures = _pictures(question, ways, judged, request.results)
        if question.curves:
            pictures += _curves(question, ways, context.workspace.models, request.results)
        pictures += _objects(question, request)
        write_question(figures, about, pictures, request.results)
    return write_index(request.results)


def _figures(
    question: Question,
    ways: Mapping[str, Sequence[Step]],
    judged: Mapping[str, Judged | None],
    trained: Mapping[str, Step],
    request: Request,
    said: Said,
    context: Context,
) -> QuestionFigures:
    places = places_of(request)
    found = tuple(
        WayFigures(
            way.name,
            way.against,
            "\n".join(said(step.options) for step in ways[way.name]),
            _data_of(ways[way.name][0], request),
            judged[way.name],
            _training_seconds(ways[way.name], trained, context.workspace.models),
        )
        for way in question.ways
    )
    parts = {part.name: photos_of_part(part, Path(filled(part.file, places))) for part in question.parts}
    commands = tuple(said(step.options) for step in steps_of_question(question, request))
    return QuestionFigures(question, found, commands, parts)


def _training_seconds(steps: Sequence[Step], trained: Mapping[str, Step], models: Path) -> float | None:
    """Return how long the models that steps need, even indirectly, trained; None if there are none."""
    needed: dict[str, None] = {}
    waiting = [name for step in steps for name in models_of(step.options)]
    while waiting:
        name = waiting.pop()
        if name in trained and name not in needed:
            needed[name] = None
            waiting += models_of(trained[name].options)
    recorded = [
        load_bundle(models / name).provenance.get("training_seconds")
        for name in needed
        if (models / name / DESCRIPTION).is_file()
    ]
    known = [float(seconds) for seconds in recorded if isinstance(seconds, int | float)]
    return sum(known) if known and len(known) == len(needed) else None


def _pictures(
    question: Question, ways: Mapping[str, Sequence[Step]], judged: Mapping[str, Judged | None], results: Path
) -> list[str]:
    """Draw the most disputed detail of each set of pairs; return the lines that show them."""
    sets: dict[Path, list[str]] = {}
    shown_of = {name: steps[0] for name, steps in ways.items()}  # of several seeds the first is shown
    for name, step in shown_of.items():
        assert isinstance(step.options, EvaluateOptions)
        if judged[name] is not None and step.options.data:
            sets.setdefault(step.options.data, []).append(name)
    lines = []
    for number, (folder, names) in enumerate(sets.items(), start=1):
        photos = frozenset.intersection(*(frozenset(_photos(judged[name])) for name in names))
        samples = [sample for sample in discover(folder, check=False).samples if sample.id in photos]
        chosen = _most_disputed(samples, {name: _output(shown_of[name]) / ALPHA for name in names})
        if chosen is None:
            continue
        sample, alphas, detail = chosen
        _, target = read_pair(sample)
        file = f"{_PICTURES}/{question.name}-{number}.png"
        write_image(results / file, draw_detail(target, alphas, detail))
        shown = f"Masks of {sample.id} where the ways are furthest apart, pixel for pixel"
        lines.append(f"{shown}:\n\n![{shown}]({file})")
    return lines


def _objects(question: Question, request: Request) -> list[str]:
    """Draw several objects of a photo that the steps to be shown found; return the lines that show them."""
    lines = []
    for step in steps_of_question(question, request):
        if step.name not in question.shows or not (_output(step) / MANIFEST).is_file():
            continue
        found = [*map(json.loads, (_output(step) / MANIFEST).read_text(encoding="utf-8").splitlines())]
        several = [photo for photo in found if len(photo.get("objects") or ()) > 1]
        told = f"`{step.name}` found several objects in {len(several)} of {counted(len(found), 'photo')}"
        if not several:
            lines.append(f"{told}.")
            continue
        masks = [
            [read_mask(_output(step) / one["mask"]) >= HALF for one in photo["objects"]]
            for photo in several[:_MOST_SHOWN]
        ]
        file = f"{_PICTURES}/{question.name}-{step.name}.png"
        write_image(request.results / file, draw_objects(masks))
        lines.append(
            f"{told}, each with a mask and a cutout of its own; here each of a photo has a colour:\n\n"
            f"![Objects that {step.name} found]({file})"
        )
    return lines


def _curves(question: Question, ways: Mapping[str, Sequence[Step]], models: Path, results: Path) -> list[str]:
    """Draw the curves of the trainings, one of each model; return the lines that show them."""
    histories = {}
    for way in question.ways:
        for number, step in enumerate(ways[way.name]):
            trained = [model for model in models_of(step.options) if (models / model / DESCRIPTION).is_file()]
            if len(trained) == 1:
                name = f"{way.name}, seed {way.seeds[number]}" if way.seeds else way.name
                histories[name] = read_history(load_bundle(models / trained[0]))
    chart = learning_chart(histories, classes=False)
    if chart is None:
        return []
    file = f"{question.name}-curves.png"
    save(chart, results / file)
    return [f"The trainings, held-out photos thick and photos that are trained on thin:\n\n![Curves]({file})"]


def _most_disputed(
    samples: Sequence[Sample], folders: Mapping[str, Path]
) -> tuple[Sample, dict[str, np.ndarray], Detail] | None:
    best = None
    for sample in samples:
        found = {name: read_alpha(folder, sample.id) for name, folder in folders.items()}
        alphas = {name: alpha for name, alpha in found.items() if alpha is not None}
        if len(alphas) < 2 or len({alpha.shape for alpha in alphas.values()}) > 1:
            continue
        detail = most_disputed(alphas)
        if best is None or detail.apart > best[2].apart:
            best = sample, alphas, detail
    return best


def _photos(judged: Judged | None) -> Sequence[str]:
    return [*judged.photos] if judged else []


def _data_of(step: Step, request: Request) -> str:
    """Return the folder of pairs, without that of all data sets."""
    assert isinstance(step.options, EvaluateOptions)
    data = step.options.data
    if data is None:
        return "the pairs of the model"
    return str(data.relative_to(request.data)) if data.is_relative_to(request.data) else data.name


def _output(step: Step) -> Path:
    assert step.output is not None  # of every evaluation
    return step.output


def _about(context: Context) -> str:
    made = provenance(context.command)
    command = f"`{' '.join(context.command)}`" if context.command else "a program"
    versions = ", ".join(f"{name} {made['versions'][name]}" for name in ("tensorflow", "keras"))
    return f"Written by {command} at commit {made['git_commit']}, {made['started'][:10]}, with {versions}."
