"""The layouts of folders, photos and ground truth, that are read as they are."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.core.errors import DataError
from segmentation.images.formats import IMAGE_SUFFIXES

SIDES = ("train", "val")
TABLE, COCO = "train.csv", "annotations.json"


@dataclass(frozen=True)
class Layout:
    """A layout: two folders, or a folder and a table, beside each other.

    `cutouts` carry the ground truth in their alpha channel; `labels` are label maps, whose values a
    labels.json names.
    """

    photos: str
    masks: str
    cutouts: bool = False
    labels: bool = False
    table: bool = False  # `masks` is one file for many photos: run lengths, or
    coco: bool = False  # COCO's JSON
    numbered: bool = False  # viewpoints are numbers at the end of the name

    def __str__(self) -> str:
        return f"{self.photos} + {self.masks}"


LAYOUTS = (
    Layout("images", "cutouts", cutouts=True),
    Layout("images", "masks"),
    Layout("images", "alpha"),  # alphamatting.com
    Layout("images", "labels", labels=True),
    Layout("original", "cutout", cutouts=True),
    Layout("original", "mask"),
    Layout("train", "train_masks", numbered=True),  # Carvana
    Layout("images", TABLE, labels=True, table=True),
    Layout("train", TABLE, labels=True, table=True),  # iMaterialist
    Layout("images", COCO, labels=True, table=True, coco=True),
)

_READ = {"train", "val", *(name for layout in LAYOUTS for name in (layout.photos, layout.masks))}


@dataclass(frozen=True)
class Part:
    """A photo folder, its mask folder or table, and the side of the split ("" where folders make none)."""

    folder: Path
    photos: Path
    masks: Path
    layout: Layout
    side: str = ""
    unused: tuple[Path, ...] = ()  # further mask folders for the same photos


def find_parts(root: Path) -> tuple[Part, ...]:
    """Find the folders of `root` that hold pairs: one part, or one for each of train/ and val/.

    Raises DataError when `root` is no folder or holds none of `LAYOUTS`, or several of them.
    """
    root = Path(root)
    if not root.is_dir():
        received = "a file" if root.exists() else "nothing of that name"
        raise DataError(
            f"{root}: expected a folder with photos and cutouts, received {received}; check the path"
        )
    direct = _find_part(root)
    sides = {side: folder for side, folder in _subfolders(root).items() if side in SIDES}
    below = {side: _find_part(folder, side) for side, folder in sides.items()}
    parts = tuple(part for side in SIDES if (part := below.get(side)))
    if direct and direct.layout.table and parts:
        direct = None  # beside train/ and val/ with ground truth of their own, train.csv may be anything
    if direct and parts:
        raise DataError(
            f"{root}: expected one set of photos, received {direct.layout} and {parts[0].folder.name}/; "
            "choose one of the folders, or move the other away"
        )
    if direct:
        return (direct,)
    if not parts:
        raise _nothing_found(root)
    for side, part in below.items():
        if part is None:
            raise _nothing_found(sides[side])
    return parts


def _find_part(folder: Path, side: str = "") -> Part | None:
    subfolders = _subfolders(folder)
    present = {**subfolders, **_tables(folder)}
    found = [layout for layout in LAYOUTS if layout.photos in subfolders and layout.masks in present]
    found = [
        layout for layout in found if not layout.table
    ] or found  # a train.csv beside masks may be anything
    if side:
        found = [layout for layout in found if layout.photos not in SIDES]
    if not found:
        return None
    layout = found[0]  # in the table's order: cutouts, whose soft edge is worth more, masks, labels
    if any(other.photos != layout.photos for other in found):
        names = " and ".join(map(str, found))
        raise DataError(f"{folder}: expected one set of photos, received {names}; move one of them away")
    unused = tuple(present[other.masks] for other in found[1:])
    return Part(folder, subfolders[layout.photos], present[layout.masks], layout, side, unused)


def _nothing_found(folder: Path) -> DataError:
    alone = [str(layout) for layout in LAYOUTS if layout.photos in SIDES]
    expected = ", ".join(str(layout) for layout in LAYOUTS if layout.photos not in SIDES)
    expected += f" (each also below train/ and val/), or {' or '.join(alone)}"
    remedy = "put the photos and their cutouts, masks or label maps into two such folders"
    subfolders = _subfolders(folder)
    photos = sum(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.iterdir())
    if photos:
        received = f"image files beside each other ({photos}) and no ground truth"
    elif subfolders:
        names = sorted(path.name for path in subfolders.values())
        received = "only " + ", ".join(names[:6]) + (" ..." if len(names) > 6 else "")
        inside = sorted(path for path in subfolders.values() if _holds_a_layout(path))
        if inside:
            found = ", ".join(path.name for path in inside[:6]) + (" ..." if len(inside) > 6 else "")
            return DataError(
                f"{folder}: expected a set of pairs, such as images + cutouts, received a folder of such "
                f"sets ({found}); choose `data` {inside[0]} instead"
            )
    else:
        received = "no images and no folders"
    return DataError(f"{folder}: expected the folders {expected}; received {received}; {remedy}")


def _holds_a_layout(folder: Path) -> bool:
    try:
        sides = [path for name, path in _subfolders(folder).items() if name in SIDES]
        return any(_find_part(place) for place in (folder, *sides))
    except DataError:
        return False


def _tables(folder: Path) -> dict[str, Path]:
    """Return the tables of objects, if there are any; their names are read in any case as well."""
    return {
        path.name.lower(): path
        for path in folder.iterdir()
        if path.name.lower() in (TABLE, COCO) and path.is_file()
    }


def _subfolders(folder: Path) -> dict[str, Path]:
    """Return the folders by lower-case name; "Images" is read like "images".

    Raises DataError for two of one name, of which one would be passed over.
    """
    try:
        paths = [path for path in sorted(folder.iterdir()) if path.is_dir() and path.name[0] != "."]
    except OSError as error:
        raise DataError(
            f"{folder}: expected a folder, received {error.strerror}; check its rights"
        ) from error
    found: dict[str, Path] = {}
    for path in paths:
        twin = found.setdefault(path.name.lower(), path)
        if twin != path and path.name.lower() in _READ:
            raise DataError(
                f"{folder}: expected one folder {path.name.lower()}, received {twin.name} and {path.name}; "
                "move what they hold together"
            )
    return found
