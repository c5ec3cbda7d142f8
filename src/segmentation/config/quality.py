"""Qualities: one word for the time that goes into a mask. What each sets stands here alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quality:
    """The precision, the test-time augmentation, and whether a model with two passes uses both."""

    precision: str
    tta: str
    double_pass: bool


# chosen on held-out photos by benchmarks/quality.py: docs/explanation/engines.md has its figures
QUALITIES = {
    "fast": Quality(precision="fastest", tta="none", double_pass=False),
    "standard": Quality(precision="auto", tta="none", double_pass=True),
    "best": Quality(precision="auto", tta="flip+scales", double_pass=True),
}
