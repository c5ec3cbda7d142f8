"""Show what a folder of photos and cutouts holds, without training."""

import argparse

from segmentation.commands.arguments import path_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--data", type=path_argument, metavar="DIR", help="folder of pairs (default: the data folder)"
    )
    parser.add_argument(
        "--output",
        type=path_argument,
        metavar="FILE",
        help="contact sheet to draw, PNG or JPEG (default: results/data/NAME/contact-sheet.png)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the summary and the problems; draw the contact sheet. Status 1 when files were left out."""
    from segmentation.data.contact_sheet import draw_contact_sheet
    from segmentation.data.discover import discover
    from segmentation.data.summary import print_summary, summarise
    from segmentation.display import new_console, progress
    from segmentation.imageio import write_image

    console = new_console()
    folder = options.data or options.home / "data"
    with progress(console, "reading") as on_progress:
        dataset = discover(folder, on_progress=on_progress)
    with progress(console, "measuring") as on_progress:
        summary = summarise(dataset, on_progress=on_progress)
    print_summary(summary, dataset.problems, console, folder)
    if dataset.classes:
        print(dataset.classes)
    output = options.output or options.home / "results" / "data" / folder.resolve().name / "contact-sheet.png"
    write_image(output, draw_contact_sheet(dataset.samples))
    print(f"contact sheet: {output}")
    return 1 if dataset.problems else 0
