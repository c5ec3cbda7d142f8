"""A study as pages of Markdown: for each question what was run, its table, a picture, and the advice.

A list of all of them, whenever they were written, is their front page.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from segmentation.config.study import Question
from segmentation.core.counting import counted
from segmentation.core.files import write_text
from segmentation.evaluation.study import Judged, QuestionFigures, WayFigures, less_is_better
from segmentation.metrics.intervals import CONFIDENCE
from segmentation.reports.markdown import escaped, markdown_table

INDEX = "README.md"
"""The list of the questions in the folder of a study."""

_ADVICE = "**Advice:** "
_NO_ADVICE = "not given yet: a person who has read the table writes it into the question."
_NOTHING = "-"
_HEADINGS = {
    "dice": "Dice",
    "clean": "clean",
    "boundary_f1": "boundary F1, 2 px",
    "boundary_f1_1px": "boundary F1, 1 px",
    **{"mask_ap": "AP", "mask_ap50": "AP50", "mask_ap75": "AP75"},
    **{f"mask_ap_{size}": f"AP, {size}" for size in ("small", "medium", "large")},
}
_ERRORS = {"sad": "SAD", "mse": "MSE", "gradient": "Grad", "connectivity": "Conn"}
_SCALES = {"mse": 1000.0}  # thousandths


_HOW = (
    f"In brackets behind a figure is its {CONFIDENCE:.0%} interval over the photos, by garment; below it how "
    "far the way is from the one that it is compared with, on the same photos, with the interval of the "
    "paired differences: bold where that leaves out zero. Differences of errors are in per cent. SAD, Grad "
    "and Conn are in thousands, MSE in thousandths, and less is better. Seconds are the median of a photo, "
    "minutes those of all trainings that a way needs, both on the machine of the runs."
)
_SIZES = (
    "AP by size is that of objects below 32x32 pixels of the photo (small), below 96x96 (medium) and above "
    f"(large), and {_NOTHING} where there are none of that size."
)
_SEEDS = (
    "Where a way has seeds, it was trained with each of them. Its figures are means over these trainings, "
    "each of which is compared with the one of the same seed, and the intervals allow for the choice of "
    "photos and for how a training happens to go. Pictures show the masks of the first seed."
)
_ONCE = (
    "Every {other}network was trained once: the intervals tell of the choice of photos, not of how a "
    "training happens to go."
)


def write_question(figures: QuestionFigures, about: str, pictures: Sequence[str], folder: Path) -> Path:
    """Write the page of a question into the folder of the study, and return its path.

    `about` is a paragraph on how it was made, `pictures` are paragraphs that show some.
    """
    question = figures.question
    advice = " ".join(question.advice.split()) or _NO_ADVICE
    parts = [f"# {question.title}", question.asks, f"{_ADVICE}{advice}", _table(figures)]
    for name, photos in figures.parts.items():
        told = f"on {counted(len(photos), 'photo')}" if photos else "not measured yet"
        parts.append(f"{name}, {told}:")
        if photos:
            parts.append(_table(figures, photos))
    parts += [*pictures, _commands(figures), "How to read it:", _how(question), about]
    page = folder / f"{question.name}.md"
    write_text(page, "\n\n".join(part for part in parts if part) + "\n")
    return page


def write_index(folder: Path) -> Path:
    """Write the list of all pages of questions in the folder of a study, and return its path."""
    found = [entry for page in sorted(folder.glob("*.md")) if (entry := _entry(page)) is not None]
    index = folder / INDEX
    write_text(index, "\n\n".join(["# Study", markdown_table(["question", "advice"], found, (0, 1))]))
    return index


def _entry(page: Path) -> tuple[str, str] | None:
    """Return the row of a page; None for a file that is no page of a question."""
    title, *lines = page.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    advice = next((line.removeprefix(_ADVICE) for line in lines if line.startswith(_ADVICE)), None)
    if advice is None or page.name == INDEX:
        return None
    title, advice = (text.replace("|", "\\|") for text in (title.removeprefix("# "), advice))
    return f"[{title}]({quote(page.name)})", advice


def _how(question: Question) -> str:
    """Return how to read the page, with what its intervals allow for."""
    seeded = [bool(way.seeds) for way in question.ways]
    once = _ONCE.format(other="other " if any(seeded) else "")
    sizes = [_SIZES] if any(measure.startswith("mask_ap_") for measure in question.measures) else []
    return " ".join([_HOW, *sizes, *([_SEEDS] if any(seeded) else []), *([] if all(seeded) else [once])])


def _table(figures: QuestionFigures, photos: frozenset[str] | None = None) -> str:
    measures = figures.question.measures
    headings = ["way", "held-out photos", *map(_heading, measures), "seconds a photo", "training minutes"]
    rows = []
    for way in figures.ways:
        judged, other = (_among(one, photos) for one in (way, figures.by_name[way.against]))
        if judged is None or not judged.photos:
            told = "not judged yet" if judged is None else "none"
            rows.append([escaped(way.name), told, *[_NOTHING] * (len(headings) - 2)])
            continue
        base = None if way.against == way.name else other
        minutes = _NOTHING if way.training_seconds is None else f"{way.training_seconds / 60:.0f}"
        rows.append(
            [
                escaped(way.name),
                escaped(f"{len(judged.photos)} of {way.data}{_of_seeds(judged)}"),
                *(_cell(judged, base, measure) for measure in measures),
                f"{judged.seconds_a_photo:.2f}",
                minutes,
            ]
        )
    compared = [f"{way.name}: with {way.against}" for way in figures.ways if _unusual(way, figures)]
    note = f"\nCompared: {'; '.join(compared)}; all others with {figures.ways[0].name}.\n" if compared else ""
    return (markdown_table(headings, rows, words=(0, 1)) + note).rstrip()


def _of_seeds(judged: Judged) -> str:
    return f", {len(judged.repeats)} seeds" if judged.repeats else ""


def _unusual(way: WayFigures, figures: QuestionFigures) -> bool:
    first = figures.ways[0].name
    return way.against not in (first, way.name)


def _among(way: WayFigures, photos: frozenset[str] | None) -> Judged | None:
    if way.judged is None or photos is None:
        return way.judged
    return way.judged.among(photos)


def _cell(judged: Judged, base: Judged | None, measure: str) -> str:
    mean = judged.mean(measure)
    if mean is None:
        return _NOTHING
    found = _text(measure, mean)
    interval = judged.interval(measure)
    if interval and interval.low < interval.high:
        found += f" ({_text(measure, interval.low)} to {_text(measure, interval.high)})"
    before = base.among(judged.photos).mean(measure) if base else None
    difference = judged.against(base, measure) if base and before is not None else None
    if difference is None or before is None:
        return found
    if difference.low == difference.high == 0:
        return f"{found}<br>the same"
    low, middle, high = (
        _difference(measure, value, before) for value in (difference.low, difference.mean, difference.high)
    )
    told = f"{middle} ({low} to {high})"
    return f"{found}<br>{f'**{told}**' if difference.low > 0 or difference.high < 0 else told}"


def _difference(measure: str, value: float, before: float) -> str:
    if less_is_better(measure):
        return f"{value / before:+.1%}" if before else _NOTHING
    return f"{100 * value:+.0f}%" if measure == "clean" else f"{value:+.4f}"


def _text(measure: str, value: float) -> str:
    if less_is_better(measure):
        return f"{value * _SCALES.get(measure.rpartition('_')[2], 1):.2f}"
    return f"{value:.0%}" if measure == "clean" else f"{value:.4f}"


def _heading(measure: str) -> str:
    region, _, error = measure.partition("_")
    return f"{_ERRORS[error]}, {region}" if error in _ERRORS else _HEADINGS[measure]


def _commands(figures: QuestionFigures) -> str:
    lines = [*figures.commands, *(way.command for way in figures.ways)]
    return "What was run:\n\n```\n" + "\n".join(lines) + "\n```"
