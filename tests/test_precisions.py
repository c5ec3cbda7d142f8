"""The choice of a model's precision: by what it loses against the ground truth of held-out photos."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.bundles import write_bundle
from support.class_model import LABELS, colour_score, draw_classes
from support.places import ROOT

from segmentation.bundle.bundle import load_bundle
from segmentation.bundle.precisions import Exactness, Precisions
from segmentation.bundle.saving import save_description
from segmentation.core import machine
from segmentation.core.errors import ConfigError
from segmentation.core.labels import Coding
from segmentation.core.samples import Sample
from segmentation.datasets.discover import discover
from segmentation.datasets.ground_truth import LabelFile
from segmentation.evaluation.precisions import judge_precisions
from segmentation.inference.engines import precision as choosing
from segmentation.inference.engines.precision import choose_precision, computes_in_bfloat16
from segmentation.inference.scoring import load_score

needs_bfloat16 = pytest.mark.skipif(
    not computes_in_bfloat16(), reason="this processor has no bfloat16 arithmetic"
)

FULL = Exactness(dice=0.9903, boundary_f1=0.882, clean=12)
SAME, WORSE = Precisions(28, FULL, FULL), Precisions(28, FULL, replace(FULL, clean=9))

figures = st.builds(
    Exactness,
    dice=st.integers(980_000, 1_000_000).map(lambda millionths: millionths / 1e6),
    boundary_f1=st.integers(900_000, 1_000_000).map(lambda millionths: millionths / 1e6),
    clean=st.integers(0, 28),
)


def in_millionths(value):
    return round(value * 1e6)


@given(figures, figures)
def test_bfloat16_may_lose_three_ten_thousandths_two_thousandths_and_a_photo(f32, bf16):
    """Nothing makes up for a loss: what is gained elsewhere does not count."""
    lost = set()
    if in_millionths(f32.dice) - in_millionths(bf16.dice) > 300:
        lost.add("dice")
    if in_millionths(f32.boundary_f1) - in_millionths(bf16.boundary_f1) > 2000:
        lost.add("boundary_f1")
    if f32.clean - bf16.clean > 1:
        lost.add("clean")

    assert {*Precisions(28, f32, bf16).lost} == lost


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"dice": 0.9900}, ()),
        ({"dice": 0.989999}, ("dice",)),
        ({"boundary_f1": 0.880}, ()),
        ({"boundary_f1": 0.879999}, ("boundary_f1",)),
        ({"clean": 11}, ()),
        ({"clean": 10}, ("clean",)),
        ({"dice": 0.9900, "boundary_f1": 0.880, "clean": 11}, ()),
        ({"dice": 1.0, "boundary_f1": 1.0, "clean": 10}, ("clean",)),
        ({"dice": 0.5, "boundary_f1": 0.5, "clean": 0}, ("dice", "boundary_f1", "clean")),
    ],
)
def test_a_loss_that_reaches_the_limit_is_allowed_and_one_beyond_it_is_not(change, lost):
    assert Precisions(28, FULL, replace(FULL, **change)).lost == lost


def test_the_verdict_names_what_decided_it():
    assert str(SAME) == (
        "bfloat16 is as good as float32 on 28 held-out photos (mean Dice 0.9903 for 0.9903, "
        "boundary F1 0.8820 for 0.8820, clean photos 12 for 12)"
    )
    assert str(WORSE) == "bfloat16 is worse than float32 on 28 held-out photos (clean photos 9 for 12)"


# --- what is taken ---------------------------------------------------------------------------------------


@pytest.fixture
def bundle(tmp_path):
    return write_bundle(tmp_path / "model", precisions=None)


@pytest.fixture
def processor(monkeypatch):
    """Say whether the processor computes in bfloat16, and whether that is faster there."""

    def is_able(able, *, faster=True):
        monkeypatch.setattr(choosing, "computes_in_bfloat16", lambda: able)
        monkeypatch.setattr(choosing, "is_faster_in_bfloat16", lambda: faster)

    return is_able


@pytest.mark.parametrize(
    ("recorded", "wanted", "able", "taken", "reason"),
    [
        ({"precisions": SAME}, "auto", True, "bf16", "as good as float32 on 28"),
        ({"precisions": WORSE}, "auto", True, "f32", "clean photos 9 for 12"),
        ({"precisions": SAME}, "auto", False, "f32", "this processor has no bfloat16"),
        ({"precisions": WORSE, "bf16_agreement": 1.0}, "auto", True, "f32", "clean photos"),
        ({"bf16_agreement": 0.9995}, "auto", True, "bf16", "stay the same .*0.9995"),
        ({"bf16_agreement": 0.9994}, "auto", True, "f32", "change in bfloat16 .*0.9994"),
        ({}, "auto", True, "f32", "not measured for model; `export model=model`"),
        ({"precisions": WORSE}, "fastest", True, "bf16", "the fastest was asked for"),
        ({}, "fastest", False, "f32", "this processor has no bfloat16"),
        ({"precisions": WORSE}, "bf16", True, "bf16", "^$"),
        ({"precisions": SAME}, "f32", True, "f32", "^$"),
    ],
)
def test_the_precision_is_by_the_figures_and_says_why(
    bundle, processor, recorded, wanted, able, taken, reason
):
    processor(able)
    chosen = choose_precision(replace(bundle, **recorded), wanted)

    assert chosen.name == taken
    assert re.search(reason, chosen.reason), chosen.reason


@pytest.mark.parametrize("wanted", ["auto", "fastest"])
def test_bfloat16_is_not_taken_where_it_is_slower_unless_it_is_asked_for(bundle, processor, wanted):
    processor(True, faster=False)
    good = replace(bundle, precisions=SAME)
    chosen = choose_precision(good, wanted)

    assert str(chosen) == "float32, since this processor is faster in it than in bfloat16"
    assert choose_precision(good, "bf16").name == "bf16"


@pytest.mark.parametrize(
    ("told", "faster"),
    [
        ("vendor_id\t: GenuineIntel\nflags\t\t: fma avx512_bf16 amx_bf16 amx_tile\n", True),
        ("vendor_id\t: GenuineIntel\nflags\t\t: fma avx512_bf16 avx512_vnni\n", False),
        ("vendor_id\t: AuthenticAMD\nflags\t\t: fma avx512_bf16\n", True),
        ("", True),
    ],
    ids=["Intel with a matrix unit", "Intel without", "AMD", "not Linux"],
)
def test_an_intel_processor_is_faster_in_bfloat16_with_a_matrix_unit_alone(monkeypatch, told, faster):
    monkeypatch.setattr(machine, "_processor", lambda: told)

    assert machine.is_faster_in_bfloat16() == faster


def test_bfloat16_is_refused_where_there_is_none(bundle, processor):
    processor(False)
    with pytest.raises(ConfigError, match="`precision=bf16`: this processor has no bfloat16 arithmetic"):
        choose_precision(bundle, "bf16")


@needs_bfloat16
@pytest.mark.parametrize(("precisions", "taken"), [(SAME, "bf16"), (WORSE, "f32")])
def test_both_passes_are_computed_in_the_precision_in_which_they_were_judged_together(
    processor, precisions, taken
):
    processor(True)
    default = load_bundle(ROOT / "models" / "default")
    first = replace(default.first, bf16_agreement=0.5 if taken == "bf16" else 1.0, precisions=None)
    _score, engines = load_score(replace(default, precisions=precisions, first=first))

    assert [engine.precision for engine in engines] == [taken, taken]


# --- what is recorded ------------------------------------------------------------------------------------


def test_the_figures_are_kept_with_the_bundle_and_are_no_part_of_what_the_scores_are_known_by(bundle):
    saved = save_description(replace(bundle, precisions=WORSE))

    assert load_bundle(bundle.path) == saved
    assert saved.precisions == WORSE
    assert saved.digest == bundle.digest
    recorded = json.loads((bundle.path / "bundle.json").read_text())["precisions"]
    assert recorded == {"photos": 28, "f32": asdict(FULL), "bf16": asdict(WORSE.bf16)}


def test_a_bundle_of_before_these_figures_is_read_with_its_own_rule(bundle):
    path = bundle.path / "bundle.json"
    plain = json.loads(path.read_text())
    del plain["precisions"]
    path.write_text(json.dumps({**plain, "bf16_agreement": 0.99975}))
    loaded = load_bundle(bundle.path)

    assert (loaded.precisions, loaded.bf16_agreement) == (None, 0.99975)


def garment_score(photo):
    """Certain of the garment that `draw_pair` draws."""
    garment = photo[..., 0].astype(int) > photo[..., 1].astype(int) + 50
    return garment[..., np.newaxis].astype(np.float32)


def nothing_above(score):
    """The scores, but the upper half of the photo is all background."""

    def scores(photo):
        found = score(photo).copy()
        found[: len(photo) // 2] = np.eye(found.shape[-1])[0] if found.shape[-1] > 1 else 0
        return found

    return scores


def test_both_precisions_are_judged_against_the_ground_truth_at_full_size(bundle, tiny_set):
    samples = discover(tiny_set, check=False).samples
    found = judge_precisions(bundle, garment_score, nothing_above(garment_score), samples)
    expected = []
    for sample in samples:
        target = sample.truth.read() >= 128
        lower = target.copy()
        lower[: len(target) // 2] = False
        expected.append(2 * lower.sum() / (lower.sum() + target.sum()))

    assert found.photos == len(samples) == 6
    assert found.f32 == Exactness(1.0, 1.0, 6)
    assert found.bf16.dice == pytest.approx(np.mean(expected), abs=1e-6)
    assert found.bf16.boundary_f1 < 0.9
    assert found.bf16.clean == 0
    assert found.lost == ("dice", "boundary_f1", "clean")


def test_a_model_of_classes_is_judged_by_the_same_figures_of_its_classes(tmp_path):
    samples = []
    for seed in range(3):
        photo, indices = draw_classes(seed)
        places = tmp_path / f"photo-{seed}.png", tmp_path / f"labels-{seed}.png"
        for place, picture in zip(places, (photo, indices), strict=True):
            Image.fromarray(picture).save(place)
        coding = Coding((0, 1, 2), (0, 1, 2))
        samples.append(Sample(str(seed), places[0], LabelFile(places[1], coding)))
    bundle = write_bundle(tmp_path / "model", labels=LABELS, confidence_model=None)
    found = judge_precisions(bundle, colour_score, nothing_above(colour_score), samples)

    assert found.f32 == Exactness(1.0, 1.0, 3)
    assert 0.5 < found.bf16.dice < 0.9
    assert found.bf16.clean == 0
