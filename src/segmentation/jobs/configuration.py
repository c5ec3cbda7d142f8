"""The options of `train` that repeat a training, as the text of a TOML file."""

import dataclasses
from itertools import pairwise
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.provenance import data_folder
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.loss import LOSS_PARTS
from segmentation.config.matting import MATTE_PARTS
from segmentation.config.run import RunConfig
from segmentation.config.toml_file import read_options, write_options

CONFIGURATION = "config.toml"  # in the bundle


def repeating(options: TrainOptions, config: RunConfig, *, inherits_classes: bool = False) -> str:
    """Return the TOML file with which `train config=FILE` repeats a training by its completed configuration.

    It has no name, which the next model chooses; preset and augmentation are in the values. Classes of the
    model that the training started from and default data are left out, since they are found again.
    """
    again = dataclasses.replace(options, run=config, name=None, preset=None, augmentation=None)
    left_out = {
        **dict.fromkeys(LOSS_PARTS, config.loss.loss is not None),
        **dict.fromkeys(MATTE_PARTS, not config.guides),
        "resume": True,
        "overwrite": True,
        "find_rate": True,
        "minutes": True,
        "crop_focus": not config.training.crops and config.preprocessing.sees != "tiles",
        "classes": inherits_classes,
        "data": not options.data,
        **dict.fromkeys(("second_pass", "guide", "margin_px"), not options.second_pass),
    }
    return write_options(again, [name for name, absent in left_out.items() if absent])


def configuration_of(bundle: ModelBundle, home: Path) -> str:
    """Return the TOML file with which `train config=FILE` repeats the training of a model.

    Bundles hold one; for a bundle of an earlier version it is put together from what that records: the
    configuration, where the pairs and the weights came from, and the first passes. `home` is the working
    folder, which the record of the data is relative to. Raises ConfigError for a file that holds something
    else.
    """
    path = bundle.path / CONFIGURATION
    if path.is_file():
        read_options(path, TrainOptions)  # whoever made the bundle may have written anything
        return path.read_text(encoding="utf-8")
    return repeating(_put_together(bundle, home), bundle.config)


def recorded_training(bundle: ModelBundle, home: Path) -> TrainOptions:
    """Return the options of the training that made a model, as `configuration_of` has them.

    Raises ConfigError as it does.
    """
    path = bundle.path / CONFIGURATION
    if path.is_file():
        return TrainOptions.of(**read_options(path, TrainOptions))
    return _put_together(bundle, home)


def _put_together(bundle: ModelBundle, home: Path) -> TrainOptions:
    data, start = data_folder(bundle, home), bundle.provenance.get("start")
    return TrainOptions(
        data=(data,) if data else (),
        model=start if isinstance(start, str) else None,
        second_pass=_typed(bundle, "--second-pass"),
    )


def _typed(bundle: ModelBundle, flag: str) -> tuple[str, ...]:
    """Return a flag's values in the recorded command; whoever made the bundle may have recorded anything."""
    command = bundle.provenance.get("command")
    words = [word for word in command if isinstance(word, str)] if isinstance(command, list) else []
    return tuple(value for word, value in pairwise(words) if word == flag)
