"""The place of an adaptation's new model: under its name, replacing the model that has it, if any."""

import dataclasses
from contextlib import nullcontext
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.bundle.saving import save_description
from segmentation.core.errors import BundleError
from segmentation.core.files import atomic_folder, copy_folder
from segmentation.core.lock import locked
from segmentation.evaluation.adaptation import Verdict
from segmentation.jobs.adapt_plan import Plan


def present_at(target: Path) -> ModelBundle | None:
    """Return the model that has a name; None for none, and for one that is damaged, which nobody can use."""
    try:
        return load_bundle(target) if target.exists() else None
    except BundleError:
        return None


def replaced_by(trained: Path, target: Path) -> ModelBundle | None:
    """Return the model that the new one would replace, by which it is judged then.

    There is none where a process was killed after the new one had taken the name.
    """
    present = present_at(target)
    return present if present and present.digest != load_bundle(trained).digest else None


def put(trained: Path, target: Path, old: ModelBundle, plan: Plan, verdict: Verdict) -> None:
    """Put the new model to its name, with the confidence of the old one where it has none of its own.

    Raises DataError where another process is calibrating or exporting the model that has the name.
    """
    adapted = {
        "from": old.name,
        "digest": old.digest,
        "corrections": plan.learned,
        "verdict": str(verdict),
    }
    held = locked(target, remedy="") if target.is_dir() else nullcontext()
    with held, atomic_folder(target) as folder:
        copy_folder(trained, folder)
        new = load_bundle(folder)
        save_description(
            dataclasses.replace(
                new,
                provenance={**new.provenance, "adapted": adapted},
                confidence_model=new.confidence_model or old.confidence_model,
            )
        )
