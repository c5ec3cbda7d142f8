"""Studies: questions as descriptions, runs that are made once, and a page that tells what they found."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.drawing import draw_set

import main
from segmentation.config.jobs.evaluate import EvaluateOptions
from segmentation.config.jobs.train import TrainOptions
from segmentation.config.presets import configure
from segmentation.config.record import chosen
from segmentation.config.study import Part, read_questions, shipped_questions
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.file_kinds import REFINEMENTS
from segmentation.core.workspace import Workspace
from segmentation.evaluation.study import Judged, photos_of_part, pooled, read_judged
from segmentation.images.files import read_mask, write_image
from segmentation.jobs.context import Context
from segmentation.jobs.named_models import models_of
from segmentation.jobs.recipe_runs import is_done
from segmentation.jobs.recipe_runs import run as run_step
from segmentation.jobs.recipe_steps import Request, Step
from segmentation.jobs.study import write_pages
from segmentation.jobs.study_steps import study_steps
from segmentation.jobs.training_checks import check_before_data
from segmentation.metrics.intervals import paired_difference
from segmentation.metrics.repeats import difference_interval, differences
from segmentation.models.registry import complete
from segmentation.reports.study_pictures import draw_detail, most_disputed

QUESTION = """
title = "Mirror images"
asks = "Does averaging over the mirror image help?"
curves = true
measures = ["dice", "clean", "boundary_f1", "boundary_f1_1px"]

[usual.train]
architecture = "simple"
filters = 4
levels = 2
input_size = "32x48"
batch_size = 4
epochs = 2
patience = 0

[usual.eval]
data = "{data}/pairs"
report_images = 0

[steps.contrast]
job = "data"
data = "{data}/pairs"

[steps.layers]
job = "compose"
foregrounds = "{data}/pairs/cutouts"
count = 3
workers = 1

[steps.plain]
job = "train"
data = "{data}/pairs"

[steps.cut]
job = "predict"
input = "{data}/pairs/images/000_Front.png"
model = "{name}-plain"
save = true

[steps.more]
job = "train"
data = ["{data}/pairs", "{results}/layers"]

[ways.plain]
model = "{name}-plain"

[ways."plain, averaged"]
model = "{name}-plain"
tta = "flip"

[ways."with layers"]
model = "{name}-more"

[parts."Faintest half in red"]
file = "{results}/contrast/contact-sheet.csv"
column = "contrast_red"
lowest = 0.5

[quick.usual.train]
epochs = 1
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    draw_set(folder / "pairs", garments=8, height=192, width=160)
    return folder


def write_question(folder, text=QUESTION, name="mirror"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def run_study(home, question, data, *more):
    chosen = (
        "--questions",
        str(question),
        "--data",
        str(data),
        "--home",
        str(home),
        "--name",
        "tried",
        "--quick",
    )
    return main.main(["recipe", "study", *chosen, *more])


@pytest.fixture(scope="module")
def studied(tmp_path_factory, data):
    home = tmp_path_factory.mktemp("home")
    assert run_study(home, write_question(home), data) == 0
    return home


def page_of(home, name="mirror.md"):
    return (home / "results" / "tried" / name).read_text()


def cells_of(page, way):
    line = next(line for line in page.splitlines() if line.startswith(f"| {way} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_has_a_row_for_each_way_with_what_was_run_and_on_which_photos(studied, data):
    page = page_of(studied)
    table = studied / "results" / "tried" / "mirror" / "plain" / "per_image.csv"
    rows = list(csv.DictReader(table.open(newline="")))

    assert page.startswith("# Mirror images\n")
    assert "Does averaging over the mirror image help?" in page
    plain = cells_of(page, "plain")
    assert plain[1] == f"{len(rows)} of pairs"
    dice = np.mean([float(row["dice"]) for row in rows])
    assert plain[2].startswith(f"{dice:.4f}")
    assert float(plain[-2]) >= 0
    assert plain[-1] == "0"  # minutes
    assert f"python main.py eval --model tried-plain --data {data}/pairs" in page
    assert f"python main.py train --data {data}/pairs --data {studied}/results/tried/layers" in page
    assert f"python main.py compose --foregrounds {data}/pairs/cutouts" in page


def test_differences_are_those_of_the_same_photos(studied):
    results = studied / "results" / "tried" / "mirror"
    plain, averaged = (read_judged(results / name) for name in ("plain", "plain-averaged"))
    names = [*plain.photos]
    expected = paired_difference(
        *(np.array([one.photos[name]["dice"] for name in names]) for one in (averaged, plain)),
        [plain.groups[name] for name in names],
    ).interval

    assert averaged.against(plain, "dice") == expected
    told = f"{expected.mean:+.4f} ({expected.low:+.4f} to {expected.high:+.4f})"
    assert told in cells_of(page_of(studied), "plain, averaged")[2]
    assert "<br>" not in cells_of(page_of(studied), "plain")[2]  # which the others are compared with


def test_the_page_shows_the_same_detail_by_each_way(studied):
    page = page_of(studied)
    shown = re.search(r"!\[Masks of (\w+) where .*\]\((pictures/mirror-1\.png)\)", page)
    picture = np.array(Image.open(studied / "results" / "tried" / shown[2]))

    assert shown[1] in read_judged(studied / "results" / "tried" / "mirror" / "plain").photos
    tile = 160  # of photos that are narrower than a detail
    assert picture.shape[1] == 4 * tile + 3 * 4  # the true alpha and three ways
    assert picture.ndim == 2  # the photo is not shown


def test_the_page_shows_how_the_trainings_went(studied):
    assert "![Curves](mirror-curves.png)" in page_of(studied)
    assert Image.open(studied / "results" / "tried" / "mirror-curves.png").width > 600


SEEDED = (
    QUESTION.split("[steps.contrast]")[0].replace('["dice"', '["whole_gradient", "dice"')
    + """
[steps.few]
job = "train"
data = "{data}/pairs"
seed = "each"
train_size = 4

[steps.all]
job = "train"
data = "{data}/pairs"
seed = "each"

[ways.few]
model = "{name}-few-{seed}"

[ways.all]
model = "{name}-all-{seed}"

[quick.usual.train]
epochs = 1
"""
)


def test_trainings_with_several_seeds_are_one_row_with_an_interval_over_them_and_the_photos(tmp_path, data):
    question = write_question(tmp_path, f"seeds = [4, 5, 7]\n{SEEDED}", "seeded")
    assert run_study(tmp_path, question, data) == 0
    results, page = tmp_path / "results" / "tried" / "seeded", page_of(tmp_path, "seeded.md")
    few, everything = (
        [read_judged(results / f"{way}-{seed}").values("dice") for seed in (4, 5, 7)]
        for way in ("few", "all")
    )
    groups = {}
    for seed in (4, 5, 7):  # each holds out others
        groups |= read_judged(results / f"all-{seed}").groups
    expected = difference_interval(differences(everything, few), None, groups)

    row = cells_of(page, "all")
    assert row[1] == f"{len(groups)} of pairs, 3 seeds"
    assert f"{expected.mean:+.4f} ({expected.low:+.4f} to {expected.high:+.4f})" in row[3]
    photos = {name: [one[name] for one in few if name in one] for one in few for name in one}
    assert cells_of(page, "few")[3].startswith(f"{np.mean([np.mean(dice) for dice in photos.values()]):.4f}")
    assert "trained once" not in page
    assert "how a training happens to go" in page
    assert "--model tried-all-7" in page
    assert re.match(r"\d+\.\d\d ", row[2])  # the gradient error


def test_photos_of_seeds_that_hold_out_others_are_compared_where_both_have_them():
    def judged(**dice):
        photos = {name: {"dice": value} for name, value in dice.items()}
        return Judged(photos, dict.fromkeys(photos, ""), dict.fromkeys(photos, 1.0), {"mask_ap": 0.5})

    one = pooled([judged(a=0.5, b=0.7), judged(a=0.6, b=0.8), judged(a=0.7, b=0.9)])
    other = pooled([judged(a=0.4, b=0.6)] * 3)
    assert one.mean("dice") == pytest.approx(0.7)
    assert one.mean("mask_ap") == 0.5
    assert one.against(other, "dice").mean == pytest.approx(0.2)
    assert one.among(["a"]).mean("dice") == pytest.approx(0.6)
    assert one.among(["a"]).interval("dice") is None  # of a single photo
    assert pooled([judged(a=0.5), None, judged(a=0.5)]) is None  # while one is not judged yet


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("[4, 5, 7]", "[4, 5]", "ways.few: expected 3 seeds or more for {seed}, received 2"),
        ("[4, 5, 7]", "[]", "steps.few: expected seeds in the question, received none"),
        ("[4, 5, 7]", "[4, 4]", "seeds: expected a list of different whole numbers"),
        ("-all-{seed}", "-all-4", "ways.all.against: expected a way with the same seeds, received few"),
    ],
)
def test_seeds_that_no_comparison_can_use_are_refused(tmp_path, data, before, after, message):
    text = f"seeds = [4, 5, 7]\n{SEEDED}".replace(before, after)
    with pytest.raises(ConfigError, match=re.escape(message)):
        study_steps(request_of(tmp_path, data, write_question(tmp_path, text)))


def test_average_precision_is_that_of_all_photos_together(tmp_path):
    table = "id,dice,seconds\na,0.5,1\nb,0.7,1\n"
    (tmp_path / "per_image.csv").write_text(table)
    (tmp_path / "metrics.json").write_text(json.dumps({"mask_ap": 0.61, "mask_ap_small": None, "images": 2}))
    judged = read_judged(tmp_path)

    assert judged.mean("mask_ap") == 0.61
    assert judged.mean("mask_ap_small") is None
    assert judged.interval("mask_ap") is None  # as earlier versions wrote it, without resampled photos
    assert judged.mean("dice") == pytest.approx(0.6)


def write_objects(folder, ap, drawn):
    folder.mkdir()
    (folder / "per_image.csv").write_text("id,dice,seconds\na,0.5,1\nb,0.7,1\n")
    (folder / "metrics.json").write_text(json.dumps({"mask_ap": ap}))
    (folder / "objects-resampled.csv").write_text("\n".join(["mask_ap", *map(str, drawn)]))
    return read_judged(folder)


def test_the_interval_of_average_precision_is_that_of_resampled_photos_and_of_seeds(tmp_path):
    drawn = np.linspace(0.5, 0.7, 201)
    one = write_objects(tmp_path / "one", 0.6, drawn)
    other = write_objects(tmp_path / "other", 0.5, drawn - 0.1)
    interval, difference = one.interval("mask_ap"), one.against(other, "mask_ap")
    assert (interval.low, interval.high) == pytest.approx((0.505, 0.695))
    assert (difference.low, difference.mean, difference.high) == pytest.approx((0.1, 0.1, 0.1))  # paired

    more = write_objects(tmp_path / "more", 0.62, drawn + 0.02)
    seeds, before = pooled([one, more, one]), pooled([other, other, other])
    found = seeds.against(before, "mask_ap")
    assert seeds.mean("mask_ap") == pytest.approx(0.6 + 0.02 / 3)
    assert found.mean == pytest.approx(0.1 + 0.02 / 3)
    assert found.low < 0.1 < 0.12 < found.high
    assert seeds.interval("mask_ap").high > interval.high
    assert one.against(replace(other, photos={"a": {}}), "mask_ap") is None  # of other photos


def test_objects_of_a_photo_come_into_the_page_in_colours(tmp_path, data):
    text = QUESTION.replace("curves = true", 'shows = ["cut"]')
    request = request_of(tmp_path, data, write_question(tmp_path, text))
    folder = request.results / "cut"
    for number, columns in ((1, slice(5, 25)), (2, slice(40, 70))):
        mask = np.zeros((48, 96), np.uint8)
        mask[10:30, columns] = 255
        write_image(folder / "masks" / f"a-{number}.png", mask)
    found = [{"mask": "masks/a-1.png"}, {"mask": "masks/a-2.png"}]
    lines = [{"image": "a.png", "objects": found}, {"image": "b.png", "objects": found[:1]}]
    (folder / "predictions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    write_pages(request, study_steps(request), str, Context(Workspace(tmp_path)))

    page = page_of(tmp_path)
    assert "`cut` found several objects in 1 of 2 photos, each with a mask and a cutout of its own" in page
    assert "![Objects that cut found](pictures/mirror-cut.png)" in page
    picture = np.array(Image.open(request.results / "pictures" / "mirror-cut.png"))
    assert picture.shape == (240, 480, 3)
    assert len({tuple(picture[100, column]) for column in (75, 275, 450)}) == 3  # two objects and the ground


def test_what_is_shown_is_a_step_that_predicts(tmp_path, data):
    question = write_question(tmp_path, QUESTION.replace("curves = true", 'shows = ["plain"]'))
    with pytest.raises(ConfigError, match="shows: expected some of cut, received 'plain'"):
        study_steps(request_of(tmp_path, data, question))


def test_a_part_of_the_photos_has_a_table_of_its_own(studied):
    results = studied / "results" / "tried"
    photos = photos_of_part(Part("", "", "contrast_red", 0.5), results / "contrast" / "contact-sheet.csv") & {
        *read_judged(results / "mirror" / "plain").photos
    }
    page = page_of(studied).split("Faintest half in red, on 8 photos:")[1]

    assert cells_of(page, "plain")[1] == (f"{len(photos)} of pairs" if photos else "none")


def test_what_is_done_is_not_run_again_and_the_page_has_the_advice_of_today(studied, data, capsys):
    made = [*(studied / "results" / "tried").rglob("*.csv"), *(studied / "models").rglob("bundle.json")]
    before = {path: path.stat().st_mtime_ns for path in made}
    capsys.readouterr()

    question = write_question(studied, f'advice = "Leave it."\n{QUESTION}')
    assert run_study(studied, question, data) == 0
    assert len(re.findall(r"step \d of 8: \S+ exists", capsys.readouterr().out)) == 8
    assert {path: path.stat().st_mtime_ns for path in made} == before
    assert "**Advice:** Leave it." in page_of(studied)


def test_questions_that_were_answered_at_different_times_stand_in_one_list(studied, data):
    notes = studied / "results" / "tried" / "notes.md"
    notes.write_text("# What I think\n\nA person's own page.\n")
    before = {name: page_of(studied, name) for name in ("mirror.md", "notes.md")}
    other = QUESTION.replace("Mirror images", "Mirrors | again").replace("mirror image?", "image?")
    assert run_study(studied, write_question(studied, f'advice = "Leave\\nit."\n{other}', "again"), data) == 0

    rows = [line for line in page_of(studied, "README.md").splitlines() if "](" in line]
    assert rows[0] == r"| [Mirrors \| again](again.md) | Leave it. |"
    assert rows[1].startswith("| [Mirror images](mirror.md) | ")
    assert len(rows) == 2
    assert {name: page_of(studied, name) for name in before} == before


def request_of(home, data, question):
    return Request(data, "tried", home / "results" / "tried", (str(question),), quick=True)


def test_an_evaluation_is_done_again_for_other_options_and_for_another_model(studied, data):
    steps = {step.name: step for step in study_steps(request_of(studied, data, studied / "mirror.toml"))}
    step, records = steps["mirror/plain"], studied / "results" / "tried" / "steps"
    context = Context(Workspace(studied))
    assert is_done(step, records, context)

    fewer = EvaluateOptions.of(model="tried-plain", data=data / "pairs", size=2, output=step.output)
    assert not is_done(replace(step, options=fewer), records, context)
    bundle = studied / "models" / "tried-plain" / "bundle.json"
    text = bundle.read_text()
    changed = json.loads(text)
    bundle.write_text(json.dumps({**changed, "threshold": 0.123}))
    try:
        assert not is_done(step, records, context)
    finally:
        bundle.write_text(text)
    assert is_done(step, records, context)


def test_an_evaluation_that_is_interrupted_is_not_done(studied, data, tmp_path):
    options = EvaluateOptions.of(model="tried-plain", data=data / "pairs", output=tmp_path / "out")
    step, context = Step("out", options), Context(Workspace(studied))
    with pytest.raises(KeyboardInterrupt):
        run_step(step, tmp_path / "steps", replace(context, interrupted=lambda: True))
    assert not is_done(step, tmp_path / "steps", context)

    run_step(step, tmp_path / "steps", context)
    assert is_done(step, tmp_path / "steps", context)


def test_photos_that_a_step_predicts_are_there(studied):
    assert [*(studied / "results" / "tried" / "cut").rglob("000_Front*.png")]


def test_the_alphas_that_were_judged_are_kept(studied):
    results = studied / "results" / "tried" / "mirror" / "plain"
    rows = {row["id"]: row for row in csv.DictReader((results / "per_image.csv").open(newline=""))}
    for name, row in rows.items():
        alpha = read_mask(results / "alpha" / f"{name}.png")
        assert alpha.shape == (192, 160)
        assert (alpha >= 128).mean() == pytest.approx(float(row["area_mask"]), abs=0.01)


def test_steps_that_questions_share_are_made_once(tmp_path, data):
    first, second = (write_question(tmp_path, name=name) for name in ("one", "two"))
    request = replace(request_of(tmp_path, data, first), questions=(str(first), str(second)))
    names = [step.name for step in study_steps(request)]
    assert len({*names}) == len(names)
    assert [name for name in names if "/" not in name] == [
        "contrast",
        "layers",
        "tried-plain",
        "cut",
        "tried-more",
    ]

    write_question(tmp_path, QUESTION.replace("filters = 4", "filters = 8"), "two")
    with pytest.raises(ConfigError, match="two: expected tried-plain as an earlier question has it"):
        study_steps(request)


def test_a_question_does_not_take_the_name_of_their_list(tmp_path, data):
    with pytest.raises(ConfigError, match="expected another name than readme"):
        study_steps(request_of(tmp_path, data, write_question(tmp_path, name="Readme")))


def test_a_step_of_each_fold_is_a_training_of_its_own(tmp_path, data):
    text = QUESTION.replace(
        "[steps.plain]", '[steps.part]\njob = "train"\nfolds = 3\nfold = "each"\n[steps.plain]'
    )
    steps = study_steps(request_of(tmp_path, data, write_question(tmp_path, text)))
    folds = [step.options.run.data.fold for step in steps if step.name.startswith("tried-part-")]
    assert folds == [1, 2, 3]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            'measures = ["dice",',
            'measures = ["beauty",',
            "measures: expected some of dice, .*received 'beauty'",
        ),
        ("[ways.plain]", "[roads.plain]", "the question: expected some of .*ways.* received 'roads'"),
        ('job = "compose"', 'job = "composer"', "steps.layers.job: expected one of .*received 'composer'"),
        ('tta = "flip"', 'tta = "flop"', "ways.plain, averaged: `tta`: expected one of none, flip"),
        ('tta = "flip"', 'against = "nothing"', "ways.plain, averaged.against: expected one of plain"),
        ("lowest = 0.5", "lowest = 5", "parts.Faintest half in red.lowest: expected a share between 0 and 1"),
        ('column = "contrast_red"', "", "parts.Faintest half in red.column: expected a text, received None"),
        ("curves = true", "curves = 1", "curves: expected true or false, received 1"),
        ("count = 3", 'output = "there"', "steps.layers: expected what decides the result, received output"),
    ],
)
def test_a_question_that_is_none_is_refused_with_its_file_and_place(tmp_path, data, before, after, message):
    assert before in QUESTION
    question = write_question(tmp_path, QUESTION.replace(before, after))
    with pytest.raises(ConfigError, match=f"mirror.*{message}"):
        study_steps(request_of(tmp_path, data, question))


def test_questions_are_for_a_study_alone(data, tmp_path, capsys):
    words = ["recipe", "default", "--data", str(data), "--quick", "--home", str(tmp_path)]
    assert main.main(words) == 2
    assert "--quick: expected with the recipe of a study, received with default" in capsys.readouterr().err


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", shipped_questions())
def test_each_question_of_the_program_is_one_that_can_be_answered(name, quick):
    """Models are trained before they are used, and no way is judged on photos that only others saw."""
    (question,) = read_questions((name,), quick=quick)
    made = {"default", *REFINEMENTS}
    for step in study_steps(Request(Path("sets"), "mine", questions=(name,), quick=quick)):
        assert {*models_of(step.options)} <= made
        made.add(step.name)
        if isinstance(options := step.options, TrainOptions):
            config = configure(options.preset, options.augmentation, chosen(options, "run"))
            check_before_data(complete(config), None, second_pass=bool(options.second_pass))
            assert not quick or config.training.epochs == 1
    assert question.title
    assert question.asks.endswith((".", "?"))


def test_a_table_that_is_none_of_eval_is_named(tmp_path):
    assert read_judged(tmp_path) is None
    table = tmp_path / "per_image.csv"
    table.write_text("id,dice\na,0.5\n")
    with pytest.raises(DataError, match=r"per_image\.csv: expected a table of `eval`.*no column seconds"):
        read_judged(tmp_path)
    table.write_text("matte,id,band_sad,seconds\nknn,a,0.5,1\nclosed-form,a,0.4,1\n")
    with pytest.raises(DataError, match="expected one matte, received several"):
        read_judged(tmp_path)


def test_a_table_that_is_none_of_a_part_is_named_with_what_is_missing(tmp_path):
    table, part = tmp_path / "contact-sheet.csv", Part("Faintest", "", "contrast_red", 0.5)
    table.write_text("photo,contrast_green\na,0.5\n")
    with pytest.raises(DataError, match=r"contact-sheet\.csv: .*no column contrast_red.*the part Faintest"):
        photos_of_part(part, table)
    table.write_text("photo,contrast_red\na,pale\n")
    with pytest.raises(DataError, match="could not convert string to float: 'pale'"):
        photos_of_part(part, table)


def test_the_detail_is_where_the_ways_are_furthest_apart():
    one = np.zeros((600, 500), np.uint8)
    other = one.copy()
    other[400:440, 300:340] = 255
    detail = most_disputed({"one": one, "other": other})

    assert detail.rows.start <= 400 < 440 <= detail.rows.stop
    assert detail.columns.start <= 300 < 340 <= detail.columns.stop
    drawn = draw_detail(other, {"one": one, "other": other}, detail)
    assert (drawn[:200, :200] == other[detail.rows, detail.columns]).all()  # pixel for pixel
