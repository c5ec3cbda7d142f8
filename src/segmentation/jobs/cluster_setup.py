"""Orders for the workers of a cluster before they begin: options, models, and how they have to compute."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation.config.jobs.predict import PredictOptions
from segmentation.config.options import replaced
from segmentation.core.errors import ConfigError
from segmentation.core.files import write_bytes
from segmentation.core.unfinished import is_unfinished
from segmentation.inference.ensemble import Ensemble
from segmentation.inference.matting import matte_bundles
from segmentation.inference.score_settings import ScoreSettings
from segmentation.jobs.context import Context

Files = dict[str, bytes]
"""The files of a folder by their paths in it."""


@dataclass(frozen=True)
class Setup:
    """The `options` of the job, the files of its `models` by name, and what decides the bytes of results."""

    options: PredictOptions
    models: dict[str, Files]
    settings: dict[str, Any]

    def unpack(self, folder: Path) -> None:
        """Write the models into a folder."""
        for name, files in self.models.items():
            for path, content in files.items():
                write_bytes(folder / name / path, content)

    def check(self, settings: dict[str, Any]) -> None:
        """Raise ConfigError where a worker would make other files than this process."""
        if settings != self.settings:
            wrong = [name for name in self.settings if settings.get(name) != self.settings[name]]
            there, here = (
                ", ".join(f"{name} {found.get(name)}" for name in wrong)
                for found in (settings, self.settings)
            )
            raise ConfigError(
                f"`on`: expected machines that compute as this one, {here}, received {there}; "
                "give `precision` and `engine`"
            )


def setup_of(
    options: PredictOptions,
    context: Context,
    models: Ensemble,
    computed: ScoreSettings,
    settings: dict[str, Any],
) -> Setup:
    """Return what to tell the workers, so that they compute as this process would.

    Raises ConfigError for two models of one name.
    """
    matte = options.files.matte
    bundles = [bundle.first_of or bundle.path for bundle in models.members]
    mattes = [bundle.path for bundle in matte_bundles(matte, context.workspace.models)] if matte else []
    names = {path.resolve().name: path for path in (*bundles, *mattes)}
    if len(names) < len({path.resolve() for path in (*bundles, *mattes)}):
        raise ConfigError("`on`: expected models of different names, received two of one name; rename one")
    changes: dict[str, Any] = {
        "on": None,
        "shard_photos": options.stores.lines(on_cluster=True),
        "model": tuple(path.resolve().name for path in bundles),
        "input": tuple(path.absolute() if isinstance(path, Path) else path for path in options.photos.input),
        "files_from": None,
    }
    if options.photos.files_from:
        changes["input"] = (Path("/"),)  # the photos themselves are sent
    precisions = {engine.precision for engine in computed.engines}
    if len(precisions) == 1:
        changes["precision"] = precisions.pop()
    if mattes:
        changes["matte"] = "+".join(path.resolve().name for path in mattes)
    if isinstance(options.files.background, Path):
        changes["background"] = options.files.background.absolute()
    return Setup(
        dataclasses.replace(replaced(options, changes), given=options.given),
        {name: _files(path) for name, path in names.items()},
        settings,
    )


def _files(folder: Path) -> Files:
    found = (path for path in folder.rglob("*") if path.is_file() and not is_unfinished(path))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found if path.suffix != ".lock"}
