"""A promise about the photos that nobody looks at, kept, refused, and told in plain words."""

import csv
import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score
from support.bundles import CONFIDENCE_MODEL, write_bundle
from support.crew import LocalCrew
from support.folder_job import cut_folder, draw, manifest_lines, red_score, scorer_of, shard_lines
from support.program import run

from segmentation.api.model import Model, load_model
from segmentation.cli.deliver import run as deliver_in_words
from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.confidence.promise import fewest, least_share, make_promise, promise_in
from segmentation.confidence.triage import FolderTriage, Row
from segmentation.confidence.verdict import Limits, PhotoTriage, Verdict, triage_photo
from segmentation.config.files import DECISIONS, FileOptions
from segmentation.config.jobs.calibrate import CalibrateOptions
from segmentation.config.jobs.deliver import DeliverOptions
from segmentation.core.errors import ConfigError, DataError
from segmentation.core.workspace import Workspace
from segmentation.jobs.calibrate import calibrate
from segmentation.jobs.context import Context
from segmentation.jobs.deliver import deliver
from segmentation.jobs.serving import ServedModel
from segmentation.metrics.selective import augrc, aurc
from segmentation.reports.review import TABLE, write_review
from segmentation.retouch.clerk import Clerk
from segmentation.retouch.desk import Desk
from segmentation.service.wire import described

shares = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=30).map(np.array)


def outcomes_of(confidence, faulty, odd=None, garments=None, expected=()):
    count = len(confidence)
    return FaultOutcomes(
        tuple(map(float, confidence)),
        tuple(map(bool, faulty)),
        tuple(map(bool, np.zeros(count) if odd is None else odd)),
        tuple(range(count)) if garments is None else tuple(garments),
        5,
        100,
        tuple(map(float, expected)),
    )


def falling(count, faulty=()):
    """Outcomes of so many photos, each less certain than the one before; those of `faulty` have a fault."""
    return outcomes_of(np.linspace(0.999, 0.9, count), [place in faulty for place in range(count)])


# --- what an order is worth ------------------------------------------------------------------------------


@given(shares)
def test_the_area_under_the_risk_is_the_mean_over_all_orders_of_equal_photos(rows):
    confidence, losses = rows.T.astype(float)
    random = np.random.default_rng(0)
    areas = []
    for _ in range(100):
        mixed = random.permutation(len(rows))
        order = mixed[np.argsort(-confidence[mixed], kind="stable")]
        areas.append(np.mean([losses[order[:count]].mean() for count in range(1, len(rows) + 1)]))

    assert aurc(confidence, losses) == pytest.approx(np.mean(areas), abs=5 * np.std(areas) / 100**0.5 + 1e-9)


@given(shares)
def test_the_generalised_area_is_that_of_the_roc_curve(rows):
    confidence, losses = rows.T.astype(float)
    accuracy = 1 - losses.mean()
    if 0 < accuracy < 1:
        roc = roc_auc_score(1 - losses, confidence)
        assert augrc(confidence, losses) == pytest.approx(
            (1 - roc) * accuracy * (1 - accuracy) + (1 - accuracy) ** 2 / 2
        )
    else:
        assert augrc(confidence, losses) == pytest.approx((1 - accuracy) / 2)


def test_an_order_that_says_nothing_costs_the_mean_loss_and_a_perfect_one_less():
    losses = np.array([0.0, 1, 0, 1])

    assert aurc(np.ones(4), losses) == pytest.approx(0.5)
    assert augrc(np.ones(4), losses) == pytest.approx(0.25)
    assert aurc(-losses, losses) == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)


# --- a promise is kept, or not made ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "certainty", "photos", "least_made"),
    [(0.05, 0.9, 300, 1 / 3), (0.1, 0.9, 300, 1 / 3), (0.2, 0.5, 300, 1 / 3), (0.05, 0.9, 60, 0.05)],
)
def test_a_promise_is_kept_as_often_as_it_says(share, certainty, photos, least_made):
    """Studios whose true share of faults is known: the chosen limit breaks the promise seldom enough."""
    random = np.random.default_rng(0)
    grid = np.linspace(0, 1, 2001)
    broken = made = 0
    studios = 300
    for _ in range(studios):
        confidence = random.random(photos)
        faulty = random.random(photos) < 0.5 * (1 - confidence) ** 3
        try:
            promise = make_promise(outcomes_of(confidence, faulty), share, certainty)
        except ConfigError:
            continue
        made += 1
        true_share = 0.5 * np.mean((1 - grid[grid >= promise.limit]) ** 3)
        broken += true_share > share

    assert made > least_made * studios
    assert broken <= (1 - certainty) * studios + 3 * (studios * certainty * (1 - certainty)) ** 0.5


@given(st.sampled_from([0.02, 0.05, 0.1, 0.3]), st.sampled_from([0.5, 0.9, 0.95]))
def test_as_few_photos_do_as_the_exact_test_of_a_share_allows(share, certainty):
    count = fewest(share, certainty)
    level = 1 - 2 * (1 - certainty)  # one-sided

    if level > 0:
        for photos, enough in ((count, True), (count - 1, False)):
            high = binomtest(0, photos).proportion_ci(level).high if photos else 1
            assert (high <= share) is enough
    assert make_promise(falling(count), share, certainty).photos == count


def test_too_few_photos_are_refused_with_how_many_it_takes_and_what_they_allow():
    with pytest.raises(
        ConfigError, match=r"`promise` 0\.05: expected at least 45 garments .* received 40; promise 0\.06"
    ):
        make_promise(falling(40), 0.05, 0.9)
    with pytest.raises(ConfigError, match=r"give `calibrate` 5 more"):
        make_promise(falling(40), 0.05, 0.9)


def test_faults_where_confidence_is_highest_are_no_ground_for_a_promise():
    with pytest.raises(ConfigError, match=r"received faults in 3 of 300 .* promise 0\.\d+, the least"):
        make_promise(falling(300, faulty=(0, 1, 2)), 0.05, 0.9)
    with pytest.raises(ConfigError, match="do without a promise, or train a better model"):
        make_promise(falling(100, faulty=range(100)), 0.05, 0.9)


@pytest.mark.parametrize("count", [46, 60, 76])
def test_a_fault_where_the_model_is_least_certain_leaves_a_promise_about_the_others(count):
    promise = make_promise(falling(count, faulty=(count - 1,)), 0.05, 0.9)

    assert (promise.photos, promise.faulty) == (count - 1, 0)
    with pytest.raises(ConfigError, match="faults in 1 of 60 calibration photos, 1 of them among the 45 of"):
        make_promise(falling(60, faulty=(10,)), 0.05, 0.9)


def test_the_limit_is_where_faults_begin_to_be_too_many():
    promise = make_promise(falling(400, faulty=range(200, 400)), 0.05, 0.9)
    sure = make_promise(falling(400, faulty=range(200, 400)), 0.05, 0.99)

    assert 200 < promise.photos < 220
    assert promise.faulty == promise.photos - 200
    assert binomtest(promise.faulty, promise.photos).proportion_ci(0.8).high <= 0.05
    assert binomtest(promise.faulty + 1, promise.photos + 1).proportion_ci(0.8).high > 0.05
    assert sure.photos < promise.photos
    assert sure.limit > promise.limit


def test_views_of_a_garment_count_as_one():
    views = outcomes_of(np.linspace(0.999, 0.9, 90), np.zeros(90), garments=np.arange(90) // 3)

    with pytest.raises(ConfigError, match=r"at least 45 garments .* received 30"):
        make_promise(views, 0.05, 0.9)
    assert least_share(views, 0.9) == least_share(falling(30), 0.9)


def test_photos_that_are_looked_at_anyway_say_nothing_of_those_that_are_not():
    faulty = np.arange(100) % 2
    promise = make_promise(outcomes_of(np.full(100, 0.95), faulty, odd=faulty), 0.05, 0.9)

    assert (promise.photos, promise.faulty, promise.limit) == (50, 0, 0.95)


@given(shares, st.randoms())
def test_the_order_of_the_photos_does_not_matter(rows, random):
    mixed = list(rows)
    random.shuffle(mixed)
    limits = []
    for one in (rows, np.array(mixed)):
        outcomes = outcomes_of(0.9 + one[:, 0] / 100, one[:, 1])
        limits.append(least_share(outcomes, 0.9))

    assert limits[0] == limits[1]


@pytest.mark.parametrize(("share", "certainty"), [(0, 0.9), (1, 0.9), (0.05, 0), (0.05, 1)])
def test_what_cannot_be_promised_is_refused(share, certainty):
    with pytest.raises(ConfigError, match="expected a number between 0 and 1"):
        make_promise(falling(100), share, certainty)


def test_a_promise_is_told_in_plain_words():
    promise = make_promise(falling(100), 0.05, 0.9)
    count, _colon, words = promise.sentence(12).partition(": ")

    assert count == "12 photos are taken as they are"
    assert words.startswith("at most 5% of what is taken as it is has a fault, with 90% certainty")
    assert promise.sentence(1).startswith("1 photo is taken as it is: at most 5%")
    assert "as long as the photos are like the 100 that the model was calibrated on" in words
    assert words.endswith("100 of those were as certain, 0.9 or more, and none of them had a fault")


# --- folders ---------------------------------------------------------------------------------------------


@pytest.fixture
def model(tmp_path):
    """A model in a home, calibrated on a hundred photos without a fault, with a confidence below 0.985."""
    usual = dict.fromkeys(CONFIDENCE_MODEL.usual, (-1.5, 9.0)) | {"lightness": (70.0, 90.0)}
    outcomes = outcomes_of(np.linspace(0.9, 0.5, 100), np.zeros(100))
    confidence_model = dataclasses.replace(CONFIDENCE_MODEL, usual=usual, outcomes=outcomes)
    return write_bundle(tmp_path / "models" / "mine", threshold=0.5, confidence_model=confidence_model)


@pytest.fixture
def old_model(tmp_path):
    return write_bundle(tmp_path / "models" / "old", threshold=0.5, confidence_model=CONFIDENCE_MODEL)


def test_photos_as_certain_as_promised_are_taken_and_delivered(source, model, tmp_path):
    results = tmp_path / "out"
    cut_folder(source, results, bundle=model)
    before = {line["stem"]: line["decision"] for line in manifest_lines(results)}
    cut_folder(source, results, bundle=model, promise=0.05)
    records = manifest_lines(results)
    taken = {line["stem"] for line in records if line["decision"] == "auto"}

    assert "auto" not in before.values()
    promise = make_promise(model.confidence_model.outcomes, 0.05, 0.9)
    assert promise.limit == 0.5
    assert taken == {line["stem"] for line in records if line["confidence"] >= 0.5}
    assert taken
    page = (results / "review.html").read_text()
    assert f"A promise:</b> {promise.sentence(len(taken))}" in page

    cut_folder(source, results, bundle=model)  # whose decisions are by the usual limit again
    delivered = deliver(DeliverOptions.of(results=results, promise=0.05), Context(Workspace(tmp_path)))
    assert {result.stem for result in delivered.results} == taken
    assert delivered.promises == {promise: len(taken)}
    assert delivered.left_out == len(records) - len(taken)


def test_the_record_says_by_which_promise_each_photo_was_decided_on(source, model, tmp_path):
    """The last run decides on all that was made as its own photos are; others keep what was said of them."""
    results = tmp_path / "out"
    known = model.confidence_model.outcomes
    for share in (0.05, 0.1, None):
        found = cut_folder(source, results, bundle=model, **({"promise": share} if share else {}))
        promise = make_promise(known, share, 0.9) if share else None
        assert [promise_in(line) for line in manifest_lines(results)] == [promise] * len(found)
        with (results / TABLE).open() as file:
            rows = list(csv.DictReader(file))
        told = [(row.get("promise"), row.get("certainty")) for row in rows]
        assert told == [(f"{share:g}", "0.9") if share else (None, None)] * len(found)

    cut_folder(source, results, bundle=model, promise=0.05)
    draw(tmp_path / "more" / "new.png")
    usual = scorer_of(red_score, model)
    flipped = dataclasses.replace(usual, settings=dataclasses.replace(usual.settings, tta="flip"))
    cut_folder(tmp_path / "more", results, scorer=flipped)
    assert {line["stem"] for line in manifest_lines(results) if not promise_in(line)} == {"new"}


def test_the_record_of_a_cluster_says_it_too_and_what_was_done_before_keeps_its_promise(
    source, model, tmp_path, monkeypatch
):
    workers = LocalCrew(scorer_of(red_score, model))
    monkeypatch.setattr("segmentation.jobs.ray_crew.ray_crew", workers)
    output = f"file://{tmp_path}/out"
    shared = {"bundle": model, "on": "ray", "shard_photos": 2}
    cut_folder(source, output, promise=0.05, **shared)
    before = promised_in_shards(tmp_path / "out")
    draw(source / "new.png")
    cut_folder(source, output, promise=0.1, **shared)

    assert len(workers.shares) > 2
    assert set(before.values()) == {0.05}
    assert promised_in_shards(tmp_path / "out") == before | {"new": 0.1}


def promised_in_shards(folder):
    shards = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jsonl*")}
    return {line["stem"]: promise_in(line).share for line in shard_lines(shards)}


def test_a_later_delivery_says_what_was_promised_of_what_was_sorted_and_not_of_what_people_accepted(
    source, model, tmp_path, capsys
):
    results = tmp_path / "out"
    cut_folder(source, results, bundle=model, promise=0.05)
    taken = [line["stem"] for line in manifest_lines(results) if line["decision"] == "auto"]
    with Desk(results) as desk, Clerk(desk) as clerk:
        for photo in desk.photos():
            desk.decide(photo, 0, "accepted" if photo.stem == taken[0] else "redo")
        clerk.finish()
    delivering = DeliverOptions.of(results=results, decisions="auto")

    assert deliver_in_words(delivering, Context(Workspace(tmp_path))) == 0
    said = capsys.readouterr().out
    assert "1 as predicted (1 accepted)" in said
    promise = make_promise(model.confidence_model.outcomes, 0.05, 0.9)
    assert f"promise: {promise.sentence(len(taken))}; that is about what was sorted as auto" in said
    assert "not about what people accepted or corrected" in said

    redone = DeliverOptions.of(results=results, decisions="redo")
    assert deliver(redone, Context(Workspace(tmp_path))).promises == {}


def test_who_asks_photo_by_photo_is_told_the_promise(source, model):
    promise = make_promise(model.confidence_model.outcomes, 0.05, 0.9)
    scorer, content = scorer_of(red_score, model), (source / "a.png").read_bytes()
    for limits in (Limits(0.985, 0.3, promise), Limits(0.985, 0.3)):
        assert Model(scorer, limits, None).cut_out(content).promise == limits.promise
        triage = PhotoTriage(model.confidence_model, limits)
        one = ServedModel("mine", scorer, FileOptions(), triage, None)
        answer = described(one, one.cut(content, FileOptions(), ()))
        assert answer["decision"] in DECISIONS
        assert answer.get("promise") == (dataclasses.asdict(promise) if limits.promise else None)


def test_a_calibrated_copy_never_takes_the_place_of_another_model(model, old_model, tmp_path):
    with pytest.raises(ConfigError, match=r"`name=mine`: .*mine exists; choose another name"):
        calibrate(CalibrateOptions.of(model=old_model.name, name=model.name), Context(Workspace(tmp_path)))


def test_a_model_that_knows_no_faults_promises_nothing(source, old_model, tmp_path):
    words = r"received old, which does not; .*`calibrate model=old data=DIR name=NAME`"
    with pytest.raises(ConfigError, match=words):
        cut_folder(source, tmp_path / "out", bundle=old_model, promise=0.05)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match=words):
        load_model("old", home=tmp_path, promise=0.05)

    cut_folder(source, tmp_path / "out", bundle=old_model)
    with pytest.raises(ConfigError, match=words):
        deliver(DeliverOptions.of(results=tmp_path / "out", promise=0.05), Context(Workspace(tmp_path)))
    assert not (tmp_path / "out" / "delivery").exists()


def test_where_faults_are_known_to_be_likely_a_promise_goes_by_them_and_not_by_confidence(
    source, model, tmp_path
):
    """Half of the known photos have a fault, those of which faults were expected, however confident."""
    expected = np.repeat([0.1, 3.0], 100)
    outcomes = outcomes_of(np.tile([0.5, 0.9], 100), expected > 1, expected=expected)
    with pytest.raises(ConfigError, match="faults in 100 of 200"):
        make_promise(dataclasses.replace(outcomes, expected_faults=()), 0.05, 0.9)
    promise = make_promise(outcomes, 0.05, 0.9)
    known = dataclasses.replace(model.confidence_model, outcomes=outcomes)
    cut_folder(source, tmp_path / "out", bundle=model)
    features = manifest_lines(tmp_path / "out")[0]["evidence"]

    assert (promise.photos, promise.faulty) == (100, 0)
    assert "100 of those were as certain, at most 0.1 faults expected" in promise.sentence(1)
    limits = Limits(0.985, 0.3, promise)
    decisions = {
        faults: triage_photo(features | {"expected_faults": faults}, 0.4, known, limits)
        for faults in (0.0, 0.1, 0.2, 3.0)
    }
    assert [verdict.decision for verdict in decisions.values()] == ["auto", "auto", "review", "review"]
    assert decisions[3.0].reasons
    assert triage_photo(features, 0.99, known, limits).decision == "review"  # nothing is known of its faults


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"promise": 0.001}, "at least 2302 garments .* received 100"),
        ({"promise": 0.05, "auto_from": 0.95}, "`promise`: expected without `auto_from`"),
        ({"promise": 0.05, "triage": False}, "`promise`: expected photos that are sorted .* `no_triage`"),
        ({"certainty": 0.5}, "`certainty`: expected with `promise`"),
        ({"promise": 0.05, "threshold": 0.7}, "cannot be kept: it was fitted at the model's own threshold"),
    ],
)
def test_a_promise_that_cannot_be_kept_is_refused_before_a_photo_is_made(
    source, model, tmp_path, options, words
):
    threshold = options.pop("threshold", 0.5)
    with pytest.raises(ConfigError, match=words):
        cut_folder(source, tmp_path / "out", bundle=model, threshold=threshold, **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changed", "option"),
    [
        ({"tta": "flip"}, "tta"),
        ({"tiles": "64x64"}, "tiles"),
        ({"channels": "each"}, "channels"),
        ({"islands_px": 500}, "remove_islands"),
        ({"holes_px": 500}, "fill_holes"),
    ],
)
def test_a_promise_is_refused_for_masks_that_are_made_in_another_way(
    source, model, tmp_path, changed, option
):
    usual = scorer_of(red_score, model)
    scorer = dataclasses.replace(usual, settings=dataclasses.replace(usual.settings, **changed))
    with pytest.raises(ConfigError, match=f"cannot be kept: it was fitted without `{option}`"):
        cut_folder(source, tmp_path / "out", scorer=scorer, promise=0.05)

    cut_folder(source, tmp_path / "out", scorer=scorer)
    told = []
    with pytest.raises(DataError, match="found none of 6"):
        deliver(
            DeliverOptions.of(results=tmp_path / "out", promise=0.05),
            Context(Workspace(tmp_path), tell=told.append),
        )
    assert any("6 photos were not scored as mine was calibrated" in str(event) for event in told)


def test_a_delivery_promises_nothing_of_masks_that_were_made_in_another_way(source, model, tmp_path):
    cut_folder(source, tmp_path / "out", bundle=model, threshold=0.3)
    told = []
    with pytest.raises(DataError, match="found none of 6 that is corrected, accepted or decided as auto"):
        deliver(
            DeliverOptions.of(results=tmp_path / "out", promise=0.05),
            Context(Workspace(tmp_path), tell=told.append),
        )
    assert any("6 photos were not scored as mine was calibrated" in str(event) for event in told)

    with pytest.raises(DataError, match=r"expected masks of one model in .* that was calibrated"):
        deliver(
            DeliverOptions.of(results=tmp_path / "out", promise=0.05), Context(Workspace(tmp_path / "else"))
        )
    with pytest.raises(ConfigError, match="`promise`: expected without `decisions`"):
        deliver(DeliverOptions.of(results=tmp_path / "out", promise=0.05, decisions="auto"), Context())


def test_a_page_says_where_the_photos_are_of_another_kind(model, tmp_path):
    promise = make_promise(model.confidence_model.outcomes, 0.05, 0.9)
    rows = (Row("a", 0.95, 0.3, Verdict("auto"), None),) * 10
    write_review(tmp_path, FolderTriage(rows, {"lightness": -3.0}), Limits(0.5, 0.5, promise), "mine")

    assert (
        "It may not hold here, since these photos are of another kind"
        in (tmp_path / "review.html").read_text()
    )


def test_the_program_refuses_in_one_line(source, tmp_path):
    done = run(
        "predict", "--home", tmp_path, "--input", source, "--promise", 0.05, "--auto-from", 0.95, check=2
    )
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: --promise: expected without --auto-from")
