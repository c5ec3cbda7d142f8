"""Corrected cutouts become training pairs, and are compared with what was predicted."""

import csv
import filecmp
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segmentation.core.errors import DataError, ImageError, SegmentationError
from segmentation.core.file_kinds import FILES, PREDICTED
from segmentation.core.files import encodable
from segmentation.core.tables import text_of, write_csv
from segmentation.core.walking import files_below
from segmentation.datasets.labels import LABELS_FILE
from segmentation.evaluation.corrections import Correction, alike, measure_correction
from segmentation.images.files import image_size, read_mask
from segmentation.outputs.names import assign_files
from segmentation.outputs.naming import Photo
from segmentation.outputs.pairs import IMAGES, mask_path, write_pair
from segmentation.outputs.results_folder import ResultsFolder
from segmentation.outputs.retouched import Match, corrected_alpha

REPORT = "collect.csv"
COLUMNS = (
    "id",
    "file",
    "changed_px",
    "changed_share",
    "dice",
    "edge_mean_px",
    "edge_p95_px",
    "outline_px",
    "outline_near_px",
    "untouched",
)
ADDED, REPLACED, KEPT = "added", "replaced", "as before"
LEFT_OUT = "unchanged since the prediction and left out (`untouched` takes them)"
OUTLIVED = "unchanged since the prediction, with earlier pairs that stay"


@dataclass(frozen=True)
class Collected:
    """The outcome for one photo: the `change` to the pair of this id, made from `file`, or the `error`.

    `correction` is None where there was no prediction to compare with, and where the photo was left out since
    nobody corrected it.
    """

    id: str
    file: Path | None = None
    change: str = ""
    correction: Correction | None = None
    error: str | None = None

    @property
    def taken(self) -> bool:
        """Return whether the pair now holds the content of the file."""
        return self.change in (ADDED, REPLACED, KEPT)


def refuse_label_maps(retouched: Path) -> None:
    """Raise DataError for label maps as predict writes them, which are pairs already."""
    folder = FILES["labels"].folder
    output = retouched.parent if retouched.name == folder else retouched
    if (output / folder).is_dir() and (output / LABELS_FILE).is_file():
        raise DataError(
            f"`input` {retouched}: expected corrected cutouts, received label maps of several classes; put "
            f"their photos into {output / IMAGES}, remove origin.json from {output} and choose that with "
            "`train data=DIR`"
        )


def find_predictions(retouched: Path, given: Path | None, record: str) -> Path | None:
    """Return the folder of predicted masks, of the `given` output of predict or that `retouched` lies in.

    An output of predict holds a file called `record`. Where its own masks were corrected, those that were
    kept are the predicted ones. Returns None where nothing was given and none is found. Raises DataError
    where `given` holds no masks, or is the folder of retouched files.
    """
    corrected = retouched.resolve()
    folder = FILES["mask"].folder
    if given is None:
        masks = corrected.parent / folder
        if masks == corrected:
            masks = corrected.parent / PREDICTED
        usable = masks.is_dir() and (corrected.parent / record).is_file()
        return masks if usable else None
    masks = given / folder if (given / folder).is_dir() else given
    if masks.name != folder or not masks.is_dir():
        raise DataError(
            f"`predictions` {given}: expected a folder that predict wrote, with {folder}, received another; "
            "check the path"
        )
    if masks.resolve() == corrected:
        raise DataError(
            f"`predictions` {given}: expected the masks as they were predicted, received the folder that was "
            "corrected; keep a copy of the predictions, or leave this out"
        )
    return masks


def collect(
    found: Match,
    folder: Path,
    predictions: Mapping[str, tuple[Path, ...]],
    results: ResultsFolder | None = None,
    *,
    untouched: bool = False,
) -> Collected:
    """Write the pair of a match into `folder` and measure what was corrected. Any thread may call it.

    `predictions` are the predicted masks by the stems of their photos, see `predicted_masks`. `results` is
    the folder that predict wrote, where it is known: files must belong to the photo as it is now, see
    `ResultsFolder.check`. A file unchanged since the prediction may never have been looked at: it is taken
    only with `untouched`. A failure becomes the `error` of the result. Either leaves an earlier pair as it
    is.
    """
    identity = found.photo.stem
    as_written = bool(results and not untouched and results.is_untouched(found.photo, found.files))
    try:
        if found.photo.problem:
            raise DataError(found.photo.problem)
        shape = image_size(found.photo.path)
        files = found.files
        if results:
            files = results.corrected(found.photo, files)
            results.check(found.photo, files)
        predicted = _predicted(predictions.get(identity, ()), shape)
        file, alpha = corrected_alpha(files, shape, predicted)
        if _is_there(folder, found.photo, alpha):
            change = KEPT
        elif as_written or (predicted is not None and not untouched and alike(predicted, alpha)):
            return Collected(identity, file, OUTLIVED if mask_path(folder, identity).is_file() else LEFT_OUT)
        else:
            change = REPLACED if mask_path(folder, identity).is_file() else ADDED
            write_pair(folder, found.photo, alpha)
    except SegmentationError as failure:
        if as_written:
            return Collected(identity, None, OUTLIVED if mask_path(folder, identity).is_file() else LEFT_OUT)
        stays = "; the pair that was collected before stays" if mask_path(folder, identity).is_file() else ""
        return Collected(identity, error=f"{failure}{stays}")
    correction = None if predicted is None else measure_correction(predicted, alpha)
    return Collected(identity, file, change, correction)


def predicted_masks(predictions: Path | None, photos: Iterable[Photo]) -> dict[str, tuple[Path, ...]]:
    """Return the masks in a folder of predictions by the stems of their photos.

    For masks that a person changed in a review, these are the ones that were kept from before.
    """
    if predictions is None:
        return {}
    stems = [photo.stem for photo in photos]
    found = _masks_below(predictions, stems)
    kept = predictions.parent / PREDICTED
    return found | _masks_below(kept, stems) if kept.is_dir() else found


def write_report(folder: Path, collected: Iterable[Collected]) -> Path:
    """Write collect.csv, a row for each pair in the order of ids; rows of other photos stay as they are.

    The measures are empty where nothing was predicted, unless an earlier run measured the same pair, and
    distances where a mask is empty. Raises DataError where the table exists and is no such report.
    """
    path = folder / REPORT
    rows = {row["id"]: row for row in _read_report(path)}
    for result in collected:
        if result.taken:
            measured = result.correction is not None or result.change != KEPT
            identity = encodable(result.id)
            rows[identity] = _row(result) | ({} if measured else rows.get(identity, {}))
    write_csv(path, [COLUMNS, *([rows[identity][name] for name in COLUMNS] for identity in sorted(rows))])
    return path


def _predicted(masks: tuple[Path, ...], shape: tuple[int, int]) -> np.ndarray | None:
    if not masks:
        return None
    path = masks[0]
    mask = read_mask(path)
    if mask.shape != shape:
        raise DataError(
            f"{path}: expected the photo's size {shape[1]}x{shape[0]}, received "
            f"{mask.shape[1]}x{mask.shape[0]}; name the predictions of these photos with `predictions`"
        )
    return mask


def _is_there(folder: Path, photo: Photo, alpha: np.ndarray) -> bool:
    mask = mask_path(folder, photo.stem)
    image = folder / IMAGES / (photo.stem + photo.path.suffix)
    if not (mask.is_file() and image.is_file() and filecmp.cmp(photo.path, image, shallow=False)):
        return False
    try:
        return np.array_equal(read_mask(mask), alpha)
    except ImageError:  # damaged since
        return False


def _masks_below(folder: Path, stems: Iterable[str]) -> dict[str, tuple[Path, ...]]:
    masks = [path for path in files_below(folder) if path.suffix == FILES["mask"].suffix]
    return assign_files(masks, folder, stems)[0]


def _row(result: Collected) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "")
    row |= {"id": result.id, "file": result.file.name if result.file else ""}
    if (found := result.correction) is None:
        return row
    measures = {
        "changed_px": found.changed_px,
        "changed_share": f"{found.changed_share:.6f}",
        "dice": f"{found.dice:.6f}",
        "outline_px": found.outline_px,
        "outline_near_px": found.near_px,
        "untouched": "yes" if found.untouched else "no",
    }
    distances = {"edge_mean_px": found.edge_mean_px, "edge_p95_px": found.edge_p95_px}
    measures |= {name: f"{value:.3f}" for name, value in distances.items() if np.isfinite(value)}
    return row | {name: str(value) for name, value in measures.items()}


def _read_report(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        return
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise ValueError("other columns")
            yield from ({name: text_of(field or "") for name, field in row.items()} for row in rows)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: expected the report of an earlier run, received {error}; move it away"
        ) from error
