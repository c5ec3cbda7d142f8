"""The score function of a bundle: the whole way from a photo to its scores, in one pass or two."""

import dataclasses
from typing import NamedTuple

import numpy as np

from segmentation.bundle.bundle import ModelBundle
from segmentation.config.scoring import ScoringOptions
from segmentation.core.predictions import ScoreFn
from segmentation.inference.engines import Engine, load_engine
from segmentation.preprocessing.second_pass import SecondPassView
from segmentation.scores.channels import Channels, on_channel
from segmentation.scores.tiles import Tiling, padded
from segmentation.scores.two_passes import double_pass

_TRACE = 13  # of 255: what the first pass may have missed is at least this likely


class Passes(NamedTuple):
    """The two passes of a model one by one: `second` takes what `view` shows of a photo, uint8 [h, w, 4].

    `nearby` is whether the second one sees tiles at the photo's own resolution, for which a place and its
    surroundings are enough, and `strokes` whether it takes strokes between photo and scores, uint8 [h, w, 5].
    """

    first: ScoreFn
    second: ScoreFn
    view: SecondPassView
    nearby: bool
    strokes: bool = False


def load_score(
    bundle: ModelBundle,
    *,
    engine: str = "auto",
    precision: str = "auto",
    streams: int = 1,
    tiling: Tiling | None = None,
    channels: Channels | None = None,
) -> tuple[ScoreFn, list[Engine]]:
    """Return the score function of a bundle and the engines that it runs on, the first pass first.

    The last pass scores what it sees in tiles where a `tiling` is given, or where it was trained on tiles;
    those of a second pass in which the first one found nothing score 0. All passes see grey pictures of
    `channels` where they are given. The other arguments are those of `load_engine`, and so is what it raises.
    """
    engines = [
        load_engine(one, engine=engine, precision=precision, streams=streams) for one in _passes_of(bundle)
    ]
    last = _in_tiles(bundle, engines[-1], tiling or own_tiling(bundle))
    if not channels:
        return with_first_pass(bundle, last, engines[0]), engines

    def score_of(first_name: str, last_name: str) -> ScoreFn:
        return with_first_pass(bundle, on_channel(last, last_name), on_channel(engines[0], first_name))

    return channels.over(score_of), engines


def load_passes(bundle: ModelBundle) -> Passes | None:
    """Return the passes of a model that sees its own first scores; None where it has only one, or sees none.

    Raises what `load_engine` raises.
    """
    view = second_pass_view(bundle)
    if not view or not bundle.preprocessing.guided:
        return None
    first, second = map(load_engine, _passes_of(bundle))
    tiling = own_tiling(bundle)
    return Passes(
        first, _in_tiles(bundle, second, tiling), view, tiling is not None, bundle.preprocessing.strokes
    )


def _passes_of(bundle: ModelBundle) -> tuple[ModelBundle, ...]:
    if not bundle.precisions:
        return bundle.passes
    # the precisions are those of all passes together
    return tuple(dataclasses.replace(one, precisions=bundle.precisions) for one in bundle.passes)


def _in_tiles(bundle: ModelBundle, last: ScoreFn, tiling: Tiling | None) -> ScoreFn:
    if not tiling:
        return last
    score = tiling.over(last, _anything_found if bundle.preprocessing.guided else None)
    return padded(score, bundle.input_size) if own_tiling(bundle) else score


def asked_tiling(scoring: ScoringOptions) -> Tiling | None:
    """Return the tiles that the options ask for."""
    return Tiling(scoring.tiles, scoring.overlap, scoring.tiles_on) if scoring.tiles else None


def own_tiling(bundle: ModelBundle, overlap: float = Tiling.overlap) -> Tiling | None:
    """Return the tiles that a bundle's last pass was trained to see; None where it sees all at once."""
    if bundle.preprocessing.sees != "tiles":
        return None
    return Tiling(bundle.input_size, overlap)


def with_first_pass(bundle: ModelBundle, second: ScoreFn, first: ScoreFn) -> ScoreFn:
    """Return a double pass of `first` and `second`, or `second` alone where the bundle has no first pass."""
    view = second_pass_view(bundle)
    return double_pass(first, second, view) if view else second


def _anything_found(seen: np.ndarray) -> bool:
    """Return whether the first-pass scores of a tile, its last channel, show a trace of garment."""
    return bool(seen[..., -1].max() >= _TRACE)


def second_pass_view(bundle: ModelBundle) -> SecondPassView | None:
    """Return the view of a photo that the bundle's second pass sees; None for a bundle with one pass."""
    if not bundle.first:
        return None
    return SecondPassView.from_config(bundle.config.second_pass, bundle.first.threshold, bundle.input_size)


def enlargement_of(bundle: ModelBundle, scores: np.ndarray, tiling: Tiling | None = None) -> float:
    """Return how many times, 1 or more, a bundle's scores of a photo, float32 [H, W, C], were enlarged.

    They were so from the network's input to what it sees; with a `tiling`, or its own one, that is a tile at
    a time, at the edge in any case.
    """
    view, tiles = second_pass_view(bundle), tiling or own_tiling(bundle)
    region = view.region(scores) if view else None
    rows = region.bottom - region.top if region else len(scores)
    if tiles:
        rows = min(rows, tiles.size.height)
    return max(1.0, rows / bundle.input_size.height)
