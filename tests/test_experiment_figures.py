"""Conclusions from an experiment's figures: which differences could be chance, and what claims come to."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from segmentation.config.experiment_file import experiment_of, read_experiment, shipped_experiments
from segmentation.core.errors import ConfigError
from segmentation.evaluation.experiment_conclusions import figures_of, warnings_about
from segmentation.evaluation.experiment_figures import CellFigures, PhotoFigures
from segmentation.metrics.repeats import Repeated, difference_interval, differences
from segmentation.reports.experiment_charts import forest_chart, heat_map
from segmentation.reports.experiment_report import findings
from segmentation.reports.experiment_tables import csv_rows, markdown

PHOTOS = 40


def cell(repeat, shift=0.0, noise=0.002, fold_photos=range(PHOTOS)):
    """A training whose photos are better than the base's by `shift`, give or take."""
    random = np.random.default_rng((round(abs(shift) * 1e6), repeat.seed, repeat.fold))
    quality = {
        f"p{place}": 0.9 + 0.05 * np.sin(place) + shift + random.normal(0, noise) for place in fold_photos
    }
    photos = {name: PhotoFigures(f"g{name}", value, 0.8, 2) for name, value in quality.items()}
    return CellFigures(
        repeat, f"{shift}-{repeat}", photos, threshold=0.5, seconds=10.0, gflop=1.5, parameters=1e6, epochs=3
    )


def compared(levels, shifts, repeats=3, **more):
    """The figures of an experiment with one factor whose levels differ from the base by `shifts`."""
    factor = {"option": "epochs", "levels": levels, **more}
    found = experiment_of({"seeds": list(range(repeats)), "factors": {"f": factor}}, "drawn")
    means = dict(zip([variant.name for variant in found.variants], (0.0, *shifts), strict=True))
    done = {name: [cell(repeat, shift) for repeat in found.repeats] for name, shift in means.items()}
    return figures_of(found, done)


def test_a_large_difference_is_told_from_chance_and_a_small_one_is_not():
    figures = compared([1, 2, 3], (0.03, -0.03, 0.0001))

    assert [row.words for row in figures.rows[1:3]] == ["better", "worse"]
    assert figures.rows[3].words in ("could be chance", "as good, within 0.002")
    up = figures.rows[1].difference
    assert up.low < 0.03 < up.high
    assert "Better than the base, beyond chance: f=1" in findings(figures)[0]


def test_trainings_that_variants_share_are_paid_for_once():
    found = experiment_of({"seeds": [0, 1, 2], "factors": {"tta": ["flip"], "epochs": [2]}}, "drawn")
    shifts = {"base": 0.0, "tta=flip": 0.0, "epochs=2": 0.01}
    done = {name: [cell(repeat, shift) for repeat in found.repeats] for name, shift in shifts.items()}

    assert figures_of(found, done).seconds == 2 * 3 * 10.0


def test_a_row_with_a_fixed_threshold_says_so_and_is_not_called_a_fair_comparison():
    def figures(**tables):
        found = experiment_of({"seeds": [0, 1, 2], **tables}, "drawn")
        return figures_of(found, {one.name: [cell(at) for at in found.repeats] for one in found.variants})

    judging = {"judging": {"levels": {"at 0.5": {"threshold": 0.5}, "flip": {"tta": "flip"}}}}
    mixed, all_fixed = figures(factors=judging), figures(base={"threshold": 0.4}, factors={"epochs": [1]})

    heading, *rows = csv_rows(mixed)
    assert [row[heading.index("threshold_fixed")] for row in rows] == [False, True, False]
    assert markdown(mixed).count("0.500 fixed") == 1
    said = warnings_about(mixed)[-1]
    assert "The threshold of judging=at 0.5 is fixed" in said
    assert "differences are fair" not in said
    assert "Epoch and threshold were chosen" in warnings_about(figures(factors={"epochs": [1]}))[-1]
    assert warnings_about(all_fixed)[-1].startswith("The epoch of every model was chosen")


def test_variants_that_judge_the_models_of_the_base_make_no_training_look_certain():
    judged = {"tta": ["flip", "scales"], "threshold": [0.4, 0.6]}
    alone = experiment_of({"seeds": [0, 1, 2], "factors": {"epochs": [2, 3, 4]}}, "drawn")
    beside = experiment_of({"seeds": [0, 1, 2], "factors": {"epochs": [2, 3, 4], **judged}}, "drawn")

    def row(found):
        done = {}
        for variant in found.variants:
            own = variant.factor == "epochs"
            trained, shifts = (variant.name, (-0.006, 0.004, 0.014)) if own else ("base", (0.0, 0.0, 0.0))
            done[variant.name] = [
                replace(cell(one, shift), model=f"{trained} {one}")
                for one, shift in zip(found.repeats, shifts, strict=True)
            ]
        return figures_of(found, done).rows[1]

    assert row(beside).difference == row(alone).difference
    assert row(alone).words == "could be chance"


def test_what_differs_by_less_than_the_margin_for_certain_is_as_good_even_beyond_chance():
    found = experiment_of({"seeds": [0, 1, 2], "margin": 0.01, "factors": {"epochs": [1]}}, "drawn")
    done = {
        name: [cell(repeat, shift, noise=1e-5) for repeat in found.repeats]
        for name, shift in (("base", 0.0), ("epochs=1", 0.004))
    }
    row = figures_of(found, done).rows[1]

    assert 0 < row.difference.low < row.difference.high < 0.01
    assert row.words == "as good, within 0.01"


def test_one_training_proves_nothing_and_the_report_says_so():
    figures = compared([1], (0.05,), repeats=1)

    assert figures.rows[1].difference is None
    assert figures.rows[1].words == "one training alone: could be chance"
    warning = warnings_about(figures)[0]
    assert "1 training of each variant says too little" in warning
    assert "give 3 seeds or folds at least" in warning


def test_trainings_that_differ_among_themselves_widen_the_interval():
    photos = {f"p{place}": 0.01 for place in range(PHOTOS)}
    garments = {name: name for name in photos}
    steady = difference_interval(Repeated(photos, (0.01, 0.0101, 0.0099)), None, garments)
    wild = difference_interval(Repeated(photos, (-0.02, 0.05, 0.0)), None, garments)

    assert steady.low > 0
    assert wild.low < 0 < wild.high


def test_a_few_lucky_repeats_are_not_believed_where_others_spread():
    photos = {f"p{place}": 0.01 for place in range(PHOTOS)}
    garments = {name: name for name in photos}
    lucky = Repeated(photos, (0.0100, 0.0101, 0.0099))

    alone, among_others = (difference_interval(lucky, usual, garments) for usual in (None, 0.01**2))
    assert among_others.low < alone.low
    assert among_others.low < 0


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    random, covered, runs = np.random.default_rng(0), 0, 60
    garments = {f"p{place}": f"p{place}" for place in range(30)}
    for _ in range(runs):
        photo_effects = random.normal(0.004, 0.01, 30)
        repeats = [photo_effects + random.normal(0, 0.005) for _ in range(3)]
        base = [dict.fromkeys(garments, 0.9)] * 3
        values = [dict(zip(garments, (0.9 + one).tolist(), strict=True)) for one in repeats]
        interval = difference_interval(differences(values, base), None, garments)
        covered += interval.low <= 0.004 <= interval.high

    assert covered >= 0.9 * runs


def test_photos_are_compared_with_the_base_of_the_same_fold():
    base = [{"a": 0.5, "b": 0.6}, {"c": 0.9}]
    variant = [{"a": 0.6, "b": 0.7}, None]

    found = differences(variant, base)
    assert found.photos == pytest.approx({"a": 0.1, "b": 0.1})
    assert found.repeats == pytest.approx((0.1,))
    fewer = differences(
        [{"a": 0.6, "c": 0.95}, None], base
    )  # one fold holds out other photos than the base's
    assert fewer.photos == pytest.approx({"a": 0.1, "c": 0.05})
    refolded = differences([{"c": 0.95}, {"a": 0.5}], base)
    assert refolded.photos == pytest.approx({"c": 0.05, "a": 0.0})


@pytest.mark.parametrize(
    ("expected", "by", "shift", "verdict"),
    [
        ("better", None, 0.03, "confirmed"),
        ("better", 0.1, 0.03, "confirmed, but less"),
        ("better", 0.001, 0.03, "confirmed, but more"),
        ("better", None, -0.03, "refuted"),
        ("worse", -0.03, -0.03, "confirmed"),
        ("worse", None, 0.03, "refuted"),
        ("same", None, 0.03, "refuted"),
        ("better", None, 0.00001, "undecided"),
    ],
)
def test_a_claim_is_confirmed_refuted_or_left_open(expected, by, shift, verdict):
    claim = {"says": "they say so", "expected": expected, **({} if by is None else {"by": by})}
    figures = compared([1], (shift,), claims={"1": claim})

    assert figures.rows[1].verdict == verdict


def test_a_claim_may_be_about_another_row_than_the_base():
    claim = {"says": "longer is better", "expected": "better", "than": "f=1"}
    figures = compared([1, 2], (-0.03, -0.01), claims={"2": claim})

    assert figures.rows[2].words == "worse"
    assert figures.rows[2].verdict == "confirmed"
    assert "longer is better, beside f=1: confirmed" in markdown(figures)
    with pytest.raises(ConfigError, match="f=2: expected a variant, base, f=1, f=2, received 'f=3'"):
        compared([1, 2], (0.0, 0.0), claims={"2": {**claim, "than": "f=3"}})


def test_a_failed_variant_is_a_row_and_the_others_stand():
    found = experiment_of({"seeds": [0, 1, 2], "factors": {"epochs": [1, 2]}}, "drawn")
    done = {name: [cell(repeat) for repeat in found.repeats] for name in ("base", "epochs=1")}
    done["epochs=2"] = [CellFigures(repeat, failure="no memory") for repeat in found.repeats]
    figures = figures_of(found, done)

    assert figures.rows[2].words == "failed: no memory"
    assert figures.rows[1].difference is not None
    assert "| epochs=2 |" in markdown(figures)
    assert findings(figures)[-1] == "epochs=2 failed: no memory."
    assert len([*csv_rows(figures)]) == 4


def test_a_grid_has_every_combination_and_a_map():
    tables = {"design": "grid", "factors": {"epochs": [1, 2], "batch_size": [4, 8, 16]}}
    found = experiment_of(tables, "drawn")
    done = {variant.name: [cell(repeat) for repeat in found.repeats] for variant in found.variants}
    figures = figures_of(found, done)

    assert len(figures.rows) == 7
    assert figures.rows[1].variant.options == {"epochs": 1, "batch_size": 4}
    drawn, _scale = heat_map(figures).axes
    assert (drawn.get_ylabel(), drawn.get_xlabel()) == ("Epochs", "Batch size")
    done["epochs=1, batch_size=4"] = []
    done["epochs=1, batch_size=8"] = [replace(cell(repeat), stopped=1) for repeat in found.repeats]
    done["epochs=1, batch_size=16"] = [CellFigures(repeat, failure="no memory") for repeat in found.repeats]
    texts = [text.get_text() for text in heat_map(figures_of(found, done)).axes[0].texts]
    assert texts[:3] == ["not trained", "given up", "failed"]
    assert heat_map(compared([1], (0.0,))) is None
    assert forest_chart(figures).axes


@pytest.mark.parametrize("largest", [0.2, 0.03, 0.009, 0.0011])
def test_the_figures_below_a_forest_plot_can_be_told_apart(largest):
    levels = {"a network of another kind, and deeper": {"epochs": 1}, "shallow": {"epochs": 2}}
    figure = forest_chart(compared(levels, (largest, -largest / 3)))
    FigureCanvasAgg(figure).draw()

    figures = [one.get_window_extent() for one in figure.axes[0].get_xticklabels()]
    for left, right in pairwise(one for one in figures if one.x1 > 0):
        assert left.x1 < right.x0


def test_the_worst_photo_of_all_repeats_is_named():
    figures = compared([1], (0.0,))
    odd = replace(figures.base.cells[1], photos={"odd": PhotoFigures("g", 0.25, 0.1, 9)})
    row = replace(figures.base, cells=(figures.base.cells[0], odd))

    assert (row.worst, row.worst_photo) == (0.25, "odd")
    heading, base, *_ = csv_rows(replace(figures, rows=(row, *figures.rows[1:])))
    assert dict(zip(heading, base, strict=True))["worst_photo"] == "odd"


def test_paired_levels_vary_together():
    tables = {"design": "paired", "factors": {"epochs": [1, 2], "batch_size": [4, 8]}}

    options = [variant.options for variant in experiment_of(tables, "drawn").variants[1:]]
    assert options == [{"epochs": 1, "batch_size": 4}, {"epochs": 2, "batch_size": 8}]
    with pytest.raises(ConfigError, match="as many levels of each factor"):
        experiment_of({**tables, "factors": {"epochs": [1], "batch_size": [4, 8]}}, "drawn")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"factor": {}}, "expected some of about, design, .*, received 'factor'"),
        ({"base": {"epoch": 3}}, "base: unknown options: epoch; did you mean epochs"),
        ({"base": {"seed": 3}}, "received seed; use seeds and folds"),
        ({"base": {"preset": "auto"}}, "base: .* received preset auto, .* the options that `plan` chooses"),
        ({"base": {"preset": "matte"}}, "base: expected trainings of masks, received mattes"),
        ({"factors": {"target": ["alpha"]}}, "levels.alpha: expected trainings of masks, received mattes"),
        ({"factors": {"optimizer": ["adm"]}}, "factors.optimizer.levels.adm: `optimizer`: expected one of"),
        ({"factors": {"optimizer": {"levels": []}}}, "factors.optimizer: expected levels"),
        ({"design": "latin"}, "design: expected one of one at a time, grid, paired, received 'latin'"),
        ({"seeds": [0, 0]}, "seeds: expected a list of different whole numbers"),
        ({"folds": 1}, "folds: expected 0 or a whole number from 2, received 1"),
        ({"factors": {"f": {"levels": {"a": {"model": "@b"}}}}}, "f=a: expected a variant, base, f=a"),
        (
            {"factors": {"f": {"levels": {"a": {"model": "@f=b"}, "b": {"model": "@f=a"}}}}},
            "received a circle",
        ),
        ({"factors": {"epochs": {"levels": [1], "claims": {"2": "x"}}}}, "expected some of 1, received '2'"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(tables, message):
    with pytest.raises(ConfigError, match=message):
        experiment_of(tables, "drawn")


def test_a_file_that_is_no_experiment_is_refused_in_one_line(tmp_path):
    file = tmp_path / "broken.toml"
    file.write_text("[base\n")

    with pytest.raises(ConfigError, match=r"broken.toml: expected an experiment in TOML"):
        read_experiment(str(file))
    with pytest.raises(ConfigError, match="or one of capstone, carvana"):
        read_experiment("caspstone")


@pytest.mark.parametrize("name", shipped_experiments())
@pytest.mark.parametrize("quick", [False, True])
def test_the_experiments_of_the_program_have_repeats_enough(name, quick):
    found = read_experiment(name, quick=quick)

    assert len(found.repeats) >= 3
    assert found.about
    assert len({variant.name for variant in found.variants}) == len(found.variants)
