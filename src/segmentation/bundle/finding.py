"""Find a bundle by its name, its path or its digest, among the user's models and those of the program."""

import contextlib
import re
import reprlib
from collections.abc import Collection, Iterator
from pathlib import Path

from segmentation.bundle.bundle import FIRST, ModelBundle, load_bundle
from segmentation.bundle.bundled import bundled_models
from segmentation.bundle.names import check_name, choices, names_in
from segmentation.bundle.schema import CONTROL_CHARACTERS, is_name
from segmentation.core.errors import BundleError, ConfigError, SegmentationError
from segmentation.core.unfinished import sweep

DEFAULT = "default"

_LONGEST_PATH = 4096


def find_bundle(model: str | None, models_folder: Path) -> ModelBundle:
    """Load a bundle: by a name in `models_folder`, or by a path, which has a separator in it.

    NAME/first is the first pass of a model by its name, unless there is a path of these words. What that
    folder lacks may be among the models that come with the program. None stands for the model
    `DEFAULT` of the folder, or else for the only model of masks there, or else, if there is none, for the
    `DEFAULT` that comes with the program. Raises BundleError when there is no such model and when None could
    be several, and ConfigError for an invalid name and for a relative path that leads upward.
    """
    if model is None:
        names = names_in(models_folder) or names_in(bundled_models())
        names = [DEFAULT] if DEFAULT in names else _of_masks(models_folder, names)
        if len(names) != 1:
            raise BundleError(
                f"`model`: expected one model in {models_folder} to take; {choices(models_folder)}"
            )
        model = names[0]
    name, _, part = model.partition("/")
    if part == FIRST and is_name(name) and not _exists(Path(model)):
        return load_bundle(_folder_of(name, models_folder) / FIRST)
    if "/" in model or "\\" in model:
        return load_bundle(_check_path(model))
    return load_bundle(_folder_of(model, models_folder))


def find_by_digest(digests: Collection[str], models_folder: Path, likely: str = "") -> ModelBundle | None:
    """Return the model that has one of these digests, or whose first pass has; None if there is none.

    The one with the `likely` name is looked at first.
    """
    models = known_models(models_folder, likely)
    return next((model for model in models if any(one.digest in digests for one in model.passes)), None)


def known_models(models_folder: Path, likely: str = "") -> Iterator[ModelBundle]:
    """Yield the models of a folder and those of the program, as far as they load, the `likely` name first."""
    folders = dict.fromkeys((models_folder, bundled_models()))
    paths = [folder / name for folder in folders for name in names_in(folder)]
    for path in sorted(paths, key=lambda path: path.name != likely):
        with contextlib.suppress(SegmentationError):  # reported when the model is loaded by its name
            yield load_bundle(path)


def _folder_of(name: str, models_folder: Path) -> Path:
    path = models_folder / check_name(name)
    if not _exists(path):
        sweep(models_folder)  # it may lie there whole, about to take a place when its process was killed
    is_bundled = name == DEFAULT and DEFAULT in names_in(bundled_models())
    return bundled_models() / name if is_bundled and not _exists(path) else path


def _check_path(model: str) -> Path:
    path = Path(model)
    if len(model) > _LONGEST_PATH or CONTROL_CHARACTERS.search(model):
        raise ConfigError(f"`model`: expected the path of a model, received {reprlib.repr(model)}")
    if ".." in re.split(r"[/\\]", model) and not path.is_absolute():
        raise ConfigError(
            f"`model`: expected a name, or a path without '..', received {model!r}; give a model elsewhere "
            "by its absolute path"
        )
    return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # the folder's own name may be one that cannot be looked up
        return False


def _of_masks(folder: Path, names: list[str]) -> list[str]:
    """Return the models that are not for mattes, which are never meant when no model is named."""

    def makes_masks(name: str) -> bool:
        try:
            return not load_bundle(folder / name).matte
        except BundleError:  # reported when the model is loaded
            return True

    return [name for name in names if makes_masks(name)] if len(names) > 1 else names
