"""The job `data`: the contents of a folder of pairs, in figures and in a picture."""

from dataclasses import dataclass
from pathlib import Path

from segmentation.config.jobs.data import DataOptions
from segmentation.core.events import counting
from segmentation.core.lock import locked_file
from segmentation.datasets.class_statistics import ClassStatistics, count_classes
from segmentation.datasets.discover import Dataset, discover
from segmentation.datasets.summary import Summary, summarise, write_photos
from segmentation.images.files import write_image
from segmentation.jobs.context import Context
from segmentation.reports.contact_sheet import draw_contact_sheet


@dataclass(frozen=True)
class DataReport:
    """The content of `folder`; `classes` counts those of several over `counted` photos, None for a cutout."""

    folder: Path
    dataset: Dataset
    summary: Summary
    classes: ClassStatistics | None
    counted: int
    contact_sheet: Path
    photos: Path


def data(options: DataOptions, context: Context) -> DataReport:
    """Measure every pair, write its figures into a table, and draw some pairs into a contact sheet.

    Raises what `discover`, `summarise` and `count_classes` raise, and DataError when another process writes
    the contact sheet.
    """
    folder = options.data or context.workspace.data
    sheet = options.output or context.workspace.results / "data" / folder.resolve().name / "contact-sheet.png"
    with locked_file(sheet):
        return _measure(folder, sheet, options, context)


def _measure(folder: Path, sheet: Path, options: DataOptions, context: Context) -> DataReport:
    tell = context.tell
    dataset = discover(
        folder, classes=options.classes, objects=options.objects, on_progress=counting(tell, "reading")
    )
    summary = summarise(dataset, on_progress=counting(tell, "measuring"))
    classes, training = None, dataset.folder_split.train if dataset.folder_split else dataset.samples
    if dataset.classes and not dataset.labels.binary:
        classes = count_classes(training, dataset.labels, counting(tell, "counting"))
    write_image(sheet, draw_contact_sheet(dataset.samples, labels=dataset.labels))
    photos = sheet.with_suffix(".csv")
    write_photos(summary, photos)
    return DataReport(folder, dataset, summary, classes, len(training), sheet, photos)
