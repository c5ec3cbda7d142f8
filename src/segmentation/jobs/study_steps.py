"""The steps of a study: everything that its questions need, and an evaluation of each way.

Standard library and options only, since `--help` lists the recipes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from segmentation.config.jobs import JOBS
from segmentation.config.options import JobOptions, options_of
from segmentation.config.record import record_of
from segmentation.config.study import Question, filled, read_questions
from segmentation.core.errors import ConfigError
from segmentation.jobs.recipe_steps import Request, Step

Said = Callable[[JobOptions], str]
"""The options of a job -> the command that runs it."""

_CHOSEN = ("name", "output")  # options that the study itself chooses
_FILES = {"data": "contact-sheet.png"}  # of jobs whose output is a file


def in_words(options: JobOptions) -> str:
    """Return a job and its options in words, as it is called from Python: train data=DIR epochs=3."""
    job = next(name for name, kind in JOBS.items() if isinstance(options, kind))
    return " ".join([job, *(f"{name}={value}" for name, value in record_of(options).items())])


def study_steps(request: Request) -> list[Step]:
    """Return the steps of all questions; what several of them need is made once.

    Raises ConfigError for a question that cannot be read, for options that do not fit their job, and for
    steps of one name that differ.
    """
    steps: dict[tuple[type[JobOptions], str], Step] = {}  # a model is trained, and calibrated by its name too
    for question in read_questions(request.questions, quick=request.quick):
        evaluations = [step for steps in way_steps(question, request).values() for step in steps]
        for step in [*steps_of_question(question, request), *evaluations]:
            if steps.setdefault((type(step.options), step.name), step) != step:
                raise ConfigError(
                    f"{question.name}: expected {step.name} as an earlier question has it, received other "
                    "options; give it another name"
                )
    return list(steps.values())


def steps_of_question(question: Question, request: Request) -> list[Step]:
    """Return what a question needs for its evaluations."""
    return [
        _step(f"{question.name}.steps.{made.name}", made.job, made.name, made.options, request)
        for made in question.steps
    ]


def way_steps(question: Question, request: Request) -> dict[str, tuple[Step, ...]]:
    """Return the evaluations of a question by the names of its ways: one of each, or one of each seed."""
    return {
        way.name: tuple(
            _step(f"{question.name}.ways.{way.name}", "eval", f"{question.name}/{name}", options, request)
            for name, options in way.evaluations.items()
        )
        for way in question.ways
    }


def places_of(request: Request) -> dict[str, str]:
    """Return what stands for the names in braces."""
    return {"data": str(request.data), "name": request.name, "results": str(request.results)}


def _step(place: str, job: str, name: str, options: Mapping[str, Any], request: Request) -> Step:
    """Return a step whose options are checked; `place` names it in errors."""
    kind = JOBS.get(job)
    if kind is None:
        raise ConfigError(f"{place}.job: expected one of {', '.join(JOBS)}, received {job!r}")
    if given := [key for key in _CHOSEN if key in options]:
        raise ConfigError(f"{place}: expected what decides the result, received {given[0]}; leave it out")
    values = places_of(request)
    chosen = {key: filled(value, values) for key, value in options.items()}
    known = {found.name for found in options_of(kind)}
    if job == "train":
        name = chosen["name"] = f"{request.name}-{name}"
    elif job == "calibrate":
        name = str(chosen.get("model"))
    elif "output" in known:
        chosen["output"] = request.results / name / _FILES.get(job, "")
    if job == "eval":
        chosen.setdefault("save_alpha", True)  # for the pictures
    try:
        return Step(name, kind.of(**chosen))
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from error
