"""Values that a person types as text: each type has `parse(text)`, and `str()` gives the text back.

`parse` raises ValueError that says what was expected and what was received.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NoReturn, Self

from segmentation.stores.address import is_address

LOSSES = ("ce", "focal", "dice", "tversky", "lovasz", "mse")
"""The losses that a sum is made of; `training.class_losses` has their formulas."""

MATTE_LOSSES = ("l1", "laplacian", "gradient", "composition")
"""The losses of mattes; `training.matte_losses` has their formulas."""

_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_BYTES = {"M": 1024**2, "G": 1024**3}


class Memory(int):
    """A number of bytes, written as 12GB or 500MB (powers of 1024)."""

    metavar = "SIZE"
    _text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "12GB" or "500MB"."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([MG])i?B?", text.strip(), re.IGNORECASE)
        if not match:
            raise ValueError(f"expected a size such as 12GB or 500MB, received {text!r}")
        memory = cls(float(match[1]) * _BYTES[match[2].upper()])
        memory._text = text
        return memory

    def __str__(self) -> str:
        return getattr(self, "_text", f"{int(self) / _BYTES['M']:g}MB")


class Shares(tuple[float, ...]):
    """Shares above 0 that add up to 1, written with commas: 0.7,0.3."""

    metavar = "X,X,..."

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "0.7,0.3"."""
        try:
            shares = tuple(float(share) for share in text.split(","))
        except ValueError:
            shares = ()
        if not shares or min(shares) <= 0 or not abs(sum(shares) - 1) < 1e-3:
            raise ValueError(f"expected shares that add up to 1, as 0.7,0.3, received {text!r}")
        return cls(shares)

    def __str__(self) -> str:
        return ",".join(f"{share!r}" for share in self)


class LossSum(tuple[tuple[str, float], ...]):
    """A weighted sum of losses, as (name, weight) pairs, written as 0.5*ce + dice."""

    metavar = "X*NAME+..."

    @classmethod
    def of(cls, weights: Mapping[str, float] | Iterable[tuple[str, float]]) -> Self:
        """Return the sum of losses with these weights by name, in their order."""
        return cls(dict(weights).items())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "0.5*ce + dice": names of LOSSES and MATTE_LOSSES, each once, with weights above 0."""
        found = re.finditer(rf"{_NUMBER}|[A-Za-z_]\w*|\S", text)
        tokens = iter([*((match.start(), match[0]) for match in found), (len(text), "")])
        weights: dict[str, float] = {}

        def refuse(expected: str, place: int, token: str) -> NoReturn:
            received = repr(token) if token else "its end"
            raise ValueError(f"expected {expected} at character {place + 1} of {text!r}, received {received}")

        sign = "+"
        while sign == "+":
            place, token = next(tokens)
            weight = 1.0
            if re.fullmatch(_NUMBER, token):
                weight = float(token)
                if not 0 < weight < math.inf:
                    refuse("a weight above 0", place, token)
                place, token = next(tokens)
                if token != "*":
                    refuse("*", place, token)
                place, token = next(tokens)
            if token not in (*LOSSES, *MATTE_LOSSES):
                refuse(f"one of {', '.join((*LOSSES, *MATTE_LOSSES))}", place, token)
            if token in weights:
                refuse("each loss once", place, token)
            weights[token] = weight
            place, sign = next(tokens)
        if sign:
            refuse("+", place, sign)
        return cls.of(weights)

    @property
    def weights(self) -> dict[str, float]:
        """The weights, above 0, by the names of the losses."""
        return dict(self)

    def __str__(self) -> str:
        return " + ".join(name if weight == 1 else f"{weight!r}*{name}" for name, weight in self)


class HexColour(tuple[int, int, int]):
    """Red, green and blue, 0 to 255, written as #rrggbb."""

    def __str__(self) -> str:
        return "#{:02x}{:02x}{:02x}".format(*self)


def parse_batch_size(text: str) -> int | str:
    """Read "auto" or a whole number from 1."""
    if text == "auto":
        return text
    if not re.fullmatch(r"[1-9]\d{0,4}", text):
        raise ValueError(f"expected auto or a whole number from 1, received {text!r}")
    return int(text)


def names_from(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """Return a reader of some of the known names, in any case and with commas between them.

    It returns them in the order in which they are known, and raises ValueError for others.
    """
    names = tuple(known)

    def read(text: str) -> tuple[str, ...]:
        typed = {name.strip().casefold(): name.strip() for name in text.split(",")}
        if unknown := [typed[name] for name in typed if name not in {known.casefold() for known in names}]:
            raise ValueError(
                f"expected some of {', '.join(names)} with commas between them, received {unknown[0]!r}"
            )
        return tuple(name for name in names if name.casefold() in typed)

    return read


def parse_path(text: str) -> Path:
    """Read a path. Raises ValueError for an empty one, the current folder, and for an address in a store."""
    if not text:
        raise ValueError("expected a path, received an empty text")
    if is_address(text):
        raise ValueError(f"expected a path on this machine, received the address {text!r}")
    return Path(text)
