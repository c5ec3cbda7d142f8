"""The smart brush of a review: a rough stroke, and the mask as the network understands it."""

import json
import shutil

import numpy as np
import pytest
from support.desk import NAMES, draw_results
from support.folder_job import BUNDLE
from support.places import ROOT

from segmentation.bundle.finding import find_bundle, find_by_digest
from segmentation.config.jobs.review import ReviewOptions
from segmentation.core.errors import DataError
from segmentation.core.file_kinds import REVIEW_JOURNAL
from segmentation.core.size import Size
from segmentation.core.workspace import Workspace
from segmentation.inference.scoring import Passes
from segmentation.jobs.context import Context
from segmentation.jobs.review import review
from segmentation.preprocessing.preprocessing import NO_STROKE
from segmentation.preprocessing.second_pass import SecondPassView, in_8_bits
from segmentation.retouch.desk import Desk, StaleError
from segmentation.retouch.hints import find_hint, settled_in
from segmentation.retouch.network import Network
from segmentation.retouch.operations import Area, Stroke, parse, plain
from segmentation.retouch.sheet import Sheet

MODELS = ROOT / "models"
GROUND, BODICE, STRAP = 0, 1, 2  # colours of the photo, in its first channel
STRAPS = (slice(20, 60), slice(30, 50)), (slice(20, 60), slice(70, 90))
LIKELY, UNLIKELY = np.float32(0.8), np.float32(0.2)


def scene():
    """A bodice with two straps, which the first pass and the mask have left out."""
    colours = np.full((160, 120), GROUND, np.uint8)
    colours[60:140, 25:95] = BODICE
    for strap in STRAPS:
        colours[strap] = STRAP
    mask = np.where(colours == BODICE, np.uint8(255), np.uint8(0))
    return np.dstack([colours] * 3), mask


def by_colour(seen):
    """A network for which all of the colour of a certain pixel is like it; else it repeats the guide."""
    colours, guide = seen[..., 0], seen[..., 3]
    scores = np.where(guide >= 128, LIKELY, UNLIKELY)
    for colour in (GROUND, BODICE, STRAP):
        for certain in (0, 255):
            if ((colours == colour) & (guide == certain)).any():
                scores[colours == colour] = certain / 255
    return scores[..., np.newaxis].astype(np.float32)


def passes(second, *, strokes=False):
    view = SecondPassView("crop", 50.0, 0.5, Size(height=160, width=120))
    return Passes(lambda _photo: pytest.fail("not asked"), second, view, nearby=False, strokes=strokes)


def told(stroke, sheet, done=(), second=by_colour, *, strokes=False):
    photo, mask = scene()
    first = in_8_bits(np.where(mask >= 128, LIKELY, UNLIKELY)[..., np.newaxis])
    network = passes(second, strokes=strokes)
    return find_hint(stroke, photo, first, network, 0.5, sheet.alpha, settled_in(sheet, done))


def on_strap(number, *, add=True, size=6):
    rows, columns = STRAPS[number]
    middle = (columns.start + columns.stop) / 2
    return Stroke(add, size, 1.0, ((middle, rows.start + 8), (middle, rows.start + 24)))


def covered(stroke, shape):
    return Sheet(np.zeros(shape, np.uint8), [Stroke(True, stroke.size, 1.0, stroke.points)]).alpha >= 128


def test_a_rough_stroke_brings_in_all_that_it_lies_on_and_nothing_elsewhere():
    sheet = Sheet(scene()[1])

    sheet.do(told(on_strap(0), sheet))

    garment = sheet.alpha >= 128
    assert garment[STRAPS[0]].all()
    assert not garment[STRAPS[1]].any()  # though the network would have it, it is another place
    beside = np.ones(garment.shape, bool)
    beside[17:63, 27:53] = False
    assert np.array_equal(sheet.alpha[beside], sheet.base[beside])


def test_strokes_add_up_and_each_is_taken_back_by_one_undo():
    sheet, done, masks = Sheet(scene()[1]), [], []
    for stroke in (on_strap(0), on_strap(1), on_strap(0, add=False)):
        masks.append(sheet.alpha.copy())
        done.append(told(stroke, sheet, done))
        sheet.do(done[-1])

    garment = sheet.alpha >= 128
    assert not garment[covered(on_strap(0), garment.shape)].any()
    assert garment[STRAPS[0]].any()  # of which the network still thinks otherwise
    assert garment[covered(on_strap(1), garment.shape)].all()  # an earlier stroke stays as it was meant
    for before in reversed(masks):
        sheet.undo()
        assert np.array_equal(sheet.alpha, before)


def test_the_network_is_told_of_every_stroke_and_of_what_was_done_by_hand():
    sheet, seen = Sheet(scene()[1]), []
    lasso = Area(False, ((60, 100), (90, 100), (90, 130), (60, 130)))
    sheet.do(lasso)
    hint = told(on_strap(0), sheet, [lasso])
    sheet.do(hint)

    told(on_strap(1), sheet, [lasso, hint], second=lambda part: seen.append(part[..., 3]) or by_colour(part))

    (guide,) = seen
    assert set(np.unique(guide)) == {0, 51, 204, 255}
    strokes = covered(on_strap(0), sheet.alpha.shape) | covered(on_strap(1), sheet.alpha.shape)
    assert np.count_nonzero(guide == 255) == np.count_nonzero(strokes)
    assert np.count_nonzero(guide == 0) == 30 * 30


def test_a_network_that_was_trained_on_strokes_sees_them_apart_from_the_first_scores():
    sheet, seen = Sheet(scene()[1]), []
    lasso = Area(False, ((60, 100), (90, 100), (90, 130), (60, 130)))
    sheet.do(lasso)

    def second(part):
        seen.append(part)
        return by_colour(part[..., [0, 1, 2, 3]])  # which takes what was said for its guide

    hint = told(on_strap(0), sheet, [lasso], second, strokes=True)

    (part,) = seen
    assert part.shape[2] == 5
    assert {*np.unique(part[..., 4])} == {51, 204}
    drawn = np.count_nonzero(covered(on_strap(0), sheet.alpha.shape))
    assert np.count_nonzero(part[..., 3] == 255) == drawn
    assert np.count_nonzero(part[..., 3] == 0) == 30 * 30
    assert {*np.unique(part[..., 3])} == {0, NO_STROKE, 255}
    sheet.do(hint)
    assert (sheet.alpha[STRAPS[0]] >= 128).all()


@pytest.mark.parametrize("add", [True, False])
def test_a_stroke_is_obeyed_where_it_lies_whatever_the_network_says(add):
    sheet = Sheet(scene()[1])
    stroke = on_strap(0) if add else Stroke(False, 9, 1.0, ((40, 90), (70, 100)))

    sheet.do(told(stroke, sheet, second=lambda part: np.full((*part.shape[:2], 1), 1 - add, np.float32)))

    own = covered(stroke, sheet.alpha.shape)
    assert ((sheet.alpha[own] >= 128) == add).all()
    assert np.array_equal((sheet.alpha >= 128)[~own], (sheet.base >= 128)[~own])


@pytest.mark.parametrize("says", [0.0, 1.0])
def test_a_stroke_that_adds_takes_nothing_out_and_the_other_way_round(says):
    def second(part):
        return np.full((*part.shape[:2], 1), says, np.float32)

    more, less = Sheet(scene()[1]), Sheet(scene()[1])
    more.do(told(on_strap(0), more, second=second))
    less.do(told(on_strap(0, add=False), less, second=second) or on_strap(0, add=False))

    assert (more.alpha >= more.base).all()
    assert (less.alpha <= less.base).all()


def test_what_was_done_by_hand_is_not_undone_by_a_stroke():
    sheet = Sheet(scene()[1])
    lasso = Area(False, ((30, 62), (50, 62), (50, 80), (30, 80)))
    sheet.do(lasso)

    sheet.do(told(on_strap(0), sheet, [lasso], second=lambda part: np.ones((*part.shape[:2], 1), np.float32)))

    assert (sheet.alpha[20:60, 30:50] >= 128).all()
    assert not sheet.alpha[66:76, 34:46].any()


def test_what_an_earlier_stroke_brought_in_and_a_person_erased_stays_out():
    """The stroke brings in more than was wanted, the eraser takes that out, and another stroke follows."""
    sheet = Sheet(scene()[1])
    done = [told(on_strap(0), sheet)]
    sheet.do(done[0])
    done.append(Stroke(False, 10, 1.0, ((28, 50), (52, 50))))
    sheet.do(done[1])

    sheet.do(told(on_strap(0), sheet, done))

    lower = sheet.alpha[47:53, 30:50]
    assert (sheet.alpha[20:40, 30:50] >= 128).all()
    assert not lower.any()


def test_a_stroke_far_from_the_garment_is_seen_by_the_network_too():
    photo = np.zeros((400, 300, 3), np.uint8)
    mask = np.zeros((400, 300), np.uint8)
    photo[300:380, 40:200] = BODICE
    mask[300:380, 40:200] = 255
    photo[20:40, 240:280] = STRAP
    first = in_8_bits(np.where(mask >= 128, LIKELY, UNLIKELY)[..., np.newaxis])
    stroke = Stroke(True, 5, 1.0, ((250, 30), (265, 30)))

    hint = find_hint(stroke, photo, first, passes(by_colour), 0.5, mask, np.zeros(mask.shape, bool))

    assert (Sheet(mask, [hint]).alpha[20:40, 240:280] >= 128).all()
    beside = Stroke(True, 5, 1.0, ((-50, -30), (-65, -30)))
    assert find_hint(beside, photo, first, passes(by_colour), 0.5, mask, np.zeros(mask.shape, bool)) is None


def test_a_hint_is_the_same_after_it_was_written_down():
    sheet = Sheet(scene()[1])
    hint = told(on_strap(0), sheet)

    read = parse(json.loads(json.dumps(plain(hint))))

    assert (read.add, read.size, read.points) == (hint.add, hint.size, hint.points)
    assert np.array_equal(Sheet(sheet.base, [read]).alpha, Sheet(sheet.base, [hint]).alpha)


@pytest.mark.parametrize(
    "damage",
    [
        {"alpha": "!"},
        {"alpha": "eJwDAAAAAAE="},  # no value
        {"alpha": None},
        {"runs": "1 1"},  # fewer pixels than values
        {"size": 0},
        {"points": []},
        {"box": [0, 0, 1e9, 1e9]},
    ],
)
def test_a_damaged_hint_is_refused(damage):
    whole = plain(told(on_strap(0), Sheet(scene()[1])))

    with pytest.raises(DataError, match="expected a stroke"):
        parse({**whole, **damage})


# On the desk, with the model that comes with the program


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw_results(tmp_path_factory.mktemp("drawn"), names=NAMES[:2], size=(160, 220))


@pytest.fixture
def results(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "results")


def default():
    return find_bundle("default", MODELS)


def first_of(desk):
    return desk.photos()[0]


STROKES = Stroke(True, 9, 1.0, ((20, 30), (50, 40))), Stroke(False, 12, 1.0, ((80, 110), (85, 140)))


def test_a_review_that_goes_on_needs_no_network_for_what_was_done(results):
    with Desk(results, network=Network(default)) as desk:
        photo = first_of(desk)
        desk.hints.prepare(photo)
        for revision, stroke in enumerate(STROKES):
            desk.hints.hint(photo, revision, stroke)
        mask = desk.alpha(photo).alpha
        for stroke in STROKES:
            assert ((mask[covered(stroke, mask.shape)] >= 128) == stroke.add).mean() > 0.99
        assert desk.state_of(photo.stem).effort.steps == {"hint": 2}

    with Desk(results) as desk:
        assert np.array_equal(desk.alpha(photo).alpha, mask)
        desk.undo(photo, 2)
        desk.undo(photo, 3)
        assert np.array_equal(desk.alpha(photo).alpha, desk.alpha(photo, predicted=True).alpha)
        desk.redo(photo, 4)
        desk.redo(photo, 5)
        assert np.array_equal(desk.alpha(photo).alpha, mask)


def test_a_stroke_on_a_mask_that_changed_elsewhere_is_told(results):
    with Desk(results, network=Network(default)) as desk:
        photo = first_of(desk)
        desk.hints.hint(photo, 0, STROKES[0])

        with pytest.raises(StaleError):
            desk.hints.hint(photo, 0, STROKES[1])


def test_a_network_that_fails_is_a_message_and_the_review_goes_on(results):
    def broken():
        raise MemoryError("no room\nfor it")

    with Desk(results, network=Network(broken)) as desk:
        photo = first_of(desk)
        for ask in (
            desk.hints.check,
            lambda: desk.hints.prepare(photo),
            lambda: desk.hints.hint(photo, 0, STROKES[0]),
        ):
            with pytest.raises(DataError, match=r"the network failed \(MemoryError: no room\\nfor it\)"):
                ask()
        assert desk.edit(photo, 0, STROKES[0]).revision == 1
    lines = [json.loads(line) for line in (results / REVIEW_JOURNAL).read_text().splitlines()]
    assert [line["did"] for line in lines] == ["see", "keep", "edit"]


def test_a_model_of_one_pass_says_that_it_takes_no_strokes(results):
    for network, words in (
        (Network(lambda: default().first), "two passes, and default-first has one"),
        (None, "with a network"),
    ):
        with Desk(results, network=network) as desk, pytest.raises(DataError, match=words):
            desk.hints.check()


def test_strokes_are_told_to_the_model_that_the_masks_are_of(results, tmp_path):
    bundle = default()
    assert find_by_digest([bundle.digest], tmp_path).digest == bundle.digest
    assert find_by_digest([bundle.first.digest], tmp_path).digest == bundle.digest  # of `no_double_pass`
    assert find_by_digest([BUNDLE.digest], tmp_path) is None

    context = Context(Workspace(tmp_path))
    named = pytest.raises(DataError, match="`model`")
    with review(ReviewOptions.of(results=results), context) as desk, named:
        desk.hints.check()
    with review(ReviewOptions.of(results=results, model="default"), context) as desk:
        desk.hints.check()


def test_masks_with_hard_edges_keep_them(tmp_path):
    results = draw_results(tmp_path, names=NAMES[:1], size=(160, 220), binary=True)
    with Desk(results, network=Network(default)) as desk:
        photo = first_of(desk)
        desk.hints.hint(photo, 0, STROKES[0])

        assert {*np.unique(desk.alpha(photo).alpha)} == {0, 255}
