"""A random room: its kind, its paper, its floor and its edges."""

from dataclasses import dataclass

import numpy as np

from segmentation.synth.paint import jitter, pick, stream

ROOM_WEIGHTS = {"rolled": 0.33, "beamed": 0.22, "bricked": 0.17, "cave": 0.12, "plain": 0.13, "dark": 0.02}


@dataclass(frozen=True)
class Room:
    """One studio; distances in frame heights (y) and widths (x), colours in 0...1."""

    kind: str
    paper: np.ndarray
    floor: np.ndarray
    sweep: float
    top: float
    left: float
    right: float
    key: tuple[int, ...]


def design_room(key: tuple[int, ...], dark: bool = False) -> Room:
    """Design a random room; `dark` asks for one with a dark wall behind the mannequin."""
    rng = stream(*key, 61)
    kind = pick(rng, ROOM_WEIGHTS)
    if dark and rng.random() < 0.7:
        kind = "dark"
    tone = {
        "rolled": (0.93, 0.93, 0.96),
        "beamed": (0.98, 0.94, 0.87),
        "bricked": (0.96, 0.92, 0.86),
        "cave": (0.94, 0.92, 0.94),
        "plain": (0.90, 0.90, 0.89),
        "dark": (0.16, 0.16, 0.17),
    }[kind]
    paper = jitter(rng, tone, 0.025 if kind != "dark" else 0.4)
    floor = paper * rng.uniform(0.86, 0.99) * (np.array([1.0, 0.98, 0.94]) if rng.random() < 0.5 else 1.0)
    top = {
        "rolled": rng.uniform(0.05, 0.09),
        "beamed": 0.0,
        "bricked": rng.uniform(0.15, 0.20),
        "cave": rng.uniform(0.10, 0.2),
        "plain": rng.choice([0.0, rng.uniform(0.10, 0.18)]),
        "dark": 0.0,
    }[kind]
    left = rng.uniform(0.01, 0.14) if kind == "cave" or rng.random() < 0.12 else 0.0
    right = rng.uniform(0.86, 0.985) if kind in ("rolled", "cave") and rng.random() < 0.75 else 1.0
    if kind == "dark":
        left, right = 0.0, 1.0
    return Room(kind, paper, floor, rng.uniform(0.70, 0.84), float(top), left, right, key)
