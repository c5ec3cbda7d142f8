"""What the values of label maps mean: labels.json names them, and those of clothing are garment."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segmentation.data.layouts import SIDES
from segmentation.errors import DataError, printable

LABELS_FILE = "labels.json"
_NAMES = """
    blazer blouse bodysuit bra cape cardigan coat dress hoodie intimate jacket jeans jumper leggings panties
    pants romper shirt shorts skirt suit sweater sweatshirt swimwear t-shirt top vest
    anorak bikini camisole corset dungarees garment gilet gown jumpsuit jumpsuits kaftan kimono lingerie outer
    outerwear overalls parka polo poncho pullover robe sari skort swimsuit trousers tshirt tunic underwear
    upper-clothes waistcoat
"""  # those of Clothing Co-Parsing, and what other data sets call the like
CLOTHING = frozenset(_NAMES.split())
"""Lower-case names of what a studio cuts out; shoes, bags, hats, scarves, ties, socks and tights are not."""

_VALUE = re.compile(r"0|[1-9][0-9]{0,4}")  # as far as 16 bits go, and somewhat further
_EXPECTED = 'expected values and their names, such as {"0": "background", "14": "dress"}'


@dataclass(frozen=True)
class Classes:
    """The names of a label map's values, and the sorted values that are garment, one at least."""

    names: dict[int, str]
    garment: tuple[int, ...]

    def __str__(self) -> str:
        garment = [self.names[value] for value in self.garment]
        others = [name for value, name in sorted(self.names.items()) if value not in self.garment]
        text = (
            f"garment in the label maps: {', '.join(garment)}; not garment: {', '.join(others) or 'nothing'}"
        )
        return printable(text)


def find_classes(folder: Path) -> Classes:
    """Read the labels.json of `folder`, or else the one beside it where `folder` is train/ or val/.

    Raises DataError where there is none, or none that `read_classes` can use.
    """
    path = folder / LABELS_FILE
    if not path.exists() and folder.absolute().name.lower() in SIDES:
        path = folder.absolute().parent / LABELS_FILE
    if path.exists():
        return read_classes(path)
    raise DataError(
        f"{folder}: expected a {LABELS_FILE} that names the values of the label maps, found none; "
        'add it, for instance {"0": "background", "1": "garment"}'
    )


def read_classes(path: Path) -> Classes:
    """Read the names of a label map's values; those in `CLOTHING`, in upper or lower case, are garment.

    Raises DataError for a file of another form, and for one without clothing.
    """
    names = _read_names(path)
    garment = tuple(sorted(value for value, name in names.items() if name.strip().lower() in CLOTHING))
    if not garment:
        received = ", ".join(list(names.values())[:6]) + (", ..." if len(names) > 6 else "")
        raise DataError(
            f"{path}: expected a name of clothing, such as dress or trousers, received "
            f"{printable(received) or 'no names'}; call what is to be cut out garment"
        )
    return Classes(names, garment)


def mask_of(labels: np.ndarray, garment: Collection[int]) -> np.ndarray:
    """Integers [H, W] -> uint8 [H, W]: 255 where the value is one of `garment`, else 0."""
    return np.isin(labels, list(garment)).astype(np.uint8) * 255


def _read_names(path: Path) -> dict[int, str]:
    try:
        plain = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        reason = printable(str(getattr(error, "strerror", None) or error))
        raise DataError(f"{path}: {_EXPECTED}, received no readable JSON ({reason}); correct it") from error
    if not isinstance(plain, dict):
        raise DataError(f"{path}: {_EXPECTED}, received {_shown(plain)}; write it in that form")
    for value, name in plain.items():
        if not (_VALUE.fullmatch(value) and isinstance(name, str)):
            received = f"{_shown(value)}: {_shown(name)}"
            raise DataError(f"{path}: {_EXPECTED}, received {received}; correct it")
    return {int(value): name for value, name in plain.items()}


def _shown(plain: Any) -> str:
    text = json.dumps(plain)
    return text if len(text) <= 40 else f"{text[:40]}..."
