"""Show what a folder of photos and their cutouts or label maps holds, without training."""

import argparse

from segmentation.cli.arguments import path_argument
from segmentation.config.options import DataConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--data", type=path_argument, metavar="DIR", help="folder of pairs (default: the data folder)"
    )
    parser.add_argument(
        "--classes",
        default=DataConfig.classes,
        metavar="garment|all|FILE",
        help="classes of label maps to look at: garment, all clothing as one; all, every class; a JSON file "
        "of groups, or the name of one that comes with the program, such as ccp-12 (default: garment)",
    )
    parser.add_argument(
        "--output",
        type=path_argument,
        metavar="FILE",
        help="contact sheet to draw, PNG or JPEG (default: results/data/NAME/contact-sheet.png)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the summary and the problems; draw the contact sheet. Status 1 when files were left out."""
    from segmentation.cli.display import new_console, progress
    from segmentation.datasets.class_statistics import count_classes, print_classes
    from segmentation.datasets.discover import discover
    from segmentation.datasets.summary import print_summary, summarise
    from segmentation.images.files import write_image
    from segmentation.reports.contact_sheet import draw_contact_sheet

    console = new_console()
    folder = options.data or options.home / "data"
    with progress(console, "reading") as on_progress:
        dataset = discover(folder, classes=options.classes, on_progress=on_progress)
    with progress(console, "measuring") as on_progress:
        summary = summarise(dataset, on_progress=on_progress)
    print_summary(summary, dataset.problems, console, folder, dataset.labels)
    if dataset.labels.binary and dataset.classes:
        print(dataset.classes)
    elif dataset.classes:
        learned = dataset.folder_split.train if dataset.folder_split else dataset.samples
        with progress(console, "counting") as on_progress:
            statistics = count_classes(learned, dataset.labels, on_progress)
        print_classes(statistics, dataset.classes, len(learned), console)
    for note in dataset.notes:
        print(note)
    output = options.output or options.home / "results" / "data" / folder.resolve().name / "contact-sheet.png"
    write_image(output, draw_contact_sheet(dataset.samples, labels=dataset.labels))
    print(f"contact sheet: {output}")
    return 1 if dataset.problems else 0
