"""The page of `review` says the truth of a photo, of its regions, and of what its buttons and keys do."""

import dataclasses

import numpy as np
import pytest
from support.browser import Server
from support.bundles import CONFIDENCE_MODEL
from support.desk import draw_results
from support.folder_job import BUNDLE, cut_folder, draw_folder, scorer_knowing

from segmentation.confidence.cleanness import in_percent
from segmentation.confidence.outcomes import FaultOutcomes
from segmentation.confidence.places import FIGURES, PlaceModel
from segmentation.confidence.promise import make_promise
from segmentation.retouch.photos import find_cut_photos

SIZE = 160, 220
PLACES = PlaceModel({**dict.fromkeys(FIGURES, 0.0), "differs": 3.0}, -1.0, 0.0, 1.0, 0.9, 100, 10)
KNOWING = dataclasses.replace(CONFIDENCE_MODEL, places=PLACES)
KNOWS_CONFIDENCE = dataclasses.replace(BUNDLE, confidence_model=CONFIDENCE_MODEL)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Results of a model that knows where faults are likely; no test changes them."""
    return draw_results(tmp_path_factory.mktemp("known"), names=("a", "b", "c"), size=SIZE, knowing=KNOWING)


def test_a_photo_shows_how_likely_it_has_no_fault_which_is_what_the_list_goes_by(known, tab):
    photos = {photo.stem: photo for photo in find_cut_photos(known).values()}
    with Server(known) as server:
        page = tab(server.address)
        page("review.queue.order.value = 'photos'; review.queue.order.dispatchEvent(new Event('change'));")

        shown = page("review.queue.shown.map(({name}) => name)")
        badges = page("[...document.querySelectorAll('.row .badge')].map(({textContent}) => textContent)")
        heading = page("document.getElementById('badge').textContent")
        about = page("document.getElementById('badge').title")

    assert shown == sorted(photos, key=lambda name: photos[name].clean)
    percent = [in_percent(photos[name].clean) for name in shown]
    assert badges == [f"{one} clean" for one in percent]
    assert heading == f"{photos[shown[0]].decision} · {percent[0]} clean"
    assert about.startswith(f"Without a fault with a probability of {percent[0]}; expected Dice of the mask ")


def test_predictions_that_know_no_faults_show_their_confidence(tmp_path, tab):
    with Server(draw_results(tmp_path, names=("a",), size=SIZE)) as server:
        page = tab(server.address)

        assert " · 0." in page("document.getElementById('badge').textContent")
        assert page("document.getElementById('badge').title").startswith("Expected Dice of the mask 0.")


def test_what_was_promised_stands_at_the_top_whatever_is_decided_since(tmp_path, tab):
    outcomes = FaultOutcomes(
        (*np.linspace(0.9, 0.5, 100),), (False,) * 100, (False,) * 100, (*range(100),), 5, 100
    )
    usual = dict.fromkeys(CONFIDENCE_MODEL.usual, (-1.5, 9.0)) | {"lightness": (70.0, 90.0)}
    knowing = dataclasses.replace(CONFIDENCE_MODEL, usual=usual, outcomes=outcomes)
    results = tmp_path / "results"
    cut_folder(draw_folder(tmp_path / "in"), results, scorer=scorer_knowing(knowing), promise=0.05)
    taken = sum(photo.decision == "auto" for photo in find_cut_photos(results).values())
    promise = make_promise(outcomes, 0.05, 0.9)
    assert taken
    with Server(results) as server:
        page = tab(server.address)
        before = page("document.getElementById('promises').innerText")
        page.press("Enter")
        page.wait_for("[...review.queue.all.values()].some(({decision}) => decision === 'accepted')")
        page.tab.reload()
        page.wait_for("window.review && review.work")
        after = page("document.getElementById('promises').innerText")

    assert before.startswith(f"A promise: {promise.sentence(taken)}; that is about what was sorted as auto")
    assert after == before


def test_where_nothing_was_promised_nothing_stands_there(known, tab):
    with Server(known) as server:
        assert tab(server.address)("document.getElementById('promises').hidden")


@pytest.mark.parametrize("triage", [True, False])
def test_where_nobody_looked_for_doubtful_regions_the_page_does_not_say_that_there_are_none(
    tmp_path, tab, triage
):
    cut_folder(draw_folder(tmp_path / "in"), tmp_path / "results", bundle=KNOWS_CONFIDENCE, triage=triage)
    with Server(tmp_path / "results") as server:
        page = tab(server.address)
        page.press("n")

        said = page("document.getElementById('notice').textContent")
        count = page("document.getElementById('doubts').textContent")

    assert count == ("0" if triage else "?")
    assert said == "Nothing is doubtful here" if triage else "predict finds it without --no-triage" in said


def test_each_tip_says_what_its_button_does_and_every_key_is_in_one(known, tab):
    with Server(known) as server:
        page = tab(server.address)
        tips = page("[...document.querySelectorAll('[data-key]')].map(({title}) => title.split('\\n'))")
        entries = page(
            "import('./keys.js').then(({GROUPS}) => Object.values(GROUPS).map(Object.values).flat())"
        )

    first = [lines[0] for lines in tips]
    assert len({*first}) == len(first)
    told = {line.rpartition(" (")[0] for lines in tips for line in lines}
    assert {words for words, *_keys in entries} <= told


def test_the_colour_that_is_in_the_swatch_is_taken_by_a_click(known, tab):
    with Server(known) as server:
        page = tab(server.address)
        page.press("g")
        assert page("review.view.ground") == "checker"

        page.tab.click(".swatch[data-ground=colour]")

        assert page("[review.view.ground, review.view.colour]") == ["colour", "#3b6ea5"]
