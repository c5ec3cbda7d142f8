"""The options of each job, a dataclass each, which is imported when it is asked for."""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from segmentation.config.options import JobOptions


class Job(NamedTuple):
    """The module and the class of a job's options, and the first line of its docstring, which help shows."""

    module: str
    options: str
    summary: str


TABLE = {
    "data": Job(
        "data",
        "DataOptions",
        "Show what a folder of photos and their cutouts or label maps holds, without training.",
    ),
    "synth": Job("synth", "SynthOptions", "Draw synthetic studio photos with their cutouts."),
    "compose": Job(
        "compose",
        "ComposeOptions",
        "Compose new photos with their cutouts out of pairs, or of pictures with transparency.",
    ),
    "plan": Job(
        "plan",
        "PlanOptions",
        "Plan a training by the photos and this machine, with a reason for each choice, without training.",
    ),
    "train": Job("train", "TrainOptions", "Train a network on photos and their cutouts or label maps."),
    "recipe": Job(
        "recipe",
        "RecipeOptions",
        "Make a model, or the tables of a study, by a recorded recipe, one step after another.",
    ),
    "experiment": Job(
        "experiment",
        "ExperimentOptions",
        "Train variants of a model, several times each, and tell which differences could be chance.",
    ),
    "learning-curve": Job(
        "learning_curve",
        "LearningCurveOptions",
        "Train on growing parts of the pairs, and tell what more pairs are likely to bring.",
    ),
    "eval": Job(
        "evaluate",
        "EvaluateOptions",
        "Evaluate a model, or several as one, at full resolution, and write a report.",
    ),
    "audit": Job(
        "audit",
        "AuditOptions",
        "Find wrong ground truth: rank pairs by how far models that were not trained on them disagree.",
    ),
    "calibrate": Job(
        "calibrate", "CalibrateOptions", "Fit a model's confidence on pairs that it was not trained on."
    ),
    "compare": Job(
        "compare",
        "CompareOptions",
        "Compare models on the same photos, with intervals, a test, and a report.",
    ),
    "predict": Job("predict", "PredictOptions", "Cut the garments out of photos, or mark their classes."),
    "watch": Job(
        "watch",
        "WatchOptions",
        "Cut out the photos of a folder as they arrive in it, until it is stopped.",
    ),
    "serve": Job(
        "serve", "ServeOptions", "Answer photos that other programs send by HTTP with their cutouts."
    ),
    "pseudo": Job("pseudo", "PseudoOptions", "Make training pairs of the photos that a model is sure of."),
    "next": Job(
        "next",
        "NextOptions",
        "Choose those of the photos that are worth cutting out by hand next.",
    ),
    "review": Job(
        "review",
        "ReviewOptions",
        "Open a page on which predicted masks are accepted and corrected.",
    ),
    "deliver": Job("deliver", "DeliverOptions", "Make shop files of predicted and corrected cutouts."),
    "collect": Job("collect", "CollectOptions", "Make training pairs of cutouts that a retoucher corrected."),
    "adapt": Job(
        "adapt",
        "AdaptOptions",
        "Train a model further on corrections of its masks, and keep the new one if it is better.",
    ),
    "submit": Job(
        "submit", "SubmitOptions", "Write the run-length encoded masks of photos as a Kaggle submission."
    ),
    "export": Job(
        "export",
        "ExportOptions",
        "Write a trained network in the file format of another program, or its configuration as TOML.",
    ),
}
"""Every job by the name of its command."""


class _Jobs(Mapping[str, "type[JobOptions]"]):
    """The options of the jobs of TABLE."""

    def __getitem__(self, name: str) -> "type[JobOptions]":
        job = TABLE[name]
        options: type[JobOptions] = getattr(import_module(f"{__name__}.{job.module}"), job.options)
        return options

    def __contains__(self, name: object) -> bool:
        return name in TABLE  # nothing is imported for it

    def __iter__(self) -> Iterator[str]:
        return iter(TABLE)

    def __len__(self) -> int:
        return len(TABLE)


JOBS: Mapping[str, "type[JobOptions]"] = _Jobs()
"""The options of every job, by the name of its command."""


def loaded_first() -> list[str]:
    """Return the names of the jobs: first those with their options imported, then the one that has most."""
    return sorted(
        TABLE, key=lambda name: (f"{__name__}.{TABLE[name].module}" not in sys.modules, name != "train")
    )
