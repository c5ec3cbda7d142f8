"""The findings of an audit: a table on the terminal, audit.csv for decisions, audit.html with pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from segmentation.core.counting import counted
from segmentation.core.files import encodable, write_text
from segmentation.core.parallel import OnProgress
from segmentation.core.samples import Sample
from segmentation.core.tables import csv_text
from segmentation.datasets.exclusion import (
    CONTENTS,
    EXCLUDE,
    ID,
    MARKED,
    NO,
    YES,
    Pair,
    contents_of,
    read_decisions,
)
from segmentation.evaluation.audit import Finding, Unbiased, words_on_quality
from segmentation.evaluation.disagreement import OMITTED, Disagreement, DisputedPart
from segmentation.evaluation.photo import read_pair, score_photo
from segmentation.images.outline import OUTLINE, outlined
from segmentation.reports import html, plots
from segmentation.reports.error_pictures import EXCESS, MISSED, differences, framed, region_of

if TYPE_CHECKING:
    from rich.console import Console

TABLE, PAGE = "audit.csv", "audit.html"

_COLUMNS = [
    *("rank", ID, "view", "dice", "suspicion", "criteria"),
    *("region", "region_area_px", "region_box", "right_px", "down_px", MARKED, EXCLUDE, CONTENTS),
]

_CRITERIA = {
    "two-sd": "low Dice",
    "region": "large regions",
    "shift": "shifted label",
    "no-edge": "outline on no edge",
}
_LISTED = 10  # pairs on the terminal
_MOST_REGIONS = 5  # of a pair, that are marked and described
_LEAST_SHARE = 0.002  # of the garment's area, from which they are
_LEAST_SHIFT = 1 / 400  # of the photo's height
_AROUND = 0.25  # of the largest region's longer side, shown around it in the close-up
_LEAST_AROUND = 1 / 30  # of the photo's height


@dataclass(frozen=True)
class PairPictures:
    """The data URIs of a pair: the frame, three views of the garment, a close-up of its largest region."""

    frame: str
    label: str
    prediction: str
    differences: str
    close_up: str | None


def write_audit(
    findings: Sequence[Finding],
    unbiased: Unbiased,
    samples: Sequence[Sample],
    folder: Path,
    name: str,
    report_images: int = 40,
    *,
    about: Mapping[str, object],
    target_threshold: float = 0.5,
    on_progress: OnProgress | None = None,
) -> tuple[int, tuple[str, ...]]:
    """Write audit.csv and audit.html, with pictures of the `report_images` most suspicious, into `folder`.

    They are scored again for the pictures. `about` is shown as it is. Decisions of a person in an earlier
    table are kept. Returns how many count, and the ids of those that do not: the photo or its ground truth is
    another one now. Raises what `read_pair`, `score_photo`, `contents_of` and `read_decisions` raise.
    """
    by_id = {sample.id: sample for sample in samples}
    shown = findings[:report_images]
    pictures = {}
    for done, finding in enumerate(shown, start=1):
        sample = by_id[finding.disagreement.id]
        image, alpha = read_pair(sample)
        score, threshold = unbiased(sample)
        scores, _ = score_photo(score, image, sample)
        target, mask = alpha >= target_threshold * 255, scores[..., 0] >= threshold
        pictures[sample.id] = draw_pair(image, target, mask, finding.disagreement.regions)
        if on_progress:
            on_progress(done, len(shown))
    write_text(folder / PAGE, render(findings, pictures, name, about))
    decisions = decided(folder)
    contents = {sample.id: contents_of(sample) for sample in samples}
    write_text(folder / TABLE, table(findings, decisions, contents))
    now = {encodable(name): content for name, content in contents.items()}
    lapsed = [one.id for one in decisions if one.contents and now.get(one.id, one.contents) != one.contents]
    return len(decisions) - len(lapsed), tuple(lapsed)


def decided(folder: Path) -> dict[Pair, bool]:
    """Read what a person decided in the audit.csv of `folder`, if there is one.

    Raises what `read_decisions` raises.
    """
    path = folder / TABLE
    return read_decisions(path) if path.exists() else {}


def table(
    findings: Sequence[Finding], decisions: Mapping[Pair, bool], contents: Mapping[str, str] = {}
) -> str:
    """Return the findings as CSV, most suspicious first, with the column exclude for a person's decisions.

    It holds the `decisions`; those on pairs that are no longer there, or no longer have those contents, come
    last. `contents` are those of now, by id.
    """
    decided_on = {pair: YES if excluded else NO for pair, excluded in decisions.items()}
    rows: list[Sequence[object]] = [_COLUMNS]
    for rank, finding in enumerate(findings, start=1):
        pair = finding.disagreement
        largest = pair.regions[0] if pair.regions else None
        now = Pair(encodable(pair.id), contents.get(pair.id, ""))
        earlier = decided_on.pop(Pair(now.id), "")  # of a table that does not say what was decided on
        rows.append(
            [
                rank,
                pair.id,
                pair.view,
                f"{pair.dice:.4f}",
                f"{pair.suspicion:.2f}",
                " ".join(finding.criteria),
            ]
            + ([largest.kind, largest.area_px, box_text(largest)] if largest else ["", "", ""])
            + [f"{pair.across_px:.0f}", f"{pair.down_px:.0f}", YES if finding.marked else NO]
            + [decided_on.pop(now, earlier), now.contents]
        )
    absent = ({ID: pair.id, EXCLUDE: said, CONTENTS: pair.contents} for pair, said in decided_on.items())
    rows += [[row.get(column) for column in _COLUMNS] for row in absent]
    return csv_text(rows)


def print_findings(findings: Sequence[Finding], console: "Console") -> None:
    """Print the most suspicious pairs and the findings."""
    from rich.table import Table
    from rich.text import Text

    marked = sum(finding.marked for finding in findings)
    shown = Table(title=f"{counted(len(findings), 'pair')}, {marked} marked; the most suspicious")
    shown.add_column("pair", overflow="fold")
    for heading in ("suspicion", "Dice", "largest region", "shift", "marked"):
        shown.add_column(heading, justify="right")
    for finding in findings[:_LISTED]:
        pair = finding.disagreement
        region = f"{pair.regions[0].kind} {100 * pair.regions[0].share:.1f}%" if pair.regions else ""
        figures = f"{pair.suspicion:.1f}%", f"{pair.dice:.4f}", region, f"{pair.shift_px:.0f} px"
        shown.add_row(Text(pair.id), *figures, YES if finding.marked else "")
    console.print(shown)


def render(
    findings: Sequence[Finding],
    pictures: Mapping[str, PairPictures],
    name: str,
    about: Mapping[str, object],
) -> str:
    """Return the report as one HTML text; `pictures` holds the pairs to show, by id."""
    dice = [finding.disagreement.dice for finding in findings]
    return html.page(
        "audit.html.j2",
        name=name,
        findings=findings,
        pictures=pictures,
        about=about,
        dice_mean=float(np.mean(dice)),
        dice_median=float(np.median(dice)),
        marked=sum(finding.marked for finding in findings),
        doubted=sum(bool(finding.criteria) for finding in findings),
        distribution=html.chart(plots.plot_distribution(dice)),
        quality=words_on_quality(findings),
        sentences=sentences,
        in_words=lambda criteria: ", ".join(_CRITERIA[name] for name in criteria),
        box_text=box_text,
        label_colour=html.css(MISSED),
        model_colour=html.css(EXCESS),
    )


def sentences(pair: Disagreement) -> list[str]:
    """Return why the label is doubted, in words, the most important reason first."""
    reasons = [
        (region.share, f"{_words(region)} ({region.area_px} px, {100 * region.share:.1f}% of the garment)")
        for region in _worth_showing(pair.regions)
    ]
    if pair.shift_px >= _LEAST_SHIFT * pair.height_px and pair.gain >= _LEAST_SHARE:
        reasons.append((2 * pair.gain, f"the label would fit best {_direction(pair)}"))
    return [sentence for _weight, sentence in sorted(reasons, key=lambda reason: -reason[0])]


def box_text(region: DisputedPart) -> str:
    """Return size and place in the photo: WIDTHxHEIGHT+LEFT+TOP."""
    return f"{region.width}x{region.height}+{region.left}+{region.top}"


def draw_pair(
    image: np.ndarray, target: np.ndarray, mask: np.ndarray, regions: Sequence[DisputedPart]
) -> PairPictures:
    """Draw one pair, uint8 RGB [H, W, 3] and bool [H, W] of the same size, with its first regions marked."""
    box = region_of(target, mask)
    errors = differences(image, target, mask)
    for region in _worth_showing(regions):
        corner = region.left + region.width, region.top + region.height
        cv2.rectangle(errors, (region.left, region.top), corner, OUTLINE, 2)
    return PairPictures(
        frame=framed(image, box),
        label=html.encode(outlined(image[box], target[box], MISSED)),
        prediction=html.encode(outlined(image[box], mask[box], EXCESS)),
        differences=html.encode(errors[box]),
        close_up=_close_up(image, target, mask, regions[0]) if regions else None,
    )


def _close_up(image: np.ndarray, target: np.ndarray, mask: np.ndarray, region: DisputedPart) -> str:
    """Return the region and what is around it, with both outlines."""
    height, width = target.shape
    around = round(max(_AROUND * max(region.width, region.height), _LEAST_AROUND * height))
    box = (
        slice(max(0, region.top - around), min(height, region.top + region.height + around)),
        slice(max(0, region.left - around), min(width, region.left + region.width + around)),
    )
    drawn = outlined(image[box], target[box], MISSED)
    return html.encode(outlined(drawn, mask[box], EXCESS))


def _worth_showing(regions: Sequence[DisputedPart]) -> Sequence[DisputedPart]:
    return [region for region in regions if region.share >= _LEAST_SHARE][:_MOST_REGIONS]


def _words(region: DisputedPart) -> str:
    if region.kind == OMITTED:
        return "the model sees garment that the label leaves out"
    return "the label has garment that the model does not see"


def _direction(pair: Disagreement) -> str:
    across = f"{abs(pair.across_px):.0f} px further {'right' if pair.across_px > 0 else 'left'}"
    down = f"{abs(pair.down_px):.0f} px {'lower' if pair.down_px > 0 else 'higher'}"
    return " and ".join([across] * bool(pair.across_px) + [down] * bool(pair.down_px))
