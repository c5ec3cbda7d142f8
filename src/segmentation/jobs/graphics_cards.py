"""The graphics cards that a person lets the processes of a training have, by CUDA_VISIBLE_DEVICES."""

import os
from itertools import takewhile

from segmentation.core.counting import counted
from segmentation.core.errors import ConfigError
from segmentation.training.rank import Rank

VISIBLE = "CUDA_VISIBLE_DEVICES"


def card_of(rank: Rank) -> str:
    """Return the CUDA_VISIBLE_DEVICES of a process: one card of those that it may have, or none."""
    cards = _cards()
    if cards is None:
        return str(rank.index)
    return cards[rank.index] if cards else os.environ[VISIBLE]


def check_cards(processes: int) -> None:
    """Raise ConfigError where there are fewer cards, but any, than processes."""
    cards = _cards()
    if cards and len(cards) < processes:
        raise ConfigError(
            f"`processes`: expected at most the {counted(len(cards), 'graphics card')} of "
            f"{VISIBLE}={os.environ[VISIBLE]}, received {processes}; name as many cards, or train with "
            "fewer processes"
        )


def _cards() -> list[str] | None:
    """The cards that a person names; None for all of the machine.

    CUDA sees those before the first that is invalid, such as -1 or an empty name.
    """
    named = os.environ.get(VISIBLE)
    if named is None:
        return None
    return list(takewhile(_is_valid, (card.strip() for card in named.split(","))))


def _is_valid(card: str) -> bool:
    return card != "" and not card.startswith("-")
