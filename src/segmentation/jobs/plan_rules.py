"""The rules of a plan: from what the photos and the machine are to the options of a training, with reasons.

The figures in them come from the trainings that the pages on experiments and results tell of.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from segmentation.config.augmentation import AugmentConfig
from segmentation.config.loss import LOSS_PARTS
from segmentation.config.values import Memory
from segmentation.core.counting import counted
from segmentation.core.machine import Machine
from segmentation.core.size import Size
from segmentation.datasets.detail import ENOUGH
from segmentation.datasets.profile import DataProfile
from segmentation.jobs.recipes import REGIONS, WHOLE_PHOTOS

_RANDOM = {found.name for found in fields(AugmentConfig)}
_STRONG_CARD = 8 * 1024**3  # bytes, from which the largest encoder is no matter
_SMALL_INPUT = 320 * 480  # pixels, up to which eight photos make a batch
_HELD_OUT = 8  # photos at least, as far as there are enough
_THIN = 0.001  # of the mask
_VARIED = 0.35  # deviation of the areas, in means
_EPOCH_STEPS = 25  # of small sets, whose photos an epoch then shows several times
_CACHED = 1.2  # times what the resized pairs take
_USUAL_CACHE = Memory.parse("2GB")


@dataclass(frozen=True)
class Choice:
    """Options of a training by flat name, and the reason for them in a line without a full stop."""

    settings: Mapping[str, Any]
    reason: str


@dataclass(frozen=True)
class Facts:
    """The facts for the rules: the photos to `train` on and held out (`val`), and how the training begins.

    An epoch that shows a photo once has `shown` photos: those to train on, unless folders are mixed by
    shares. `passes` are 2 where a second pass is trained
    behind the first of a model, `warm` is whether a model gives the weights. `typed` are the options that a
    person chose, which the rules leave alone.
    """

    profile: DataProfile
    machine: Machine
    train: int
    val: int
    shown: int
    warm: bool
    passes: int = 1
    typed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cutout(self) -> bool:
        return self.profile.classes == 1


@dataclass(frozen=True)
class Length:
    """The length of a training: so many times each photo, within bounds in steps."""

    showings: int
    least: int
    most: int

    def epochs(self, photos: int, batch_size: int, repeats: int | None = None) -> tuple[int, int]:
        """Return the epochs, and how often each photo is shown in one, so that it has some steps.

        A person may have chosen the `repeats`.
        """
        repeats = repeats or max(1, -(-_EPOCH_STEPS * batch_size // photos))
        wanted = min(max(self.showings * photos / batch_size, self.least), self.most)
        return max(1, round(wanted * batch_size / (photos * repeats))), repeats


def choose_network(facts: Facts, start: str) -> list[Choice]:
    """Return the network where no model gives it, for the reason `start`, and how it learns."""
    found = []
    if not facts.warm:
        strong = facts.machine.card_bytes >= _STRONG_CARD
        name = "unet-efficientnet-lite2" if strong else "unet-efficientnet-lite0"
        why = "the graphics card takes the larger encoder" if strong else "quick on processor cores"
        network = {"architecture": name, "filters": 16}
        found.append(Choice(network, f"{start}; features of ImageNet need few pairs, {why}"))
    rate, why = 1e-3, "the rate at which such networks learned best here"
    if facts.warm:
        rate, why = 3e-4, "a low rate keeps what the model knows"
    learning = {"optimizer": "adamw", "schedule": "cosine", "learning_rate": rate, "patience": 0}
    found.append(Choice(learning, f"{why}; it falls to zero, so that the last epochs are the best"))
    return found


def choose_loss(facts: Facts) -> Choice:
    """Return what counts in the loss, and the average of the weights."""
    if not facts.cutout:
        return Choice({"loss": "ce + dice", "average": 0.99}, "dice makes up for classes that are rare")
    weights: dict[str, Any] = {"fault_weight": 1.0, "average": 0.99}
    why = "faults that a person would mend count more than edges"
    if facts.profile.thin >= _THIN:
        weights["thin_weight"] = 2.0
        why += f"; {facts.profile.thin:.1%} of the mask is in straps and the like, which are soon lost"
    return Choice(weights, why)


def choose_changes(facts: Facts) -> Choice:
    """Return the random changes of a training pair."""
    profile, usual = facts.profile, REGIONS if facts.passes == 2 else WHOLE_PHOTOS
    changes = {name: value for name, value in usual.items() if name in _RANDOM}
    why = [f"{counted(profile.garments, 'garment')} cannot have every colour and light"]
    if not facts.cutout:
        changes["recolour"] = 0.3
        why = ["light and colour of other photos; classes are told by colour too, so less of it"]
    if profile.grey:
        changes |= {"hue": 0.0, "saturation": 0.0, "recolour": 0.0}
        why = ["the photos have no colour"]
    if facts.passes == 1 and profile.varied >= _VARIED:
        changes["scale"] = 0.25
        why.append("things are of very different sizes")
    return Choice(changes, "; ".join(why))


def choose_held_out(pairs: int, typed: Collection[str]) -> Choice | None:
    """Return the share to hold out of so many pairs without a split, where a person has not chosen it."""
    if {"folds", "holdout"} & {*typed}:
        return None
    share = round(min(0.3, max(0.15, _HELD_OUT / pairs)), 2)
    photos = counted(max(1, round(share * pairs)), "photo")
    return Choice({"holdout": share}, f"about {photos} to choose the epoch and the threshold by")


def choose_memory(facts: Facts, size: Size) -> Choice | None:
    """Return the memory for resized pairs where more than usual is needed, and is there."""
    each = 4 * size.area if facts.passes == 1 else 5 * facts.profile.size.area
    wanted = int(_CACHED * each * (facts.train + facts.val))
    cache = min(wanted, facts.machine.memory_bytes // 3)
    if cache <= _USUAL_CACHE:
        return None
    return Choice({"cache": f"{cache / 1024**3:.0f}GB"}, "as many pairs as fit are read once")


def choose_workers(facts: Facts) -> Choice | None:
    """Return the threads that prepare batches, where there are cores for more than usual."""
    workers = min(8, facts.machine.cores - 1)
    return Choice({"workers": workers}, "cores prepare batches side by side") if workers > 2 else None


def sizes_of(facts: Facts, own: Size | None, step: int) -> list[Choice]:
    """Return the input sizes to try, the wanted one first, smaller ones behind it.

    `own` is that of a second pass, which sees regions, and is kept. Sides are multiples of `step`.
    """
    if own:
        return [Choice({"input_size": own}, "a second pass sees the region of the garment, enlarged")]
    detail = facts.profile.detail
    found: list[Choice] = []
    for one in reversed(detail):
        size = Size.near(one.size.area, one.size.height / one.size.width, step)
        why = f"there a network without an error would reach Dice {one.dice:.4f}"
        if one.dice >= ENOUGH:
            why += ", and more pixels would bring no more"
        elif one is not detail[-1]:
            why += "; larger ones do not fit the time"
        else:
            why += ", and photos have no more" if _is_whole(facts, size) else ""
        found.append(Choice({"input_size": size}, why))
    return found


def choose_batch(facts: Facts, size: Size) -> Choice:
    """Return the photos of a batch."""
    small = size.area <= _SMALL_INPUT
    why = "as many as one step of a small input takes well" if small else "few, since the input is large"
    return Choice({"batch_size": min(8 if small else 4, facts.train)}, why)


def length_of(facts: Facts) -> Length:
    """Return how long to train."""
    if facts.passes == 2:
        return Length(15, 250, 800)
    if facts.warm:
        return Length(20, 300, 1500)
    return Length(40, 600, 3000) if facts.cutout else Length(30, 800, 4000)


def without_typed(choices: list[Choice], typed: Mapping[str, Any]) -> list[Choice]:
    """Return the choices without what a person chose, and without what does not go with it."""
    left = {*typed}
    if typed.get("loss"):
        left |= {*LOSS_PARTS}
    if left & {*LOSS_PARTS}:
        left.add("loss")
    if typed.get("augmentation"):
        left |= _RANDOM
    kept = []
    for choice in choices:
        settings = {name: value for name, value in choice.settings.items() if name not in left}
        if settings:
            kept.append(Choice(settings, choice.reason))
    return kept


def _is_whole(facts: Facts, size: Size) -> bool:
    return 2 * size.height > facts.profile.size.height or 2 * size.width > facts.profile.size.width
