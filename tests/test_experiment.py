"""Experiments: variants of a model on the same photos, and which of their differences could be chance."""

import csv
import json
import shutil
import signal
from dataclasses import replace

import pytest
from support.bundles import write_bundle
from support.drawing import draw_set
from support.program import killed_at, make, signalled

from segmentation.bundle.bundle import load_bundle
from segmentation.bundle.saving import save_description
from segmentation.config.experiment import Repeat
from segmentation.config.experiment_file import experiment_of, shipped_experiments
from segmentation.config.jobs.experiment import ExperimentOptions
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.workspace import Workspace
from segmentation.evaluation.experiment_figures import CellFigures, PhotoFigures
from segmentation.jobs.context import Context
from segmentation.jobs.experiment import CellEnded, experiment, planned
from segmentation.jobs.experiment_cells import Place, Run, cells_of
from segmentation.jobs.experiment_halving import worse_half
from segmentation.jobs.experiment_records import read_record, write_outliers, write_record
from segmentation.jobs.experiment_runs import run_cells
from segmentation.jobs.pairs import find_dataset

BASE = {
    "architecture": "simple",
    "filters": 4,
    "levels": 2,
    "input_size": "32x48",
    "batch_size": 4,
    "epochs": 2,
}
TINY = """
about = "Two optimizers and a size that no network takes."
seeds = [0, 1, 2]

[base]
architecture = "simple"
filters = 4
levels = 2
input_size = "32x48"
batch_size = 4
epochs = 2
patience = 0

[factors]
optimizer = ["sgd"]
input_size = ["33x48"]

[factors.flips.levels.averaged]
tta = "flip"
[factors.flips.claims.averaged]
says = "averaging helps a little"
expected = "better"

[quick]
seeds = [0]
base = { epochs = 1 }
without = ["input_size", "flips"]
"""


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return draw_set(tmp_path_factory.mktemp("data") / "pairs", garments=6)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("experiments") / "tiny.toml"
    path.write_text(TINY)
    return path


def read_table(folder):
    with (folder / "table.csv").open(newline="") as file:
        return {row["variant"]: row for row in csv.DictReader(file)}


def without_seconds(folder):
    return {name: {**row, "seconds": ""} for name, row in read_table(folder).items()}


def run_experiment(file, pairs, home, **options):
    """Run an experiment as a job; the events that it told."""
    events = []
    chosen = ExperimentOptions.of(experiment=str(file), data=[pairs], **options)
    done = experiment(chosen, Context(Workspace(home), tell=events.append))
    return done, [event for event in events if isinstance(event, CellEnded)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny, pairs):
    home = tmp_path_factory.mktemp("home")
    make("experiment", tiny, "--data", pairs, "--home", home, check=1)  # a variant fails
    return home / "results" / "experiments" / "tiny"


def test_an_experiment_has_a_row_for_each_variant_and_a_page_with_pictures(finished):
    table = read_table(finished)

    assert [*table] == ["base", "optimizer=sgd", "input_size=33x48", "flips=averaged"]
    assert table["base"]["repeats"] == table["optimizer=sgd"]["repeats"] == "3"
    sgd = table["optimizer=sgd"]
    assert float(sgd["low"]) < float(sgd["difference"]) < float(sgd["high"])
    assert float(sgd["difference"]) == pytest.approx(
        float(sgd["dice_mean"]) - float(table["base"]["dice_mean"]), abs=1e-5
    )
    page = (finished / "experiment.html").read_text()
    assert "Two optimizers and a size that no network takes." in page
    assert (finished / "charts" / "differences.png").stat().st_size > 1000
    assert (finished / "charts" / "curves.png").is_file()
    assert "| optimizer=sgd |" in (finished / "table.md").read_text()


def test_a_variant_that_fails_is_a_row_with_its_reason(finished):
    row = read_table(finished)["input_size=33x48"]

    assert row["repeats"] == "0"
    assert row["failed"] == "3"
    assert row["words"].startswith("failed: `input_size`")
    assert "33" in row["words"]


def test_a_claim_stands_beside_its_row_with_what_became_of_it(finished):
    row = read_table(finished)["flips=averaged"]

    assert row["claim"] == "averaging helps a little"
    assert row["verdict"] in ("confirmed", "refuted", "undecided")
    assert "averaging helps a little" in (finished / "experiment.html").read_text()


def test_variants_that_are_judged_in_another_way_share_the_training(finished):
    models = sorted(path.name for path in (finished / "models").iterdir())

    assert [name.rpartition("-")[0] for name in models] == [
        *(f"base-s{seed}" for seed in range(3)),
        *(f"optimizer-sgd-s{seed}" for seed in range(3)),
    ]
    table = read_table(finished)
    assert table["flips=averaged"]["epochs"] == table["base"]["epochs"]
    assert table["flips=averaged"]["by_repeat"] != table["base"]["by_repeat"]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_photos_are_read_and_checked_once_for_all_trainings(tiny, pairs, tmp_path, workers):
    folder = shutil.copytree(pairs, tmp_path / "pairs")
    options = ExperimentOptions.of(experiment=str(tiny), data=[folder], quick=True)
    context = Context(Workspace(tmp_path / "home"))
    _, place, waves = planned(options, context)
    read = {(folder, "garment", False): find_dataset(folder, context)}
    (folder / "duplicates.csv").write_text("no such table")  # whoever reads the folder now refuses it

    runs = [Run(cell) for wave in waves for cell in wave]
    ended = [one for _, one in run_cells(runs, replace(context, workspace=place, datasets=read), workers)]
    assert [one.failure for one in ended] == ["", ""]


def test_the_models_are_those_that_train_makes_and_litter_no_folder_of_models(finished, pairs, tmp_path):
    make("train", "--data", pairs, "--home", tmp_path, "--name", "same", *flags(), "--seed", 1)
    by_hand = load_bundle(tmp_path / "models" / "same")
    (made,) = (finished / "models").glob("base-s1-*")

    figures = [bundle.provenance["val_at_full_resolution"] for bundle in (by_hand, load_bundle(made))]
    assert figures[0] == figures[1]
    assert (made / "history.csv").read_text() == (by_hand.path / "history.csv").read_text()
    assert not (finished.parents[2] / "models").exists()
    assert not list((finished / "logs").rglob("*.weights.h5"))  # checkpoints go once a cell is done
    assert list((finished / "logs").rglob("*tfevents*"))


def flags():
    """The options of the base of TINY, as typed."""
    given = {**BASE, "patience": 0}
    return [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]


@pytest.mark.slow
def test_the_same_command_trains_nothing_twice_and_only_what_was_added(finished, pairs, tmp_path):
    home = shutil.copytree(finished.parents[2], tmp_path / "home")
    more = tmp_path / "tiny.toml"
    more.write_text(TINY.replace('["sgd"]', '["sgd", "adam"]').replace('input_size = ["33x48"]', ""))
    _, events = run_experiment(more, pairs, home)

    assert [str(event.cell) for event in events if not event.again] == [
        f"optimizer=adam (seed {seed})" for seed in range(3)
    ]
    assert len(events) == 12


def test_other_photos_under_a_finished_experiment_are_refused(finished, tiny, tmp_path):
    home = shutil.copytree(finished.parents[2], tmp_path / "home")
    others = draw_set(tmp_path / "others", garments=4)

    with pytest.raises(ConfigError, match="expected the photos that this experiment was begun with"):
        run_experiment(tiny, others, home)

    record = home / "results" / "experiments" / "tiny" / "experiment.json"
    record.write_text("{")
    with pytest.raises(DataError, match="expected the record of an experiment, received a damaged file"):
        run_experiment(tiny, others, home)


def test_photos_in_other_groups_under_a_finished_experiment_are_refused(finished, tiny, pairs, tmp_path):
    home = shutil.copytree(finished.parents[2], tmp_path / "home")
    regrouped = shutil.copytree(pairs, tmp_path / "pairs")
    first, second = [path.name for path in sorted((pairs / "images").iterdir())][1:3]
    (regrouped / "duplicates.csv").write_text(f"image,group\n{first},one\n{second},one\n")

    with pytest.raises(ConfigError, match="expected the photos in the groups and folders that this"):
        run_experiment(tiny, regrouped, home)
    record = home / "results" / "experiments" / "tiny" / "experiment.json"
    before = json.loads(record.read_text())
    del before["sides_fingerprint"]  # as of an earlier version
    record.write_text(json.dumps(before))
    _, events = run_experiment(tiny, regrouped, home)
    assert {event.again for event in events if not event.figures.failure} == {True}


def test_a_variant_that_is_judged_anew_is_judged_on_the_photos_that_every_folder_holds_out(pairs, tmp_path):
    others = draw_set(tmp_path / "others", garments=4, height=72)
    file = tmp_path / "folders.toml"
    chosen = {**BASE, "epochs": 1, "held_out_from": "all", "holdout": 0.3}
    base = "\n".join(f"{name} = {json.dumps(value)}" for name, value in chosen.items())
    file.write_text(f'seeds = [0]\n[base]\n{base}\n[factors.flips.levels.averaged]\ntta = "flip"\n')
    options = ExperimentOptions.of(experiment=str(file), data=[pairs, others])
    done = experiment(options, Context(Workspace(tmp_path / "home")))

    records = [json.loads(path.read_text()) for path in (done.output / "cells").glob("*.json")]
    trained, anew = ({name: one["garment"] for name, one in record["photos"].items()} for record in records)
    assert trained == anew
    assert {name.rpartition("/")[0] for name in trained} == {"", "others"}


def test_cells_are_others_when_the_files_and_models_that_they_are_made_with_change(tmp_path):
    home, table, groups = tmp_path / "home", tmp_path / "audit.csv", tmp_path / "groups.json"
    table.write_text("id,exclude\na,yes\n")
    groups.write_text('{"top": ["shirt"]}')
    write_bundle(home / "models" / "shoes")
    file = tmp_path / "inputs.toml"
    file.write_text(
        "seeds = [0]\n[base]\nepochs = 2\n[factors.inputs.levels]\n"
        f'table = {{ exclude = "{table}" }}\ngroups = {{ classes = "{groups}" }}\n'
        'model = { model = "shoes" }\nfirst = { second_pass = ["shoes"] }\n'
    )

    def names():
        options = ExperimentOptions.of(experiment=str(file), data=[tmp_path / "pairs"])
        _, _, waves = planned(options, Context(Workspace(home)))
        return {cell.variant.name: (cell.name, cell.model) for wave in waves for cell in wave}

    before = names()
    assert names() == before
    table.write_text("id,exclude\na,no\n")
    groups.write_text('{"top": ["coat"]}')
    bundle = load_bundle(home / "models" / "shoes")
    bundle.weights.write_bytes(b"trained again")
    save_description(bundle)
    after = names()

    assert len(before) == 5
    assert {name for name in before if before[name] == after[name]} == {"base"}
    assert not {*before.values()} & {after[name] for name in after if name != "base"}


@pytest.mark.parametrize("name", shipped_experiments())
@pytest.mark.parametrize("quick", [False, True])
def test_no_two_rows_of_a_shipped_experiment_are_the_same(tmp_path, name, quick):
    options = ExperimentOptions.of(experiment=name, data=[tmp_path / "pairs"], quick=quick)
    _, _, waves = planned(options, Context(Workspace(tmp_path)))
    rows = {}
    for cell in (cell for wave in waves for cell in wave):
        made_and_judged = repr((cell.repeat, cell.model, cell.judging, cell.average_with))
        rows.setdefault(made_and_judged, []).append(cell.variant.name)

    assert [names for names in rows.values() if len(names) > 1] == []


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["epoch   1/2", "6 of 12", "flips=averaged (seed 1)"])
def test_an_experiment_that_is_killed_goes_on_to_the_same_table(finished, tiny, pairs, tmp_path, moment):
    process = signalled(
        signal.SIGKILL, f"\n{moment}", "experiment", tiny, "--data", pairs, "--home", tmp_path
    )
    assert process.returncode == -signal.SIGKILL
    output = tmp_path / "results" / "experiments" / "tiny"
    assert not (output / "table.csv").exists()

    make("experiment", tiny, "--data", pairs, "--home", tmp_path, check=1)
    assert without_seconds(output) == without_seconds(finished)


@pytest.mark.slow
@pytest.mark.parametrize("written", ["cells", "charts"], ids=["a row", "the report"])
def test_an_experiment_that_is_killed_while_it_writes_goes_on_to_the_same_table(
    finished, tiny, pairs, tmp_path, written
):
    home = shutil.copytree(finished.parents[2], tmp_path / "home")
    output = home / "results" / "experiments" / "tiny"
    for path in [*output.glob("*.*"), *output.glob("charts/*"), *output.glob("cells/flips-averaged-s2-*")]:
        path.unlink()
    command = ("experiment", tiny, "--data", pairs, "--home", home)

    assert killed_at(2, output / written, *command) == -signal.SIGKILL
    assert (output / "table.csv").exists() == (written == "charts")
    assert not (output / "experiment.html").exists()
    make(*command, check=1)
    assert read_table(output) == read_table(finished)
    assert (output / "experiment.html").read_text() == (finished / "experiment.html").read_text()
    assert not [path for path in output.rglob(".*") if path.name.startswith(".tmp-")]


@pytest.mark.slow
def test_two_trainings_at_a_time_make_the_table_of_one_at_a_time(finished, tiny, pairs, tmp_path):
    make("experiment", tiny, "--data", pairs, "--home", tmp_path, "--workers", 2, check=1)

    theirs, ours = (
        read_table(folder) for folder in (tmp_path / "results" / "experiments" / "tiny", finished)
    )
    for name, row in ours.items():
        for measure in ("dice_mean", "difference", "low", "high"):
            if row[measure]:  # threads add up in another order
                assert float(theirs[name][measure]) == pytest.approx(float(row[measure]), abs=0.02)
        assert theirs[name]["failed"] == row["failed"]


@pytest.mark.slow
def test_the_worse_half_is_given_up_early_and_keeps_its_row(pairs, tmp_path):
    file = tmp_path / "halved.toml"
    base = "\n".join(f"{name} = {json.dumps(value)}" for name, value in {**BASE, "epochs": 4}.items())
    levels = 'rate = { option = "learning_rate", levels = [0.02, 1e-9] }'
    file.write_text(f"halving = true\nseeds = [0]\n[base]\n{base}\n[factors]\n{levels}\n")
    done, _ = run_experiment(file, pairs, tmp_path / "home")

    kept, given_up = done.figures.rows[1:]
    assert kept.epochs == 4
    assert given_up.epochs == 1
    assert given_up.words == "given up after 1 epoch, in the worse half"


@pytest.mark.slow
def test_what_others_are_trained_on_is_trained_to_its_end_before_half_of_the_variants_are_given_up(
    pairs, tmp_path
):
    file = tmp_path / "halved.toml"
    base = "\n".join(f"{name} = {json.dumps(value)}" for name, value in {**BASE, "epochs": 4}.items())
    file.write_text(
        f"halving = true\nseeds = [0]\n[base]\n{base}\n[factors.begun.levels]\n"
        'more = { model = "@base" }\nboth = { average_with = "begun=more" }\n'
    )
    done, events = run_experiment(file, pairs, tmp_path / "home")

    assert {event.figures.failure for event in events} == {""}
    assert [row.epochs for row in done.figures.rows] == [4, 4, 4]
    stopped = {row.name: [] for row in done.figures.rows}
    for event in events:
        stopped[event.cell.variant.name].append(event.figures.stopped)
    assert stopped == {"base": [0, 0, 0], "begun=more": [1, 2, 0], "begun=both": [1, 2, 0]}
    assert done.figures.rows[-1].cells[0].rungs.keys() == {"1", "2"}


def test_halving_judges_at_full_size_and_gives_up_what_shares_a_training_together(tmp_path):
    tables = {
        "design": "grid",
        "seeds": [0, 1],
        "factors": {"input_size": ["32x48", "64x96"], "tta": ["none", "flip"]},
    }
    found = experiment_of(tables, "halved")
    cells = [cell for wave in cells_of(found, [], Place(tmp_path, tmp_path), tmp_path) for cell in wave]

    def figures(cell):
        large = cell.variant.levels.get("input_size") == "64x96"
        at_input_size = {"val_dice": [0.9, 0.8 if large else 0.95]}  # where small photos flatter
        return CellFigures(cell.repeat, history=at_input_size, rungs={"2": 0.97 if large else 0.9})

    done = [(Run(cell, 2), figures(cell)) for cell in cells]
    small = {name for name in (cell.variant.name for cell in cells) if name.startswith("input_size=32x48")}
    assert len(small) == 2
    assert worse_half(found, done) == worse_half(found, done[::-1]) == small
    before = [(run, replace(one, rungs={})) for run, one in done]  # as earlier versions recorded them
    assert not worse_half(found, before) & small


@pytest.mark.parametrize("recorded", [True, False], ids=["by this version", "by an earlier one"])
def test_halving_keeps_a_good_training_that_ended_early_for_want_of_progress(tmp_path, recorded):
    found = experiment_of({"seeds": [0], "factors": {"learning_rate": [0.1, 0.2]}}, "halved")
    cells = [cell for wave in cells_of(found, [], Place(tmp_path, tmp_path), tmp_path) for cell in wave]

    def figures(cell):
        if cell.variant.levels.get("learning_rate") == "0.2":  # ended before the second rung
            photos = {"a": PhotoFigures("a", 0.98, 0.9, 0)}
            found = CellFigures(cell.repeat, epochs=3, photos=photos, rungs={"5": 0.98})
            return replace(found, history={"val_iou": [0.5, 0.98, 0.97]})
        rungs = {"5": 0.9, "10": 0.92}
        return CellFigures(cell.repeat, epochs=10, stopped=10, rungs=rungs, history={"val_iou": [0.9] * 10})

    done = [(Run(cell, 10), figures(cell)) for cell in cells]
    if not recorded:
        done = [(run, replace(one, rungs={}, photos={})) for run, one in done]
    assert worse_half(found, done) == {"learning_rate=0.1"}


def test_what_a_cell_had_reached_outlasts_an_interruption_of_its_process(tmp_path):
    found = experiment_of({"seeds": [0]}, "halved")
    place = Place(tmp_path, tmp_path)
    ((cell,),) = cells_of(found, [tmp_path / "pairs"], place, tmp_path)
    reached = CellFigures(cell.repeat, model=cell.model, epochs=1, stopped=1, rungs={"1": 0.9})
    write_record(cell.record(place), reached)
    answers = iter((False, True))  # Ctrl-C once its process has begun

    with pytest.raises(KeyboardInterrupt):
        list(run_cells([Run(cell, 2)], Context(place, interrupted=lambda: next(answers)), workers=2))
    assert read_record(cell.record(place)) == reached


@pytest.mark.slow
def test_a_second_pass_and_outliers_refer_to_the_models_of_the_base(pairs, tmp_path):
    file = tmp_path / "passes.toml"
    base = "\n".join(f"{name} = {json.dumps(value)}" for name, value in BASE.items())
    file.write_text(
        f"folds = 2\n[base]\n{base}\n[factors.passes.levels]\n"
        'second = { second_pass = ["@base*"] }\nwithout = { exclude = "@base" }\n'
        'both = { average_with = "passes=without" }\n'
    )
    done, events = run_experiment(file, pairs, tmp_path / "home")

    assert [event.figures.failure for event in events] == [""] * 8
    (second,) = (done.output / "models").glob("passes-second-s0f1-*")
    (first,) = (done.output / "models").glob("base-s0f1-*")
    assert load_bundle(second).first.digest == load_bundle(first).digest
    assert [row.name for row in done.figures.rows] == [
        *("base", "passes=second", "passes=without", "passes=both")
    ]
    assert (done.output / "outliers" / "base.csv").read_text().startswith("id,exclude\n")


@pytest.mark.slow
def test_photos_that_a_variant_left_out_are_trained_on_by_what_its_model_predicts(pairs, tmp_path):
    file = tmp_path / "labels.toml"
    chosen = {**BASE, "epochs": 8, "repeats": 2, "learning_rate": 0.01, "train_size": 3}
    base = "\n".join(f"{name} = {json.dumps(value)}" for name, value in chosen.items())
    file.write_text(f'seeds = [0]\n[base]\n{base}\n[factors.more.levels]\nmore = {{ pseudo = "@base" }}\n')
    done, events = run_experiment(file, pairs, tmp_path / "home")

    assert [event.figures.failure for event in events] == ["", ""]
    few, more = (
        load_bundle(next((done.output / "models").glob(f"{name}-*"))) for name in ("base", "more-more")
    )

    def contents(bundle, side):
        return {content for _name, content in bundle.photos(side)}

    assert contents(few, "train") < contents(more, "train")
    assert contents(few, "val") == contents(more, "val")
    assert not contents(more, "train") & contents(more, "val")
    assert not list((done.output / "predicted").iterdir())


def test_outliers_of_a_variant_that_failed_are_those_of_none_and_whoever_needs_them_fails_too(
    pairs, tmp_path
):
    """All else is run: the table of an earlier run, of which other trainings are, would be a wrong one."""
    file = tmp_path / "outliers.toml"
    chosen = {**BASE, "epochs": 1, "input_size": "33x48"}  # which no network takes
    base = "\n".join(f"{name} = {json.dumps(value)}" for name, value in chosen.items())
    file.write_text(
        f"seeds = [0]\n[base]\n{base}\n[factors.passes.levels]\n"
        'without = { exclude = "@base", input_size = "32x48" }\nother = { input_size = "32x48" }\n'
    )
    table = tmp_path / "home" / "results" / "experiments" / "outliers" / "outliers" / "base.csv"
    table.parent.mkdir(parents=True)
    table.write_text("id,exclude\n")

    _done, events = run_experiment(file, pairs, tmp_path / "home")

    failures = {event.cell.variant.name: event.figures.failure for event in events}
    assert "33x48" in failures["base"]
    assert "base.csv" in failures["passes=without"]
    assert failures["passes=other"] == ""
    assert not table.exists()


def test_the_outliers_of_a_single_photo_are_none(tmp_path):
    figures = PhotoFigures("a", 0.9, 0.9, 0)
    assert write_outliers(tmp_path / "table.csv", [CellFigures(Repeat(0), photos={"a": figures})]) == []


def test_a_training_that_two_variants_share_is_never_run_by_two_processes_at_once(pairs, tmp_path):
    file = tmp_path / "shared.toml"
    file.write_text(
        "seeds = [0]\n[factors.f.levels]\nplain = { epochs = 3 }\nflipped = { epochs = 3, tta = 'flip' }\n"
    )
    chosen = ExperimentOptions.of(experiment=str(file), data=[pairs])

    _, _, waves = planned(chosen, Context(Workspace(tmp_path)))
    assert [[cell.variant.name for cell in wave] for wave in waves] == [["base"], ["f=plain"], ["f=flipped"]]
    assert waves[1][0].model == waves[2][0].model


def test_the_quick_form_is_the_same_experiment_with_less(tiny, pairs, tmp_path, capsys):
    make("experiment", tiny, "--data", pairs, "--home", tmp_path, "--quick", "--print")

    shown = capsys.readouterr().out
    assert "tiny-quick: 2 variants, 1 repeat each, 2 trainings" in shown
    assert "--optimizer sgd" in shown
    assert "--epochs 1" in shown
    assert not (tmp_path / "results").exists()
