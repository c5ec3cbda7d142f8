"""Draw synthetic studio photos with their cutouts."""

import argparse

from segmentation.cli.arguments import path_argument, whole_number
from segmentation.core.size import Size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--output", type=path_argument, required=True, metavar="DIR", help="folder to draw into (required)"
    )
    parser.add_argument(
        "--count",
        type=whole_number(1),
        default=60,
        metavar="N",
        help="garments, three photos each (default: 60)",
    )
    parser.add_argument(
        "--size",
        type=Size.parse,
        default=Size(1728, 1152),
        metavar="WxH",
        help="photo size (default: 1152x1728)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0),
        default=0,
        metavar="N",
        help="the same seed, the same pixels (default: 0)",
    )
    parser.add_argument(
        "--workers", type=whole_number(1), metavar="N", help="processes (default: one a core)"
    )


def run(options: argparse.Namespace) -> int:
    """Draw the set."""
    from segmentation.cli.display import new_console, progress
    from segmentation.synth import write_studio

    console, size = new_console(), options.size
    with progress(console, "drawing") as on_photo:
        photos = write_studio(
            options.output, options.count, size.width, size.height, options.seed, options.workers, on_photo
        )
    print(f"{len(photos)} photos of {options.count} garments in {options.output}")
    return 0
