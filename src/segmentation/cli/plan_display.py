"""A plan of a training on a terminal: what was found, what was chosen and why, and what it will cost."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from segmentation.cli.wording import flag
from segmentation.core.counting import counted
from segmentation.core.errors import printable
from segmentation.jobs.planned import TrainingPlan, plain_settings

_MOST_NAMED = 5  # doubtful photos


def print_plan(plan: TrainingPlan, console: Console) -> None:
    """Print the photos and the machine, then a line for each choice with its reason, then time and memory."""
    found = Table(show_header=False)
    found.add_column(style="bold")
    found.add_column(overflow="fold")
    for name, text in _found(plan):
        found.add_row(name, Text(text))
    console.print(found)
    chosen = Table("choice", "because")
    for choice in plan.fitted.choices:
        flags = "\n".join(_flag(name, value) for name, value in plain_settings(choice).items())
        chosen.add_row(Text(flags), Text(choice.reason))
    if typed := {name: value for name, value in plan.typed.items() if name != "data"}:
        chosen.add_row(Text("\n".join(_flag(name, value) for name, value in typed.items())), "you chose it")
    console.print(chosen)
    memory = f"{plan.memory_bytes / 1024**3:.1f} GB"
    step = f"{plan.fitted.pace.step:.2f} s a step of {counted(plan.fitted.pace.batch_size, 'photo')}"
    console.print(
        f"expected: about {plan.fitted.minutes:.0f} minutes and {memory} of memory ({step}, timed on this "
        "machine as busy as it is now)",
        soft_wrap=True,
    )


def _found(plan: TrainingPlan) -> list[tuple[str, str]]:
    profile = plan.profile
    left_out = f"; {counted(profile.left_out, 'file')} left out" if profile.left_out else ""
    drawn = f" beside {counted(plan.drawn, 'drawn photo')}" if plan.drawn else ""
    classes = "" if profile.classes == 1 else f", {profile.classes} classes"
    return [
        (
            "pairs",
            f"{profile.pairs} of {counted(profile.garments, 'garment')}{classes}: {plan.train} to train on"
            f"{drawn}, {plan.val} held out{left_out}",
        ),
        ("photos", f"{profile.size} in the median, of {profile.looked_at} looked at"),
        (
            "what is marked",
            f"{profile.area:.0%} of the frame on average, {profile.thin:.1%} of that in parts thinner than "
            "1% of the photo",
        ),
        (
            "colours",
            f"mean {_levels(profile.mean)}, deviation {_levels(profile.std)} of red, green, blue; the "
            f"outline stands out by {profile.contrast:.0f} of 255 levels, and hardly in {profile.faint:.0%} "
            "of the photos",
        ),
        ("labels", _labels(plan)),
        ("machine", plan.machine.line()),
    ]


def _labels(plan: TrainingPlan) -> str:
    known = plan.start.known
    if known is None:
        return "not checked; `audit` does so with models of its own"
    photos = counted(len(known.both), "photo")
    agrees = f"{known.name} agrees with them at Dice {known.dice:.3f} in the median of {photos}"
    if not known.doubtful:
        return agrees
    names = ", ".join(printable(name) for name in known.doubtful[:_MOST_NAMED])
    these = "these" if len(known.doubtful) > 1 else "this one"
    return f"{agrees}, and least with {names}: look at {these} first"


def _levels(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.0f}" for value in values)


def _flag(name: str, value: object) -> str:
    values = value if isinstance(value, list | tuple) else [value]
    return " ".join(f"{flag(name)} {one}" for one in values)
