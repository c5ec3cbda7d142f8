"""The schema of a bundle's description: it may come from anyone, so every value is checked and none is run.

Needs neither TensorFlow nor Keras.
"""

import dataclasses
import json
import math
import re
from dataclasses import fields
from typing import Any, NoReturn

from segmentation.bundle.confidence_schema import confidence_model
from segmentation.bundle.plain_values import (
    LARGEST_SIDE_PX,
    MOST_PHOTOS,
    as_ids,
    as_list,
    as_number,
    as_numbers,
    as_whole,
    check_dictionary,
    check_fields,
)
from segmentation.bundle.precisions import Exactness, Precisions
from segmentation.config.run import RunConfig
from segmentation.core.digests import CONTENT_DIGITS
from segmentation.core.errors import ConfigError
from segmentation.core.json_text import unique_names
from segmentation.core.labels import LabelMap
from segmentation.models import registry
from segmentation.preprocessing.preprocessing import Preprocessing

FORMAT = 1

_MOST_LEVELS = 13  # halvings from the largest side to a single pixel
_MOST_LABELS, _LONGEST_LABEL = 256, 100
_DEEPEST = 32  # dictionaries and lists within each other; training writes four
_DEVIATIONS = (1e-6, 255.0)  # training records none below, and dividing by less overflows float32

# what breaks a line, moves a terminal's cursor, or cannot be written as UTF-8
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CONTENT = re.compile(rf"[0-9a-f]{{{CONTENT_DIGITS}}}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_NETWORK = ("architecture", "filters", "levels", "norm")  # no defaults: weights fit one value of each
# fields that bundles of earlier versions lack
_LATER_FIELDS = ("precisions", "bf16_agreement", "contents", "experience", "first")
_FIELDS = ("config", "preprocessing", "labels", "threshold", "split", "provenance", "files")


def read_description(content: bytes) -> dict[str, Any]:
    """Return the fields of a ModelBundle, all but its path, from the JSON text `content`.

    Raises ValueError, which names the value and says what was expected.
    """
    plain = _parse(content)
    if not isinstance(plain, dict) or type(plain.get("format")) is not int or plain["format"] != FORMAT:
        received = plain.get("format") if isinstance(plain, dict) else plain
        raise ValueError(f"expected format {FORMAT}, received {received!r}")
    check_fields("description", plain, ("format", *_FIELDS), optional=_LATER_FIELDS)
    config = _config(plain["config"])
    return {
        "config": config,
        "preprocessing": _preprocessing(plain["preprocessing"], config),
        "labels": _labels(plain["labels"]),
        "threshold": as_number("threshold", plain["threshold"], 0, 1),
        "split": _split(plain["split"]),
        "contents": _contents(plain.get("contents", {})),
        "provenance": _provenance(plain["provenance"]),
        "files": _files(plain["files"]),
        "precisions": _precisions(plain.get("precisions")),
        "bf16_agreement": _agreement(plain.get("bf16_agreement")),
        "confidence_model": confidence_model(plain.get("experience")),
        "first": _first(plain.get("first"), config),
    }


def is_name(text: str) -> bool:
    """Return whether `text` can name a file or a folder on every system and cannot lead out of its parent."""
    return bool(_FILE_NAME.fullmatch(text))


def _parse(content: bytes) -> Any:
    """Read JSON without what Python's reader adds to it: NaN, infinities, and names that occur twice."""
    try:
        plain = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=unique_names,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        plain = None
    else:
        if _is_shallow(plain, _DEEPEST):
            return plain
    raise ValueError(f"expected at most {_DEEPEST} lists within each other, received more")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"expected finite numbers, received {text}")
    return value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"expected finite numbers, received {text}")


def _is_shallow(plain: Any, levels: int) -> bool:
    if not isinstance(plain, dict | list):
        return True
    inner = plain.values() if isinstance(plain, dict) else plain
    return levels > 0 and all(_is_shallow(value, levels - 1) for value in inner)


def _config(plain: Any) -> RunConfig:
    """Return the configuration; its values are those of the flags, and the network can be built."""
    config = RunConfig.from_json(plain)
    # whatever else is missing came with a later version and has its default
    check_dictionary("config", plain, ("model", "preprocessing"))
    check_dictionary("config.model", plain["model"], _NETWORK)
    model, size = config.model, config.preprocessing.input_size
    if not size or max(size.height, size.width) > LARGEST_SIDE_PX:
        raise ValueError(
            f"config.preprocessing.input_size: expected sides of 1 to {LARGEST_SIDE_PX}, received {size}"
        )
    as_whole("config.model.levels", model.levels, 1, _MOST_LEVELS)
    as_whole("config.model.filters", model.filters, 1, registry.MOST_FILTERS >> model.levels)
    try:
        registry.complete(config)
    except ConfigError as error:
        raise ValueError(f"config: {error}") from error
    return config


def _preprocessing(plain: Any, config: RunConfig) -> Preprocessing:
    """Return the configured preprocessing with the recorded statistics of the training set.

    Bundles of earlier versions repeat here what the configuration says.
    """
    configured = Preprocessing.of_run(config)
    repeated = {name: value for name, value in configured.to_json().items() if name not in ("mean", "std")}
    check_fields("preprocessing", plain, ("mean", "std"), optional=repeated)
    for name, value in repeated.items():
        received = plain.get(name, value)
        if type(received) is not type(value) or received != value:
            raise ValueError(
                f"preprocessing.{name}: expected {value} as in the configuration, received {received!r}"
            )
    bounds = {"mean": (0.0, 255.0), "std": _DEVIATIONS}
    statistics = {name: as_numbers(f"preprocessing.{name}", plain[name], *bounds[name]) for name in bounds}
    for name, values in statistics.items():
        if len(values) not in (1, configured.channels):  # a single one stands for all channels
            raise ValueError(
                f"preprocessing.{name}: expected 1 or {configured.channels} numbers for {configured.colour} "
                f"photos, received {len(values)}"
            )
    return dataclasses.replace(configured, mean=tuple(statistics["mean"]), std=tuple(statistics["std"]))


def _labels(plain: Any) -> LabelMap:
    check_fields("labels", plain, ("names", "colours", "ignore"))
    names = tuple(_label(name) for name in as_list("labels.names", plain["names"]))
    if not 1 <= len({*names}) == len(names) <= _MOST_LABELS:
        raise ValueError(f"labels.names: expected 1 to {_MOST_LABELS} different names, received {names!r}")
    colours = tuple(_colour(colour) for colour in as_list("labels.colours", plain["colours"]))
    if len(colours) != len(names):
        raise ValueError(f"labels.colours: expected {len(names)}, one a name, received {len(colours)}")
    ignore = plain["ignore"]
    return LabelMap(names, colours, None if ignore is None else as_whole("labels.ignore", ignore, 0, 255))


def _label(name: Any) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_LABEL or CONTROL_CHARACTERS.search(name):
        raise ValueError(f"labels.names: expected 1 to {_LONGEST_LABEL} characters a name, received {name!r}")
    return name


def _colour(plain: Any) -> tuple[int, int, int]:
    levels = tuple(as_whole("labels.colours", level, 0, 255) for level in as_list("labels.colours", plain))
    if len(levels) != 3:
        raise ValueError(f"labels.colours: expected red, green and blue, received {levels!r}")
    return levels


def _split(plain: Any) -> dict[str, list[str]]:
    check_dictionary("split", plain)
    for side, ids in plain.items():
        as_ids(f"split.{side!r}", ids)
    return plain


def _contents(plain: Any) -> dict[str, str]:
    check_dictionary("contents", plain)
    for sample, digest in plain.items():
        if not isinstance(digest, str) or not _CONTENT.fullmatch(digest):
            raise ValueError(
                f"contents.{sample!r}: expected {CONTENT_DIGITS} hexadecimal digits, received {digest!r}"
            )
    return plain


def _provenance(plain: Any) -> dict[str, Any]:
    """Return the provenance of the model: any plain values, but texts where the program shows one."""
    check_dictionary("provenance", plain)
    for name, kind in (("data", str), ("git_commit", str | None)):
        value = plain.get(name, "")
        if not isinstance(value, kind) or CONTROL_CHARACTERS.search(value or ""):
            raise ValueError(f"provenance.{name}: expected a line of text, received {value!r}")
    return plain


def _files(plain: Any) -> dict[str, str]:
    check_dictionary("files", plain)
    for name, checksum in plain.items():
        if not is_name(name):
            raise ValueError(f"files: expected names of files in the bundle's own folder, received {name!r}")
        _checksum(f"files.{name}", checksum)
    return plain


def _precisions(plain: Any) -> Precisions | None:
    if plain is None:
        return None
    check_fields("precisions", plain, [field.name for field in fields(Precisions)])
    photos = as_whole("precisions.photos", plain["photos"], 1, MOST_PHOTOS)
    return Precisions(
        photos, *(_exactness(f"precisions.{name}", plain[name], photos) for name in ("f32", "bf16"))
    )


def _exactness(place: str, plain: Any, photos: int) -> Exactness:
    check_fields(place, plain, [field.name for field in fields(Exactness)])
    return Exactness(
        dice=as_number(f"{place}.dice", plain["dice"], 0, 1),
        boundary_f1=as_number(f"{place}.boundary_f1", plain["boundary_f1"], 0, 1),
        clean=as_whole(f"{place}.clean", plain["clean"], 0, photos),
    )


def _agreement(value: Any) -> float | None:
    return None if value is None else as_number("bf16_agreement", value, 0, 1)


def _first(checksum: Any, config: RunConfig) -> str | None:
    """Return the checksum of the first pass's description, where there is one."""
    if (checksum is not None) is not (config.second_pass.look != "none"):
        raise ValueError(
            f"first: expected a checksum with a second pass, config.second_pass.look is "
            f"{config.second_pass.look!r}, received {checksum!r}"
        )
    return checksum if checksum is None else _checksum("first", checksum)


def _checksum(place: str, value: Any) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ValueError(f"{place}: expected a SHA-256 of 64 hexadecimal digits, received {value!r}")
    return value
