"""The model bundle: one folder with the weights and everything needed to predict and to repeat the run.

Plain JSON and arrays: reading a bundle imports neither TensorFlow nor Keras and runs no code from it. A
bundle may come from anyone, so whatever it says is checked before it is believed.
"""

import contextlib
import dataclasses
import hashlib
import json
import math
import re
import reprlib
import shlex
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation.bundle.bundled import INSTALLED, bundled_models
from segmentation.bundle.precisions import Precisions
from segmentation.bundle.schema import CONTROL_CHARACTERS, FORMAT, is_name, read_description
from segmentation.confidence.model import ConfidenceModel
from segmentation.config.training import RunConfig
from segmentation.core.digests import sha256_of
from segmentation.core.errors import BundleError, ConfigError
from segmentation.core.files import put_together, write_text
from segmentation.core.size import Size
from segmentation.core.types import LabelMap
from segmentation.core.unfinished import sweep
from segmentation.models.architectures import finds_objects
from segmentation.preprocessing.preprocessing import Preprocessing

DESCRIPTION = "bundle.json"
WEIGHTS = "model.weights.h5"
GROUPS = "classes.json"  # which names in label maps make which class, where there are several
ENGINE_FILES = ("model.xml", "model.bin")  # of the network exported to OpenVINO: its graph and its weights
DEFAULT = "default"
FIRST = "first"  # the folder of the bundle of the first pass, in the bundle of the second

_LARGEST_DESCRIPTION_BYTES = 16 * 2**20  # names some 200 000 photos
_LONGEST_PATH, _LONGEST_REASON = 4096, 500


@dataclass(frozen=True)
class ModelBundle:
    """A trained model and everything that was recorded with it.

    `preprocessing` is the recorded way from a photo to the network's input; `threshold` turns scores
    into a mask; `split` names the samples of the training and the validation set, and `contents` maps these
    ids to the digests of their photos (`content_of`), which bundles of earlier versions lack; `provenance`
    holds versions, git commit, data fingerprint and the figures of the run; `files` are the SHA-256 checksums
    of the weights and of the exported network by file name, as they were last saved; `precisions` are its
    figures in float32 and in bfloat16, None if not measured; bundles of earlier versions have
    `bf16_agreement` instead, the least agreement, in [0, 1], between the two on a photo, the Dice of its
    masks or the share of pixels of the same class; `confidence_model` tells how far its masks can be
    trusted, None if that was not found out; `first` is the pass before this one, where this is the second
    of a double pass.
    """

    path: Path
    config: RunConfig
    preprocessing: Preprocessing
    labels: LabelMap = field(default_factory=LabelMap)
    threshold: float = 0.5
    split: dict[str, list[str]] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    precisions: Precisions | None = None
    bf16_agreement: float | None = None
    confidence_model: ConfidenceModel | None = None
    first: "ModelBundle | None" = None

    @property
    def name(self) -> str:
        """The folder's name, which `.` and paths that end in `..` do not tell by themselves.

        A first pass within the bundle of a second is NAME-first.
        """
        path = self.path if self.path.name not in ("", "..") else self.path.resolve()
        return f"{self.first_of.name}-{FIRST}" if self.first_of else path.name

    @property
    def first_of(self) -> Path | None:
        """The bundle of the double pass in which this first pass lies, None for a bundle of its own."""
        path = self.path if self.path.name not in ("", "..") else self.path.resolve()
        return path.parent if path.name == FIRST and (path.parent / DESCRIPTION).is_file() else None

    @property
    def passes(self) -> tuple["ModelBundle", ...]:
        """The networks that a photo goes through, in their order: the first, where there is one, and this."""
        return (self.first, self) if self.first else (self,)

    def photos(self, side: str) -> tuple[tuple[str, str], ...]:
        """Return id and content digest of the photos of a side of the split; "" where none is recorded."""
        return tuple((name, self.contents.get(name, "")) for name in self.split.get(side, ()))

    @property
    def architecture(self) -> str:
        return self.config.model.architecture

    @property
    def finds_objects(self) -> bool:
        """Return whether it finds objects one by one, besides cutting all of them out or marking classes."""
        return finds_objects(self.architecture)

    @property
    def matte(self) -> bool:
        """Return whether the model finds the alpha in the unknown band of a trimap, and no mask by itself."""
        return bool(self.preprocessing.guides)

    @property
    def input_size(self) -> Size:
        return self.config.preprocessing.size

    @property
    def classes(self) -> str | Path:
        """Return its choice of classes (see `choose_classes`): its file of groups, or the name of one."""
        return self.groups or self.config.data.classes

    @property
    def groups(self) -> Path | None:
        """Return its file of groups, which maps names in label maps to classes; None for a single class."""
        groups = self.path / GROUPS
        return groups if not self.labels.binary and _is_regular(groups) else None

    @property
    def weights(self) -> Path:
        return self.path / WEIGHTS

    @property
    def openvino(self) -> Path | None:
        """The network exported to OpenVINO, where the bundle records one and it is there."""
        graph = self.path / ENGINE_FILES[0]
        return graph if graph.name in self.files and graph.is_file() else None

    @property
    def digest(self) -> str:
        """SHA-256 of what decides the scores: networks, preprocessing, labels and recorded weights.

        The same for every copy of a bundle; threshold and confidence model are no part.
        """
        score_settings = {
            "model": {name: value for name, value in vars(self.config.model).items() if value is not None},
            "preprocessing": self.preprocessing.to_json(),
            "labels": dataclasses.asdict(self.labels),
            "weights": self.files.get(WEIGHTS),
        }
        if self.matte:
            score_settings["prior"] = self.config.matte.prior
        if self.first:
            look = dataclasses.asdict(self.config.second_pass)
            score_settings["first"] = {"digest": self.first.digest, "threshold": self.first.threshold, **look}
        return hashlib.sha256(json.dumps(score_settings, sort_keys=True).encode()).hexdigest()


def save_description(bundle: ModelBundle, *, exported: bool = True) -> ModelBundle:
    """Write `bundle.json` into the bundle's folder; return the bundle with the checksums recorded.

    They are the checksums of the weights, of `ENGINE_FILES` where a network was exported whole (unless
    `exported` is False), and of a first pass's description: nothing that predictions do not need, so that a
    lost plot does not disable a model.
    """
    whole = exported and all((bundle.path / name).is_file() for name in ENGINE_FILES)
    checksums = {name: sha256_of(bundle.path / name) for name in (WEIGHTS, *(ENGINE_FILES if whole else ()))}
    saved = dataclasses.replace(bundle, provenance=_plain(bundle.provenance), files=checksums)
    description = {
        "format": FORMAT,
        "config": saved.config.to_json(),
        "preprocessing": {"mean": saved.preprocessing.mean, "std": saved.preprocessing.std},
        "labels": dataclasses.asdict(saved.labels),
        "threshold": saved.threshold,
        "split": saved.split,
        "contents": saved.contents,
        "provenance": saved.provenance,
        "files": saved.files,
        "precisions": dataclasses.asdict(saved.precisions) if saved.precisions else None,
        "bf16_agreement": saved.bf16_agreement,
        "experience": _experience(saved.confidence_model),
        "first": sha256_of(bundle.path / FIRST / DESCRIPTION) if bundle.first else None,
    }
    write_text(saved.path / DESCRIPTION, json.dumps(description, indent=2) + "\n")
    return saved


def put_export(bundle: ModelBundle, made: Path) -> None:
    """Move an exported network, the files of the folder `made`, into the bundle; the next saving records it.

    Until then the saved bundle has no exported network: a process that is killed meanwhile leaves no graph
    that scores with the weights of another.
    """
    if bundle.openvino:
        save_description(bundle, exported=False)
    put_together(made, bundle.path, main=ENGINE_FILES[0])


def load_bundle(path: Path) -> ModelBundle:
    """Read and check the bundle in the folder `path`.

    Raises BundleError when it is missing, when its description holds anything that this version would not
    write, and when a file that it records is absent, no regular file in the folder itself, or changed.
    """
    description = path / DESCRIPTION
    if not _is_regular(description):
        raise BundleError(
            f"{path}: expected a model bundle with a regular file {DESCRIPTION}, found none; "
            f"{_choices(path.parent)}"
        )
    try:
        with description.open("rb") as file:
            content = file.read(_LARGEST_DESCRIPTION_BYTES + 1)
        if len(content) > _LARGEST_DESCRIPTION_BYTES:
            raise ValueError(f"expected at most {_LARGEST_DESCRIPTION_BYTES} bytes, received more")
        fields = read_description(content)
        checksum = fields.pop("first")
        bundle = ModelBundle(
            path=path, **fields, first=_load_first(path / FIRST, checksum) if checksum else None
        )
        _check_files(bundle)
    except ValueError as error:
        reason = _shortened(str(error))
        raise BundleError(
            f"{description}: not a bundle that this version writes ({reason}); train the model again"
        ) from error
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    return bundle


def check_own(bundle: ModelBundle) -> ModelBundle:
    """Return a bundle that may be changed.

    Raises ConfigError for a first pass, which its second records, and for a model of the installed package.
    """
    if bundle.first_of:
        raise ConfigError(
            f"`model`: expected a model of its own, received the first pass of {bundle.first_of.name}, which "
            f"would no longer be whole; copy {bundle.path} elsewhere and name the copy"
        )
    if bundle.path.resolve().parent == INSTALLED:
        raise ConfigError(
            f"`model`: expected a model of your own, received {bundle.name}, which is part of the installed "
            f"program; copy it with `cp -r {shlex.quote(str(bundle.path))} models/mine` and name the copy"
        )
    return bundle


def find_bundle(model: str | None, models_folder: Path) -> ModelBundle:
    """Load a bundle: by a name in `models_folder`, or by a path, which has a separator in it.

    What that folder lacks may be among the models that come with the program. None stands for the model
    `DEFAULT` of the folder, or else for the only model of masks there, or else, if there is none, for the
    `DEFAULT` that comes with the program. Raises BundleError when there is no such model and when None could
    be several, and ConfigError for an invalid name and for a relative path that leads upward.
    """
    if model is None:
        names = _names(models_folder) or _names(bundled_models())
        names = [DEFAULT] if DEFAULT in names else _of_masks(models_folder, names)
        if len(names) != 1:
            raise BundleError(
                f"`model`: expected one model in {models_folder} to take; {_choices(models_folder)}"
            )
        model = names[0]
    if "/" in model or "\\" in model:
        return load_bundle(_check_path(model))
    path = models_folder / check_name(model)
    if not _exists(path):
        sweep(models_folder)  # it may lie there whole, about to take a place when its process was killed
    is_bundled = model == DEFAULT and DEFAULT in _names(bundled_models())
    return load_bundle(bundled_models() / model if is_bundled and not _exists(path) else path)


def find_by_digest(digests: Collection[str], models_folder: Path, likely: str = "") -> ModelBundle | None:
    """Return the model with one of these digests, or its first pass alone; None if there is none.

    The models of the folder and those that come with the program are searched, the one with the `likely` name
    first.
    """
    folders = (models_folder, bundled_models())
    paths = [folder / name for folder in folders for name in _names(folder)]
    for path in sorted(paths, key=lambda path: path.name != likely):
        with contextlib.suppress(BundleError):  # reported when the model is loaded by its name
            bundle = load_bundle(path)
            if any(one.digest in digests for one in bundle.passes):
                return bundle
    return None


def check_name(name: str) -> str:
    """Return `name` if it can name a bundle, else raise ConfigError."""
    if not is_name(name):
        raise ConfigError(
            "model name: expected at most 100 letters, digits and '._-' after a letter or digit, "
            f"received {reprlib.repr(name)}"
        )
    return name


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


def _check_files(bundle: ModelBundle) -> None:
    if WEIGHTS not in bundle.files:
        raise ValueError(f"files: expected {WEIGHTS}, which is missing")
    if len({*ENGINE_FILES} & {*bundle.files}) == 1:
        raise ValueError(f"files: expected {' and '.join(ENGINE_FILES)} together, received one of them")
    for name, recorded in bundle.files.items():
        file = bundle.path / name
        if not _is_regular(file):
            raise BundleError(
                f"{bundle.path}: the recorded file {name} is missing or not a file of its own; "
                "copy the whole folder again"
            )
        if sha256_of(file) != recorded:
            raise BundleError(f"{file}: differs from its recorded checksum; copy the whole folder again")


def _load_first(path: Path, checksum: str) -> ModelBundle:
    first = load_bundle(path)
    if sha256_of(path / DESCRIPTION) != checksum:
        raise BundleError(
            f"{path / DESCRIPTION}: differs from its recorded checksum; copy the whole folder again"
        )
    if first.first:
        raise ValueError("first: expected a single pass, received a double pass")
    return first


def _is_regular(file: Path) -> bool:
    """Return whether it is a regular file: a link could lead anywhere, and reading a pipe could block."""
    try:
        return stat.S_ISREG(file.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # the folder's own name may be one that cannot be looked up
        return False


def _experience(model: ConfidenceModel | None) -> dict[str, Any] | None:
    """A confidence model as it is recorded, without the outcomes of one that has none."""
    if model is None:
        return None
    return {name: value for name, value in dataclasses.asdict(model).items() if value is not None}


def _names(folder: Path) -> list[str]:
    try:
        found = [file.parent.name for file in folder.glob(f"*/{DESCRIPTION}")]
    except (OSError, ValueError):  # the folder's own name may be one that cannot be looked up
        return []
    return sorted(name for name in found if is_name(name))


def _of_masks(folder: Path, names: list[str]) -> list[str]:
    """Return the models that are not for mattes, which are never meant when no model is named."""

    def makes_masks(name: str) -> bool:
        try:
            return not load_bundle(folder / name).matte
        except BundleError:  # reported when the model is loaded
            return True

    return [name for name in names if makes_masks(name)] if len(names) > 1 else names


def _choices(folder: Path) -> str:
    names = _names(folder)
    return (
        f"models there: {', '.join(names)}"
        if names
        else "`train data=DIR name=NAME` makes one, and default comes with the program"
    )


def _shortened(reason: str) -> str:
    """Leave out the middle of a long text: the place stands first, what was received last."""
    half = _LONGEST_REASON // 2
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:half]} ... {reason[-half:]}"


def _plain(value: Any) -> Any:
    """Return `value` as it may be recorded: None for a figure that is not finite, texts of one line."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
