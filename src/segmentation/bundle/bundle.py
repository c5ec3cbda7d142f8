"""The model bundle: one folder with the weights and everything needed to predict and to repeat the run.

Plain JSON and arrays: reading a bundle imports neither TensorFlow nor Keras and runs no code from it. A
bundle may come from anyone, so whatever it says is checked before it is believed.
"""

import dataclasses
import hashlib
import json
import shlex
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation.bundle.bundled import INSTALLED
from segmentation.bundle.names import DESCRIPTION, choices
from segmentation.bundle.precisions import Precisions
from segmentation.bundle.schema import read_description
from segmentation.confidence.model import ConfidenceModel
from segmentation.config.run import RunConfig
from segmentation.core.digests import sha256_of
from segmentation.core.errors import BundleError, ConfigError
from segmentation.core.labels import LabelMap
from segmentation.core.size import Size
from segmentation.models.architectures import finds_objects
from segmentation.preprocessing.preprocessing import Preprocessing

WEIGHTS = "model.weights.h5"
GROUPS = "classes.json"  # which names in label maps make which class, where there are several
ENGINE_FILES = ("model.xml", "model.bin")  # of the network exported to OpenVINO: its graph and its weights
FIRST = "first"  # the folder of the bundle of the first pass, in the bundle of the second

_LARGEST_DESCRIPTION_BYTES = 16 * 2**20  # names some 200 000 photos
_LONGEST_REASON = 500


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


def load_bundle(path: Path) -> ModelBundle:
    """Read and check the bundle in the folder `path`.

    Raises BundleError when it is missing, when its description holds anything that this version would not
    write, and when a file that it records is absent, no regular file in the folder itself, or changed.
    """
    description = path / DESCRIPTION
    if not _is_regular(description):
        raise BundleError(
            f"{path}: expected a model bundle with a regular file {DESCRIPTION}, found none; "
            f"{choices(path.parent)}"
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


def check_own(bundle: ModelBundle, remedy: str = "") -> ModelBundle:
    """Return a bundle that may be changed.

    Raises ConfigError for a first pass, which its second records, and for a model of the installed package.
    It ends with the `remedy`, by default to copy the model.
    """
    if bundle.first_of:
        raise ConfigError(
            f"`model`: expected a model of its own, received the first pass of {bundle.first_of.name}, which "
            f"would no longer be whole; {remedy or f'copy {bundle.path} elsewhere and name the copy'}"
        )
    if bundle.path.resolve().parent == INSTALLED:
        copying = f"copy it with `cp -r {shlex.quote(str(bundle.path))} models/mine` and name the copy"
        raise ConfigError(
            f"`model`: expected a model of your own, received {bundle.name}, which is part of the installed "
            f"program; {remedy or copying}"
        )
    return bundle


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


def _shortened(reason: str) -> str:
    """Leave out the middle of a long text: the place stands first, what was received last."""
    half = _LONGEST_REASON // 2
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:half]} ... {reason[-half:]}"
