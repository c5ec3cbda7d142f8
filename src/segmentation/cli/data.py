"""The command `data`."""

from segmentation.cli.display import Display, new_console
from segmentation.config.jobs.data import DataOptions
from segmentation.jobs.context import Context
from segmentation.jobs.data import data
from segmentation.reports.data_tables import print_classes, print_summary


def run(options: DataOptions, context: Context) -> int:
    """Print the figures and the problems of a folder. Status 1 when files were left out."""
    console = new_console()
    with Display(console) as display:
        found = data(options, display.shown(context))
    dataset = found.dataset
    print_summary(found.summary, dataset.problems, console, found.folder, dataset.labels)
    if found.classes and dataset.classes:
        print_classes(found.classes, dataset.classes, found.counted, console)
    elif dataset.classes:
        print(dataset.classes)
    for note in dataset.notes:
        print(note)
    print(f"contact sheet: {found.contact_sheet}")
    print(f"each photo: {found.photos}")
    return 1 if dataset.problems else 0
