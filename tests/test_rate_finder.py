"""The rate finder: what losses at rising learning rates suggest."""

import csv

import numpy as np
import pytest
from support.program import TINY, make

from segmentation.core.errors import TrainingError
from segmentation.training.rate_finder import HIGHEST, LOWEST, smoothed, suggest

RATES = np.geomspace(1e-6, 1, 120)


def losses(best=1e-2, noise=0.0):
    """A loss that falls from a hundredth of the best rate on and rises fast behind it."""
    distance = np.log10(RATES / best)
    curve = np.where(distance < 0, 1 - np.exp(-(distance**2)), 4 * distance**2)
    return (curve + np.random.default_rng(0).normal(0, noise, len(RATES))).tolist()


@pytest.mark.parametrize("best", [1e-3, 1e-2, 1e-1])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_the_rate_at_which_the_loss_falls_fastest_is_suggested(best, noise):
    found = suggest(RATES, losses(best, noise))

    assert best / 20 < found.suggested < best / 3
    assert found.lowest == pytest.approx(best, rel=0.8)


def test_a_loss_that_falls_on_slowly_to_the_highest_rate_does_not_drag_the_suggestion_along():
    """Batch normalisation behaves like this: no rate makes the loss run away."""
    decades = np.log10(RATES)
    curve = -np.clip(decades + 4, 0, 1) - 0.05 * np.clip(decades + 3, 0, 3)
    found = suggest(RATES, (curve + np.random.default_rng(0).normal(0, 0.03, len(RATES))).tolist())

    assert 1e-4 < found.suggested < 1e-3
    assert found.lowest > 1e-2


def test_noise_of_the_first_steps_is_no_fall():
    noise = np.random.default_rng(1).normal(0, 0.1, len(RATES))

    with pytest.raises(TrainingError, match="received one that never does"):
        suggest(RATES, noise.tolist())
    assert suggest(RATES, (np.array(losses()) + noise).tolist()).suggested > 1e-4


def test_losses_may_be_negative():
    lower = suggest(RATES, (np.array(losses()) - 5).tolist())

    assert lower.suggested == suggest(RATES, losses()).suggested


def test_a_loss_that_never_falls_suggests_nothing():
    with pytest.raises(TrainingError, match="expected a loss that falls at some rate"):
        suggest(RATES, np.linspace(0, 1, 120).tolist())


def test_a_constant_loss_is_smoothed_to_itself():
    assert smoothed([2.0] * 5) == pytest.approx([2.0] * 5)


def test_the_command_suggests_a_rate_and_trains_nothing(tiny_set, tmp_path, capsys):
    make("train", "--data", tiny_set, "--home", tmp_path, "--name", "mine", *TINY, "--find-rate")

    shown = capsys.readouterr().out
    folder = tmp_path / "results" / "rates" / "mine"
    with (folder / "rates.csv").open(newline="") as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    assert rates == sorted(rates)
    assert rates[0] == LOWEST
    assert rates[-1] <= HIGHEST
    assert "suggested learning rate" in shown
    assert (folder / "rates.png").stat().st_size > 1000
    assert not (tmp_path / "models").exists()
    assert not (tmp_path / "logs").exists()
