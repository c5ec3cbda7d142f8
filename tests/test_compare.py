"""The comparison of models: its statistics, what it refuses, and the command from end to end."""

import json
import shutil
import warnings
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from scipy import stats
from support.program import DRAWN, make, run, run_alone

from segmentation.bundle.bundle import ModelBundle, load_bundle
from segmentation.core.errors import BundleError, ConfigError, DataError
from segmentation.core.samples import Sample
from segmentation.core.size import Size
from segmentation.datasets.discover import Dataset
from segmentation.datasets.exclusion import exclusion_table, read_exclusion
from segmentation.datasets.ground_truth import MaskFile
from segmentation.datasets.selection import select_samples
from segmentation.evaluation.candidates import CpuTimed, Facts, facts_of, trusted_by_all, unseen_by_all
from segmentation.evaluation.compare import Candidate, compare, largest_changes
from segmentation.evaluation.history import last_quarter, read_history
from segmentation.evaluation.image_row import ImageRow
from segmentation.evaluation.set_figures import Evaluation
from segmentation.inference.ensemble import distinct_names
from segmentation.inference.score_settings import EngineName, ScoreSettings
from segmentation.metrics import intervals
from segmentation.metrics.faults import Fault
from segmentation.metrics.intervals import mean_interval, paired_difference, share_interval
from segmentation.preprocessing.preprocessing import Preprocessing
from segmentation.reports import compare_columns, compare_report, compare_tables, plots
from segmentation.reports.compare_markdown import markdown

KERAS, OPENVINO = (ScoreSettings((EngineName(name, "f32"),)) for name in ("keras", "openvino"))
NASTY = "<img src=x onerror=alert(1)>[red]&"


measures = st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=2, max_size=12)
pairs = st.integers(2, 12).flatmap(
    lambda photos: st.tuples(
        *(st.lists(st.integers(0, 20).map(lambda n: n / 20), min_size=photos, max_size=photos),) * 2
    )
)


# the statistics


def test_an_interval_is_that_of_the_textbook():
    """Efron 1987 in a few lines: resampled means, their share below the mean, and the jackknife's skew."""
    values = np.random.default_rng(1).beta(20, 1, 30)
    random = np.random.default_rng(2)
    means = np.array([random.choice(values, 30).mean() for _ in range(20_000)])
    bias = stats.norm.ppf((means < values.mean()).mean())
    left_out = np.array([np.delete(values, place).mean() for place in range(30)])
    skew = left_out.mean() - left_out
    acceleration = (skew**3).sum() / (6 * (skew**2).sum() ** 1.5)
    z = bias + stats.norm.ppf([0.025, 0.975])
    expected = np.quantile(means, stats.norm.cdf(bias + z / (1 - acceleration * z)))

    interval = mean_interval(values)
    assert interval.mean == pytest.approx(values.mean())
    assert (interval.low, interval.high) == pytest.approx(tuple(expected), abs=0.002)


def test_intervals_of_skewed_figures_hold_the_true_mean_about_as_often_as_they_say(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 500)
    random = np.random.default_rng(0)
    found = [mean_interval(random.beta(20, 1, 40)) for _ in range(150)]
    held = np.mean([interval.low <= 20 / 21 <= interval.high for interval in found])

    assert 0.88 <= held <= 0.99


def test_an_interval_repeats_and_leaves_the_global_random_numbers_alone():
    values = np.random.default_rng(3).random(20)
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not change

    assert mean_interval(values) == mean_interval(values)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(("photos", "each"), [(28, 1), (104, 1), (60, 3), (12, 12)])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_all_or_of_none_is_as_certain_as_the_exact_test_of_a_share_allows(photos, each, share):
    garments = [str(number // each) for number in range(photos)]
    count = photos // each if each < photos else photos  # of one garment, each photo stands for itself
    exact = stats.binomtest(round(share * count), count).proportion_ci(0.95, method="exact")

    found = share_interval(np.full(photos, share), garments)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    assert share_interval(np.array([0.0, 1.0] * 9)) == mean_interval(np.array([0.0, 1.0] * 9))
    assert compare_columns.interval_text("dice", mean_interval(np.full(photos, 0.9))) == compare_columns.DASH


def test_a_comparison_needs_two_photos():
    with pytest.raises(DataError, match="at least 2 photos, received 1"):
        mean_interval(np.array([0.9]))
    with pytest.raises(ValueError, match="received 3 and 2"):
        paired_difference([0.1, 0.2, 0.3], [0.1, 0.2])


def test_the_test_is_wilcoxons_by_every_choice_of_signs():
    values = np.array([0.91, 0.95, 0.97, 0.80, 0.99, 0.93, 0.50])
    baseline = np.array([0.90, 0.93, 0.94, 0.84, 0.94, 0.93, 0.44])
    differences = (values - baseline)[values != baseline]
    ranks = stats.rankdata(np.abs(differences))
    sums = np.array([ranks @ signs for signs in product((0, 1), repeat=len(ranks))])
    observed = ranks @ (differences > 0)
    expected = min(1, 2 * min((sums >= observed).mean(), (sums <= observed).mean()))

    found = paired_difference(values, baseline)
    assert found.p_value == pytest.approx(expected)
    assert (found.better, found.worse, found.equal) == (5, 1, 1)
    assert found.interval.mean == pytest.approx((values - baseline).mean())


def test_a_clear_gain_is_told_from_chance_and_noise_is_not():
    random = np.random.default_rng(5)
    baseline = random.uniform(0.8, 0.95, 40)
    better = paired_difference(baseline + 0.01 + random.normal(0, 0.005, 40), baseline)
    noise = paired_difference(baseline + random.normal(0, 0.01, 40), baseline)

    assert better.interval.low > 0
    assert better.p_value < 0.001
    assert noise.interval.low < 0 < noise.interval.high
    assert noise.p_value > 0.05


def test_a_difference_that_is_the_same_for_all_photos_but_for_rounding_has_no_width():
    baseline = np.arange(1, 9) / 10
    interval = paired_difference(baseline + 0.1, baseline).interval

    assert np.ptp(baseline + 0.1 - baseline) > 0
    assert interval.low == interval.high == interval.mean == pytest.approx(0.1)


@given(values=measures)
def test_a_model_does_not_differ_from_itself(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        difference = paired_difference(values, values)

    assert difference.interval == intervals.Interval(0, 0, 0)
    assert difference.p_value == 1
    assert (difference.better, difference.worse, difference.equal) == (0, 0, len(values))
    assert largest_changes([str(n) for n in range(len(values))], values, values) == ((), ())


@settings(max_examples=40)
@given(pair=pairs)
def test_swapping_two_models_negates_their_difference(pair):
    one, other = pair
    forth, back = paired_difference(one, other), paired_difference(other, one)

    assert forth.interval.mean == -back.interval.mean
    assert forth.interval.low == pytest.approx(-back.interval.high, abs=1e-9)
    assert forth.interval.high == pytest.approx(-back.interval.low, abs=1e-9)
    assert forth.p_value == pytest.approx(back.p_value)
    assert (forth.better, forth.worse, forth.equal) == (back.worse, back.better, back.equal)


@settings(max_examples=40)
@given(pair=pairs)
def test_an_interval_holds_its_mean_and_lies_within_the_values(pair):
    for values in pair:
        interval = mean_interval(values)
        assert min(values) - 1e-12 <= interval.low <= interval.mean + 1e-12
        assert interval.mean - 1e-12 <= interval.high <= max(values) + 1e-12
    difference = paired_difference(*pair)
    assert 0 < difference.p_value <= 1
    assert difference.better + difference.worse + difference.equal == len(pair[0])


@given(pair=pairs)
def test_changes_are_sorted_and_have_their_sign(pair):
    values, baseline = pair
    photos = [f"photo {n}" for n in range(len(values))]
    gains, losses = largest_changes(photos, values, baseline)

    sizes = [change.difference for change in gains], [-change.difference for change in losses]
    for side in sizes:
        assert side == sorted(side, reverse=True)
        assert all(size > 0 for size in side)
        assert len(side) <= 10
    for change in (*gains, *losses):
        place = photos.index(change.id)
        assert (change.baseline, change.model) == (baseline[place], values[place])


# what is compared


def a_row(name, dice):
    return ImageRow(name, "Front", dice, dice / (2 - dice), 1.0, dice / 2, dice / 2, dice / 3, 0.1, 0.1, 0.01)


def a_candidate(name, dice, **facts):
    rows = tuple(a_row(f"photo {n}", value) for n, value in enumerate(dice))
    known = Facts(
        path=f"models/{name}", architecture="simple", input_size="64x96", threshold=0.5,
        computed_by="openvino f32", decided={"engine": "openvino"}, megabytes=1.0, cpu_seconds=0.1,
        chosen_on=0, parameters=100, gflop=0.1, epochs=2, best_epoch=1,
    )  # fmt: skip
    return Candidate(name, replace(known, **facts), Evaluation(rows, 0.5, 2.0, search=None))


def a_dataset(*ids):
    samples = tuple(
        Sample(name, Path(name), MaskFile(Path(name)), name.split("_")[0], "Front") for name in ids
    )
    return Dataset(Path("set"), samples, (), None, len(ids), len(ids))


def a_bundle(path, train=(), val=()):
    return ModelBundle(
        Path(path), None, Preprocessing(Size(64, 48)), split={"train": [*train], "val": [*val]}
    )


def test_a_comparison_holds_every_model_against_the_first():
    dice = {"old": [0.8, 0.9, 0.7], "new": [0.9, 0.9, 0.6], "newer": [0.95, 0.95, 0.8]}
    found = compare([a_candidate(*item) for item in dice.items()], 2, {"paper": 0.99})

    assert found.baseline == "old"
    assert [model.name for model in found.models] == ["old", "new", "newer"]
    assert [pair.model for pair in found.pairs] == ["new", "newer"]
    assert found.worst_first == [2, 0, 1]
    assert found.models[1].means["dice"].mean == pytest.approx(0.8)
    assert (found.models[1].dice_median, found.models[1].dice_min) == (0.9, 0.6)
    assert found.models[1].means["boundary_f1"].mean == pytest.approx(0.4)
    assert [(change.id, change.baseline) for change in found.pairs[0].losses] == [("photo 2", 0.7)]
    assert (found.garments, found.references) == (2, {"paper": 0.99})


def with_faults(candidate, counts):
    """The candidate with so many faults on its photos."""
    fault = Fault(10, 10, 20, 10, 200, "missed", 0.01)
    rows = tuple(
        replace(row, faults=(fault,) * count)
        for row, count in zip(candidate.evaluation.rows, counts, strict=True)
    )
    return replace(candidate, evaluation=replace(candidate.evaluation, rows=rows))


def test_models_differ_by_clean_photos_and_by_faults_of_which_fewer_are_better():
    old = with_faults(a_candidate("old", [0.8, 0.9, 0.7]), [2, 0, 5])
    new = with_faults(a_candidate("new", [0.8, 0.9, 0.7]), [0, 0, 6])
    found = compare([old, new], 3)
    (pair,) = found.pairs
    clean, faults = pair.differences["clean"], pair.differences["fault_count"]

    assert [model.means["clean"].mean for model in found.models] == pytest.approx([1 / 3, 2 / 3])
    assert (clean.better, clean.worse, clean.equal) == (1, 0, 2)
    assert faults.interval.mean == pytest.approx(-1 / 3)
    assert (faults.better, faults.worse, faults.equal) == (1, 1, 1)
    assert "| 1 of 3 | 0.33 | 2.33 | 0.67% | 1.00% |" in markdown(found)
    text = " ".join(Outline(rendered(found, {}, {})).text.split())
    assert "2 of 3" in text
    assert "at least 5 px thick, more than 100 px" in text


def test_models_on_different_photos_are_not_compared():
    with pytest.raises(ValueError, match="new"):
        compare([a_candidate("old", [0.8, 0.9]), a_candidate("new", [0.8, 0.9, 0.7])], 2)


def test_names_that_occur_twice_are_told_apart_by_their_folders(tmp_path):
    paths = ["a/models/shoes", "b/models/shoes", "a/other/shoes", "a/models/hats"]
    bundles = [a_bundle(tmp_path / path) for path in paths]

    assert distinct_names(bundles) == ["a/models/shoes", "b/models/shoes", "other/shoes", "hats"]


def test_one_model_by_two_paths_is_refused(tmp_path):
    (tmp_path / "models" / "shoes").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "models" / "shoes")
    for path in (tmp_path / "models" / "shoes", tmp_path / "link"):
        with pytest.raises(ConfigError, match="twice; name it once"):
            distinct_names([a_bundle(tmp_path / "models" / "shoes"), a_bundle(path)])


def test_photos_are_held_out_by_the_first_and_no_garment_was_learned_by_the_others():
    dataset = a_dataset("1_Front", "2_Front", "2_Back", "3_Front", "4_Front")
    first = a_bundle("first", train=["1_Front"], val=["2_Front", "2_Back", "3_Front"])
    second = a_bundle("second", train=["2_Back", "elsewhere"])

    chosen = unseen_by_all({"first": first, "second": second}, dataset)
    assert [sample.id for sample in chosen] == ["3_Front"]


def test_what_the_first_of_two_passes_learned_is_learned():
    dataset = a_dataset("1_Front", "2_Front")
    double = replace(
        a_bundle("double", val=["1_Front", "2_Front"]), first=a_bundle("first", train=["2_Front"])
    )

    chosen = unseen_by_all({"double": double, "other": a_bundle("other")}, dataset)
    assert [sample.id for sample in chosen] == ["1_Front"]
    stranger = replace(double, split={"train": ["3_Front"]})
    assert [sample.id for sample in select_samples(stranger, dataset)] == ["1_Front"]


def test_duplicates_of_learned_photos_are_left_out():
    one, other = a_dataset("1_Front", "2_Front").samples
    dataset = replace(a_dataset("3_Front"), samples=(one, replace(other, group="1")))

    with pytest.raises(DataError, match="second was trained on the last 1 of 2"):
        unseen_by_all(
            {"first": a_bundle("a", val=["2_Front"]), "second": a_bundle("b", train=["1_Front"])}, dataset
        )


def test_pairs_that_a_training_excluded_judge_no_model():
    photos = a_dataset("1_Front", "2_Front", "3_Front", "4_Front")
    first = a_bundle("first", train=["1_Front"], val=["2_Front", "3_Front", "4_Front"])
    clean = a_bundle("clean", train=["1_Front"], val=["3_Front", "4_Front"])
    clean.provenance["excluded"] = ["2_Front"]
    bundles = {"first": first, "clean": clean}

    judges = trusted_by_all(unseen_by_all(bundles, photos), bundles.values(), photos)
    assert [sample.id for sample in judges] == ["3_Front", "4_Front"]
    elsewhere = a_dataset("2_Front", "5_Front")  # another shoot, of the same names
    assert trusted_by_all(elsewhere.samples, [clean], elsewhere) == elsewhere.samples
    with pytest.raises(DataError, match="told to leave out, found none among 1"):
        trusted_by_all(photos.samples[1:2], bundles.values(), photos)


def test_pairs_that_the_program_keeps_apart_judge_the_shipped_model_and_every_other():
    default = load_bundle(Path(__file__).parent.parent / "models" / "default")
    kept = [pair.id for pair in read_exclusion(exclusion_table(Path("held-out")))]
    learned = default.split["train"][0]  # by its name: the photo itself is not here
    default = replace(default, split={"train": [learned]}, contents={}, first=None)
    assert set(kept) <= set(default.provenance["excluded"])

    photos = a_dataset(learned, *kept)
    photos = replace(photos, samples=tuple(replace(one, group=one.id) for one in photos.samples))
    bundles = {"default": default, "mine": a_bundle("mine", train=["1_Front"])}
    judges = trusted_by_all(unseen_by_all(bundles, photos), bundles.values(), photos)
    assert [sample.id for sample in judges] == kept


@pytest.mark.parametrize("culprit", ["first", "second"])
def test_no_photos_left_names_the_model_that_learned_them(culprit):
    bundles = {
        name: a_bundle(name, train=["1_Front", "2_Front"] * (name == culprit)) for name in ("first", "second")
    }

    with pytest.raises(DataError, match=f"{culprit} was trained on the last 2 of 2; give other `data`"):
        unseen_by_all(bundles, a_dataset("1_Front", "2_Front"))


def test_seconds_are_of_the_processor_and_without_the_first_call():
    calls = []

    def score(photo):
        calls.append(photo)
        return photo * 2

    timed = CpuTimed(score)
    assert [timed(number) for number in (1, 2, 3)] == [2, 4, 6]
    assert calls == [1, 1, 2, 3]
    assert 0 <= timed.median_seconds < 1


# the report


class Outline(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.sources, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def comparison():
    dice = {"old": [0.8, 0.9, 0.7], "new": [0.9, 0.9, 0.6], NASTY: [0.8, 1.0, 0.0]}
    unknown = {"parameters": None, "gflop": None, "epochs": None, "best_epoch": None, "chosen_on": 3}
    unknown["computed_by"] = "keras f32"
    candidates = [
        a_candidate(name, values, **(unknown if name == NASTY else {})) for name, values in dice.items()
    ]
    return compare(candidates, 2, {"paper <b>": 0.99})


def rendered(comparison, histories, about):
    figures = compare_report.draw_charts(comparison, histories)
    return compare_report.render(comparison, histories, about, figures)


def test_the_report_needs_nothing_beside_it_and_names_are_text(comparison):
    histories = {"old": {"dice": [0.5, 0.9], "val_dice": [0.4, float("nan")]}, NASTY: {}}
    outline = Outline(rendered(comparison, histories, {"judged on": NASTY}))

    assert outline.tags.count("img") == 4
    assert all(source.startswith("data:image/svg+xml;base64,") for source in outline.sources)
    assert "script" not in outline.tags
    assert NASTY in outline.text
    assert "paper <b>" in outline.text
    assert f"Not recorded: new, {NASTY}" in outline.text


def test_a_report_speaks_of_settings_in_words_and_names_every_column(comparison):
    decided = ScoreSettings(OPENVINO.engines * 2, tta="flip", islands_px=900, holes_px=0).plain()
    model = comparison.models[0]
    first = replace(model, facts=replace(model.facts, decided=decided))
    page = rendered(replace(comparison, models=(first, *comparison.models[1:])), {}, {})

    assert "scored by openvino f32, averaged over flip, islands removed smaller than 900 pixels" in page
    assert not any(key in page for key in ("islands_px", "holes_px", "f32, f32"))
    assert "></th>" not in page


def test_a_report_without_any_history_has_no_learning_curves(comparison):
    assert Outline(rendered(comparison, {}, {})).tags.count("img") == 3


def test_the_tables_show_all_figures_and_what_to_be_careful_with(comparison):
    console = Console(markup=False, width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    compare_tables.print_comparison(comparison, console)
    text = console.export_text()

    for words in ("0.8000", "paper <b>, published", "keras f32", "1/1/1", "+0.1000", "-0.7000", NASTY):
        assert words in text
    cautions = [line for line in text.splitlines() if line.startswith("note: ")]
    assert len(cautions) == 5
    for words in ("3 of 3", "3 photos are few", "2 in all", "not corrected", "different engines"):
        assert any(words in line for line in cautions)


def test_a_fair_comparison_of_two_needs_no_caution():
    found = compare([a_candidate("old", [0.8, 0.9] * 10), a_candidate("new", [0.9, 0.9] * 10)], 20)
    assert compare_report.cautions(found) == []


def test_figures_are_written_with_their_signs_and_none_for_nothing():
    assert [compare_columns.signed_text(value) for value in (0.01, -0.01, -0.00001, 0)] == [
        "+0.0100", "-0.0100", "0.0000", "0.0000",
    ]  # fmt: skip
    assert [compare_columns.probability_text(value) for value in (1, 0.0312, 0.0001)] == [
        "1.000",
        "0.031",
        "<0.001",
    ]
    assert compare_columns.figure_text(None, ".1f") == compare_columns.DASH


def test_charts_are_the_same_each_time_and_take_perfect_and_empty_masks():
    def draw():
        dice = {"one": [0.0, 1.0], "_$x": [1.0, 1.0], "three": [0.5, 0.5]}
        found = compare([a_candidate(*item) for item in dice.items()], 2, {"a $ b $": 1.0, "worse": 0.0})
        histories = {"one": {"val_dice": [float("-inf"), float("nan"), 7], "val_loss": [float("nan")] * 3}}
        return [plots.as_svg(one) for one in compare_report.draw_charts(found, histories).values() if one]

    drawn = draw()
    assert drawn == draw()
    assert len(drawn) == 4


def test_every_measure_of_a_training_has_a_chart_of_its_own_with_thick_and_thin_curves(comparison):
    history = {
        name: [0.1, 0.5, 0.6] for name in ("loss", "val_loss", "accuracy", "val_accuracy", "dice", "val_dice")
    }
    figure = compare_report.draw_charts(comparison, {"old": history, "new": history})["learning"]

    assert [axes.get_title() for axes in figure.axes] == ["Loss", "Pixel accuracy", "Dice"]
    for axes in figure.axes:
        curves = [line for line in axes.lines if len(line.get_xdata())]
        assert len(curves) == 4
        assert len({line.get_linewidth() for line in curves}) == 2
        assert len({line.get_color() for line in curves}) == 2


@pytest.mark.parametrize("length", [5, 30, 300])
def test_no_label_is_cut_off_and_no_legend_lies_over_a_curve(length):
    names = [f"{number}{'-model' * (length // 5)}"[:length] for number in range(9)]
    dice = [[0.9, 0.8 + number / 100] for number in range(9)]
    found = compare([a_candidate(*item) for item in zip(names, dice, strict=True)], 2, {"published": 0.85})
    histories = {name: {"val_dice": [0.5, 0.8], "val_loss": [1.0, 0.5]} for name in names}
    for figure in compare_report.draw_charts(found, histories).values():
        if not figure:
            continue
        figure.draw_without_rendering()
        drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert min(drawn.x0, drawn.y0) >= 0
        assert drawn.x1 <= width
        assert drawn.y1 <= height
        for legend in figure.legends:
            under = legend.get_window_extent()
            assert not any(axes.bbox.overlaps(under) for axes in figure.axes)


def test_every_model_has_a_look_of_its_own_and_is_named():
    names = [f"model {number}" for number in range(9)]
    found = compare([a_candidate(name, [0.9, 0.8]) for name in names], 2)
    figure = compare_report.draw_charts(found, {})["trade-off"]
    named = figure.legends[0].get_lines()

    assert [line.get_label().split(" (")[0] for line in named] == names
    assert len({(line.get_color(), line.get_marker()) for line in named}) == len(names)


def test_the_area_of_a_marker_stands_for_the_parameters():
    found = compare(
        [a_candidate("large", [0.9, 0.8], parameters=4e6), a_candidate("small", [0.9, 0.9], parameters=1e6)],
        2,
    )
    large, small = compare_report.draw_charts(found, {})["trade-off"].axes[0].collections
    assert large.get_sizes()[0] == pytest.approx(4 * small.get_sizes()[0])


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=30))
def test_what_the_last_quarter_of_the_epochs_added_is_told_of_any_history(values):
    found = last_quarter({"val_dice": values}, "val_dice")
    quarter = int(np.ceil(len(values) / 4))
    before = [value for value in values[: len(values) - quarter] if value == value]
    after = [value for value in values[len(values) - quarter :] if value == value]

    if not before:
        assert found is None
    else:
        assert found.rise == max(0.0, max(after, default=0.0) - max(before))
        assert found.flattened == (found.rise <= 0.005)
    assert last_quarter({"dice": values}, "val_dice") is None


def test_a_curve_that_still_rises_is_marked_in_the_tables_and_cautioned_against():
    rising = [n / 20 for n in range(1, 9)]
    flat = [0.1, 0.7, 0.8, 0.8, 0.8, 0.8, 0.803, 0.7]
    candidates = [
        replace(a_candidate(name, [0.8, 0.9]), history={"val_dice": values})
        for name, values in {"rising": rising, "flat": flat, "short": [0.9], "none": []}.items()
    ]
    found = compare(candidates, 2)

    cells = [compare_columns.flattened_text(model.last_quarter) for model in found.models]
    assert cells == ["no, +0.1000", "yes, +0.0030", compare_columns.DASH, compare_columns.DASH]
    for cell in cells:
        assert f"| {cell} |" in markdown(found)
    (caution,) = [line for line in compare_report.cautions(found) if "Still improving" in line]
    assert "ended: rising;" in caution


def test_a_curve_that_flattened_as_the_rate_fell_is_cautioned_against():
    flat, fixed = [0.7] * 8, [1e-3] * 8
    falling = [1e-3] * 6 + [5e-4, 1e-5]
    histories = {
        "flat": {"val_dice": flat, "learning_rate": fixed},
        "slowed": {"val_dice": flat, "learning_rate": falling},
        "rising": {"val_dice": [n / 10 for n in range(8)], "learning_rate": falling},
    }
    found = compare([replace(a_candidate(n, [0.8, 0.9]), history=h) for n, h in histories.items()], 2)

    (caution,) = [line for line in compare_report.cautions(found) if "rate fell" in line]
    assert "any curve does: slowed;" in caution


def test_the_markdown_table_has_a_row_a_model_whatever_it_is_called(comparison):
    heading, rule, *rows = markdown(comparison).splitlines()

    assert heading.count("|") == rule.count("|") == 21
    assert len(rows) == 4
    assert rows[0].startswith("| old | simple | 64x96 | 100 | 0.10 | 1.0 | 0.100 | 2 | 1 |")
    assert rows[2].startswith(r"| \<img src=x onerror=alert(1)\>\[red\]\& | simple |")
    assert rows[3].startswith(r"| paper \<b\> (published) |")
    assert "| 0.9900 |" in rows[3]


def test_seconds_of_training_are_shown_where_a_model_records_them():
    plain = [a_candidate(name, [0.8, 0.9]) for name in ("one", "two")]
    assert "training time" not in markdown(compare(plain, 2))
    told = replace(plain[0], facts=replace(plain[0].facts, training_seconds=5400.0))
    assert "| 5,400 |" in markdown(compare([told, plain[1]], 2))


# the command


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a drawn set in data/set and two models that were trained on it."""
    home = tmp_path_factory.mktemp("home")
    data = home / "data" / "set"
    make("synth", "--output", data, "--count", 8, *DRAWN, "--seed", 3)
    small = ("--architecture", "simple", "--levels", 1, "--input-size", "64x96", "--batch-size", 4)
    for name, filters, epochs in (("one", 8, 2), ("two", 4, 1)):
        make(
            "train", "--home", home, "--data", data, "--name", name, *small, "--filters", filters,
            "--epochs", epochs,
        )  # fmt: skip
    return home


def test_compare_writes_figures_that_agree_with_eval(home):
    run("eval", "--home", home, "--model", "two")
    shown = run_alone("compare", "--home", home, "one", "two", "--reference", "paper=0.99")
    assert shown.stderr == ""
    folder = home / "results" / "compare" / "one-two"
    assert {path.name for path in folder.iterdir()} == {
        "comparison.json",
        "report.html",
        "table.md",
        "charts",
    }
    assert {path.name for path in (folder / "charts").iterdir()} == {
        f"{name}.png" for name in ("photos", "differences", "learning", "trade-off", "gallery")
    }

    figures = json.loads((folder / "comparison.json").read_text())
    evaluated = json.loads((home / "results" / "two" / "eval" / "metrics.json").read_text())
    one, two = figures["models"]
    assert (one["name"], two["name"], figures["baseline"]) == ("one", "two", "one")
    for name in ("dice", "iou", "boundary_f1"):
        assert two["means"][name]["mean"] == pytest.approx(evaluated[f"{name}_mean"])
    assert (two["dice_median"], two["dice_min"]) == (evaluated["dice_median"], evaluated["dice_min"])
    assert two["facts"]["threshold"] == evaluated["threshold"]
    held_out = json.loads((home / "models" / "one" / "bundle.json").read_text())["split"]["val"]
    assert sorted(figures["photos"]) == sorted(held_out)
    assert one["facts"]["chosen_on"] == len(held_out)
    assert one["facts"]["parameters"] > two["facts"]["parameters"] > 0
    assert (one["facts"]["epochs"], two["facts"]["epochs"]) == (2, 1)
    read = ("bundle.json", "model.xml", "model.bin")
    size = sum((home / "models" / "one" / name).stat().st_size for name in read)
    assert one["facts"]["megabytes"] == pytest.approx(size / 1e6)
    assert figures["references"] == {"paper": 0.99}
    differences = np.subtract(two["by_photo"]["dice"], one["by_photo"]["dice"])
    (pair,) = figures["pairs"]
    assert pair["differences"]["dice"]["interval"]["mean"] == pytest.approx(differences.mean())
    assert pair["differences"]["dice"]["better"] == np.count_nonzero(differences > 0)

    report = Outline((folder / "report.html").read_text())
    shown = min(6, len(held_out)) * len(("photo", "ground truth", "one", "two"))
    assert report.tags.count("img") == 4 + shown
    assert all(source.startswith("data:") for source in report.sources)
    for words in (*held_out, f"{two['means']['dice']['mean']:.4f}", "paper"):
        assert words in report.text
    assert one["last_quarter"]["measure"] == "val_dice"
    assert two["last_quarter"] is None


def test_a_copy_of_a_model_is_told_apart_and_shows_no_difference(home, tmp_path):
    shutil.copytree(home / "models" / "one", tmp_path / "one")
    (tmp_path / "one" / "history.csv").unlink()
    none = ("--report-images", 0)
    run("compare", "--home", home, "one", tmp_path / "one", "--threshold", 0.5, "--tta", "flip", *none)
    folder = home / "results" / "compare" / f"models-one-{tmp_path.name}-one"
    figures = json.loads((folder / "comparison.json").read_text())

    assert [model["name"] for model in figures["models"]] == ["models/one", f"{tmp_path.name}/one"]
    assert [model["facts"]["threshold"] for model in figures["models"]] == [0.5, 0.5]
    assert figures["pairs"][0]["differences"]["dice"]["p_value"] == 1
    assert figures["pairs"][0]["differences"]["dice"]["equal"] == len(figures["photos"])
    assert figures["pairs"][0]["gains"] == figures["pairs"][0]["losses"] == []
    assert f"Not recorded: {tmp_path.name}/one" in (folder / "report.html").read_text()


def test_compare_refuses_photos_that_one_of_the_models_learned_from(home, tmp_path):
    learned = load_bundle(home / "models" / "two").split["train"]
    for folder, suffix in (("images", ".jpg"), ("cutouts", ".png")):
        (tmp_path / "pairs" / folder).mkdir(parents=True)
        for name in learned[:3]:
            shutil.copy(home / "data" / "set" / folder / (name + suffix), tmp_path / "pairs" / folder)
    shutil.copytree(home / "models" / "one", tmp_path / "fresh")
    description = json.loads((tmp_path / "fresh" / "bundle.json").read_text())
    description["split"] = {}
    (tmp_path / "fresh" / "bundle.json").write_text(json.dumps(description))
    refused = run(
        "compare", "--home", home, tmp_path / "fresh", "two", "--data", tmp_path / "pairs", check=2
    )  # fmt: skip

    assert "two was trained on the last 3 of 3" in refused.stderr
    assert not (home / "results" / "compare" / "fresh-two").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("one",), ("two or more", "one alone")),
        (("one", "one"), ("different models", "one twice")),
        (("one", "three"), ("three", "one, two")),
        (("one", "two", "--data", "nowhere"), ("nowhere",)),
        (("one", "two", "--reference", "0.99"), ("NAME=VALUE", "0.99")),
        (("one", "two", "--reference", "paper=99"), ("0 to 1", "paper=99")),
        (("one", "two", "--reference", "two=0.9"), ("a name that nothing else has", "two")),
        (("one", "two", "--reference", "a=0.9", "--reference", "a=0.8"), ("'a' twice",)),
        (("one", "two", "--threshold", "2"), ("between 0 and 1", "2")),
        (("one", "two", "--report-images", "-1"), ("--report-images", "from 0 to 100", "-1")),
        (("one", "two", "--double-pass"), ("two passes", "one")),
        (("one", "two", "--output", ""), ("--output", "empty")),
    ],
)
def test_a_mistake_gets_one_clear_line(home, arguments, words):
    done = run("compare", "--home", home, *arguments, check=2)
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line


def test_a_damaged_history_is_named_before_anything_is_scored(home, tmp_path):
    shutil.copytree(home / "models" / "two", tmp_path / "copy")
    (tmp_path / "copy" / "history.csv").write_text("epoch,dice\n1,high\n")
    with pytest.raises(BundleError, match=r"history\.csv.*remove it"):
        read_history(load_bundle(tmp_path / "copy"))
    (tmp_path / "copy" / "history.csv").write_text("epoch,dice,val_dice\n")
    assert read_history(load_bundle(tmp_path / "copy")) == {}


@pytest.mark.parametrize("recorded", [None, "large", {"parameters": "many", "gflop": True}, {"gflop": -1}])
def test_what_a_bundle_does_not_say_about_its_cost_is_left_out(home, recorded):
    bundle = load_bundle(home / "models" / "one")
    bundle = replace(bundle, provenance={"cost": recorded, "epochs": [1], "best_epoch": 10**400})
    facts = facts_of(bundle, [], 0.5, KERAS, 0.1)

    assert (facts.parameters, facts.gflop, facts.epochs, facts.best_epoch) == (None,) * 4
    read = (bundle.path / "bundle.json", bundle.weights)
    assert facts.megabytes == pytest.approx(sum(file.stat().st_size for file in read) / 1e6)


def test_a_double_pass_costs_what_both_passes_cost(home):
    one, two = (load_bundle(home / "models" / name) for name in ("one", "two"))
    sample = Sample(one.split["val"][0], Path("x"))
    single = [facts_of(bundle, [sample], 0.5, OPENVINO, 0.1) for bundle in (one, two)]
    twice = ScoreSettings(OPENVINO.engines * 2)
    double = facts_of(replace(two, first=one), [sample], 0.5, twice, 0.1)

    for name in ("parameters", "gflop", "megabytes"):
        assert getattr(double, name) == pytest.approx(sum(getattr(facts, name) for facts in single))
    assert double.chosen_on == 1
    assert (double.architecture, double.input_size) == ("simple + simple", "64x96 + 64x96")
    assert double.computed_by == "OpenVINO in float32"
    assert double.decided["engine"] == "openvino, openvino"
    mixed = ScoreSettings((EngineName("openvino", "bf16"), EngineName("keras", "f32")))
    assert mixed.computed_by == "OpenVINO in bfloat16, Keras in float32"


def test_help_names_the_default_of_every_option():
    for block in run("compare", "--help").stdout.split("\n  --")[1:]:
        words = " ".join(block.split())
        assert words.startswith("help") or "(default:" in words, words
