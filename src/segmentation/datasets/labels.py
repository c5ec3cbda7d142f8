"""The names of the values of label maps, from labels.json; those of clothing are garment."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation.core.errors import DataError, printable
from segmentation.core.json_text import unique_names
from segmentation.core.labels import Colour
from segmentation.core.regular_file import check_regular
from segmentation.datasets.layouts import SIDES

LABELS_FILE = "labels.json"
DESCRIPTIONS_FILE = "label_descriptions.json"  # of iMaterialist, where there is no labels.json
UNLABELLED = -1
"""The value of pixels that no row of a table of run lengths covers."""

BACKGROUND = frozenset({"background", "null", "bg"})
"""Lower-case names of pixels that belong to no class."""
_NAMES = """
    blazer blouse bodysuit bra cape cardigan coat dress hoodie intimate jacket jeans jumper leggings panties
    pants romper shirt shorts skirt suit sweater sweatshirt swimwear t-shirt top vest
    anorak bikini camisole corset dungarees garment gilet gown jumpsuit jumpsuits kaftan kimono lingerie outer
    outerwear overalls parka polo poncho pullover robe sari skort swimsuit trousers tshirt tunic underwear
    upper-clothes upperclothes waistcoat
"""  # the names of Clothing Co-Parsing, and those that other data sets use
CLOTHING = frozenset(_NAMES.split())
"""Lower-case names of what a studio cuts out: no shoes, bags, hats, scarves, ties, socks or tights."""

_VALUE = re.compile(r"0|[1-9][0-9]{0,4}")  # as far as 16 bits go, and somewhat further
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_EXPECTED = (
    'expected values and their names, such as {"0": "background", "14": "dress"}, or names and colours, such '
    'as {"14": {"name": "dress", "colour": "#ff0000"}}'
)


@dataclass(frozen=True)
class Classes:
    """The names of a label map's values, and the value of each colour where the maps are coloured."""

    path: Path
    names: dict[int, str]
    colours: dict[Colour, int] = field(default_factory=dict)

    @property
    def garment(self) -> tuple[int, ...]:
        """The sorted values that have a name in `CLOTHING`, or one of several as in "top, t-shirt"."""
        return tuple(
            sorted(value for value, name in self.names.items() if not CLOTHING.isdisjoint(_words(name)))
        )

    def with_unlabelled(self) -> "Classes":
        """Return the classes of a table of run lengths, where pixels outside of all runs are background."""
        background = next((name for name in self.names.values() if key(name) in BACKGROUND), "background")
        return Classes(self.path, {UNLABELLED: background, **self.names}, self.colours)


def find_classes(folder: Path) -> Classes:
    """Read the names in `folder`, or else those beside it where `folder` is train/ or val/.

    They are in labels.json or else in label_descriptions.json. Raises DataError where there is neither, or
    one that `read_classes` cannot use.
    """
    folders = [folder]
    if folder.absolute().name.lower() in SIDES:
        folders.append(folder.absolute().parent)
    for path in (place / name for place in folders for name in (LABELS_FILE, DESCRIPTIONS_FILE)):
        if path.exists():
            return read_classes(path)
    raise DataError(
        f"{folder}: expected a {LABELS_FILE} that names the values of the label maps, found none; "
        'add it, for instance {"0": "background", "1": "garment"}'
    )


def read_classes(path: Path) -> Classes:
    """Read the names of a label map's values, and their colours if they have some.

    The file says {"14": "dress"}, {"14": {"name": "dress", "colour": [255, 0, 0]}} (or "#ff0000"), or, as
    that of iMaterialist, {"categories": [{"id": 14, "name": "dress"}]}. Raises DataError for another file.
    """
    names: dict[int, str] = {}
    colours: dict[Colour, int] = {}
    for value, name, colour in _entries(path, _read_json(path)):
        if value in names:
            both = printable(f"{names[value]} and {name}")
            raise DataError(
                f"{path}: expected one name for each value, received {both} for {value}; remove one of them"
            )
        names[value] = name
        if colour is None:
            continue
        if colour in colours:
            both = printable(f"{names[colours[colour]]} and {name}")
            raise DataError(
                f"{path}: expected a different colour for each class, received {list(colour)} for {both}; "
                "change one of them"
            )
        colours[colour] = value
    return Classes(path, names, colours)


def key(name: str) -> str:
    """Return a name in the form in which names are compared: "Dress " becomes dress."""
    return name.strip().lower()


def _words(name: str) -> list[str]:
    return [key(word) for word in name.split(",")]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(check_regular(path).read_bytes(), object_pairs_hook=unique_names)
    except (OSError, ValueError, RecursionError) as error:
        reason = printable(str(getattr(error, "strerror", None) or error))
        raise DataError(f"{path}: {_EXPECTED}, received no readable JSON ({reason}); correct it") from error
    if not isinstance(plain, dict):
        raise DataError(f"{path}: {_EXPECTED}, received {_shown(plain)}; write it in that form")
    return plain


def _entries(path: Path, plain: dict[str, Any]) -> Iterator[tuple[int, str, Colour | None]]:
    """Yield the value, the name and the colour of each class."""
    categories = plain.get("categories")
    if isinstance(categories, list):
        for category in categories:
            fields = category if isinstance(category, dict) else {}
            value, name = fields.get("id"), fields.get("name")
            if type(value) is not int or not _VALUE.fullmatch(str(value)) or not isinstance(name, str):
                raise DataError(
                    f'{path}: expected categories such as {{"id": 14, "name": "dress"}}, received '
                    f"{_shown(category)}; correct it"
                )
            yield value, name, None
        return
    for value, entry in plain.items():
        name, colour = entry, None
        if isinstance(entry, dict) and len(entry) <= 2:
            name = entry.get("name")
            stored = entry.get("colour", entry.get("color"))
            colour = _colour(stored)
            if colour is None and len(entry) == 2:
                name = None
        if not (_VALUE.fullmatch(value) and isinstance(name, str)):
            received = f"{_shown(value)}: {_shown(entry)}"
            raise DataError(f"{path}: {_EXPECTED}, received {received}; correct it")
        yield int(value), name, colour


def _colour(plain: Any) -> Colour | None:
    if isinstance(plain, str) and _HEX.fullmatch(plain):
        red, green, blue = bytes.fromhex(plain[1:])
        return red, green, blue
    if not (isinstance(plain, list) and len(plain) == 3):
        return None
    red, green, blue = plain
    return (red, green, blue) if all(type(level) is int and 0 <= level <= 255 for level in plain) else None


def _shown(plain: Any) -> str:
    text = json.dumps(plain)
    return text if len(text) <= 60 else f"{text[:60]}..."
