"""The corrections in folders that predict wrote: photos whose masks a person changed, and by which model."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.finding import find_bundle, known_models
from segmentation.core.counting import counted
from segmentation.core.errors import DataError, printable
from segmentation.core.events import Caution
from segmentation.core.file_kinds import FILES, REVIEW_JOURNAL
from segmentation.inference.suitability import require_cutout
from segmentation.jobs.context import Context
from segmentation.outputs.names import results_named
from segmentation.outputs.naming import Photo
from segmentation.outputs.results_folder import ResultsFolder
from segmentation.outputs.retouched import Match
from segmentation.outputs.reviewed import is_as_reviewed, reviewed_files
from segmentation.retouch.acceptance import check_photo, predicted_path
from segmentation.retouch.photos import CutPhoto, find_cut_photos
from segmentation.retouch.state import ACCEPTED, PhotoState, read_states

_MOST_NAMED = 20  # photos that are named one by one


@dataclass(frozen=True)
class Corrections:
    """The photos of a folder of results that a person corrected, with the files that hold the corrections.

    `predictions` are their masks as they were predicted, where these are kept, by the stems of the pairs;
    `models` are the digests of the models that predicted each (see `Ensemble.digest`).
    """

    results: ResultsFolder
    matches: tuple[Match, ...]
    predictions: dict[str, tuple[Path, ...]]
    models: tuple[object, ...]


def find_corrections(folders: Sequence[Path], context: Context) -> list[Corrections]:
    """Return what was corrected in folders of results, a photo once, in the order of the folders.

    In a review a photo counts once it is accepted and written; others whose mask is changed are told as a
    Caution. Raises DataError for a folder of other contents, where nothing was corrected, and where photos
    are gone or are no longer those that were cut out.
    """
    found: list[Corrections] = []
    seen: set[object] = set()
    stems: set[str] = set()
    faults: list[str] = []
    for number, folder in enumerate(folders, start=1):
        results = ResultsFolder.look(folder)
        matches: list[Match] = []
        predictions: dict[str, tuple[Path, ...]] = {}
        models = []
        for photo, files in _corrected(folder, results, context):
            try:
                check_photo(photo)
            except DataError as error:
                faults.append(str(error))
                continue
            if (photo.sha256 or photo.photo) in seen:
                context.tell(Caution(f"left out: {printable(str(photo.photo))} was corrected in two folders"))
                continue
            seen.add(photo.sha256 or photo.photo)
            stem = f"{number}/{photo.stem}" if photo.stem in stems else photo.stem
            stems.add(stem)
            masks = (predicted_path(folder, photo.stem), folder / photo.outputs["mask"])
            unchanged = [mask for mask in masks if mask not in files and mask.is_file()]
            matches.append(Match(Photo(photo.photo, stem), files))
            predictions[stem] = tuple(unchanged[:1])
            models.append(photo.key.get("model"))
        found.append(Corrections(results, tuple(matches), predictions, tuple(models)))
    for fault in faults[:_MOST_NAMED]:
        context.tell(Caution(fault))
    if faults:
        raise DataError(
            f"{counted(len(faults), 'corrected photo')} cannot be trained on, such as {faults[0]}"
        )
    if not stems:
        names = ", ".join(map(str, folders))
        raise DataError(
            f"`from_` {names}: expected masks that a person corrected, found none; correct some and accept "
            "them with `review`, or correct the cutouts elsewhere"
        )
    return found


def model_of(corrections: Sequence[Corrections], model: str | None, models: Path) -> ModelBundle:
    """Return the model that corrected predictions are of, or the one that is named.

    Raises DataError where they are of several and none is named, or of one that is not there, and ConfigError
    for one that makes no cutouts.
    """
    if model:
        bundle = find_bundle(model, models)
    else:
        digest, remedy = _only_digest(corrections), "name one to go on from with `model`"
        passes = (one for known in known_models(models) for one in reversed(known.passes))
        found = next((one for one in passes if one.digest == digest), None)
        if found is None:
            raise DataError(f"`from_`: the model that made the predictions is not in {models}; {remedy}")
        bundle = found
    require_cutout(bundle, "adapt")
    return bundle


def _only_digest(corrections: Sequence[Corrections]) -> object:
    counts = Counter(str(digest) for found in corrections for digest in found.models)
    if len(counts) > 1:
        shares = " and ".join(str(count) for count in counts.values())
        raise DataError(
            f"`from_`: expected corrections of one model's predictions, received those of {len(counts)} "
            f"({shares} photos); give the results of one, or name the one to go on from with `model`"
        )
    digest = next(digest for found in corrections for digest in found.models)
    if isinstance(digest, list):
        raise DataError(
            f"`from_`: expected predictions of one model, received the average of {len(digest)}; name the "
            "one to go on from with `model`"
        )
    return digest


def _corrected(
    folder: Path, results: ResultsFolder, context: Context
) -> Iterator[tuple[CutPhoto, tuple[Path, ...]]]:
    """Yield the photos that count as corrected, and the files that hold the corrections."""
    states = read_states(folder / REVIEW_JOURNAL)
    reviewed = reviewed_files(folder)
    open_photos = []
    for photo in sorted(find_cut_photos(folder).values(), key=lambda photo: photo.stem):
        known = results.manifest.files_of(Photo(photo.photo, photo.stem))
        changed = [name for name in results_named(folder, photo.stem) if known.is_changed(name)]
        by_hand = [name for name in changed if not is_as_reviewed(folder / name, reviewed.get(name, []))]
        masks = [name for name in changed if name.startswith(f"{FILES['mask'].folder}/")]
        files = tuple(folder / name for name in by_hand or masks or changed)
        state = states.get(photo.stem, PhotoState())
        if not by_hand and (state.done or changed) and not _is_settled(state):
            open_photos.append(photo)
        elif files:
            yield photo, files
    if open_photos:
        context.tell(
            Caution(
                f"left out: {counted(len(open_photos), 'photo')} such as {printable(open_photos[0].stem)}, "
                "changed in a review and not accepted"
            )
        )


def _is_settled(state: PhotoState) -> bool:
    return state.decision == ACCEPTED and not state.is_pending
