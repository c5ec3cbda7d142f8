"""The page of `review` in a real browser: what a retoucher does is what is on the disk."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from support.browser import COMES_BACK, Server
from support.bundles import CONFIDENCE_MODEL
from support.desk import NAMES, draw_results, read
from support.folder_job import cut_folder
from support.waiting import wait_until

from segmentation.confidence.edge_distances import EdgeDistances
from segmentation.confidence.places import FIGURES, PlaceModel

SIZE = 160, 220
DIGEST = """(() => {
    const {view} = review, {width, height} = view.canvas;
    view.draw();
    const drawn = view.canvas.getContext('2d').getImageData(0, 0, width, height).data;
    return drawn.reduce((digest, value) => (31 * digest + value) | 0, 0);
})()"""

THUMBNAIL = """(() => {
    const picture = document.querySelector('#rows img');
    if (!picture.complete || !picture.naturalWidth) return null;
    const seen = new OffscreenCanvas(112, 112).getContext('2d');
    seen.drawImage(picture, 0, 0);
    return String(seen.getImageData(0, 0, 112, 112).data);
})()"""


@pytest.fixture
def results(tmp_path):
    return draw_results(tmp_path, size=SIZE)


@pytest.fixture
def server(results):
    with Server(results) as started:
        yield started


def region_of(page):
    return page("review.view.regions[0].at")


def decisions(results):
    lines = [json.loads(line) for line in (results / "review.jsonl").read_text().splitlines()]
    return {line["photo"]: line["decision"] for line in lines if line["did"] == "decide"}


def test_a_folder_is_decided_with_the_keyboard(server, results, tab):
    page = tab(server.address)
    order = page("review.queue.shown.map(photo => photo.name)")
    assert sorted(order) == sorted(NAMES)
    places = [order.index("a_Front"), order.index("a_Back")]
    assert abs(places[0] - places[1]) == 1  # viewpoints of one garment side by side

    keys = ["Enter", "r", "a", "Enter", "Enter"]
    for number, key in enumerate(keys):
        assert page.name == order[number]
        page.settle()
        page.press(key)
        page.wait_for(f"review.work && review.queue.current.name === {order[number + 1]!r}")
    page.wait_for("document.getElementById('left').textContent.startsWith('1 left')")

    wait_until(lambda: len(decisions(results)) == 5)
    expected = ["accepted", "redo", "accepted", "accepted", "accepted"]
    assert decisions(results) == dict(zip(order, expected, strict=False))

    page.press("ArrowLeft")  # decisions can be changed
    page.wait_for(f"review.work && review.queue.current.name === {order[4]!r}")
    page.press("r")
    wait_until(lambda: decisions(results)[order[4]] == "redo")
    status, printed = server.end()
    assert status == 0
    assert "3 of 6 accepted, 0 of them changed; 2 to be redone; 1 left" in printed
    rows = list(csv.DictReader((results / "review.csv").open()))
    decided = {row["photo"]: row["decision"] for row in rows if row["decision"]}
    assert decided == decisions(results)


def test_what_the_canvas_shows_is_what_is_written_pixel_by_pixel(server, results, tab):
    """A region, hard and soft strokes, a lasso, an undo: the same on the page, in the canvas, in the file."""
    page = tab(server.address)
    name = page.name
    page.click(*region_of(page))
    assert page("review.queue.current.undo") == 1
    page.press("b")
    page("review.tools.settings.size = 17; review.tools.settings.hardness = 0.4;")
    page.drag((40, 50), (90, 60), (120, 140))
    page.press("e")
    page.drag((60, 100), (140, 100))
    page.press("1", "x", "x")
    page("review.tools.settings.size = 1; review.tools.settings.hardness = 1;")
    page.zoom(16, 80, 110)
    page.drag((75.5, 110.5), (85.5, 110.5))
    page.zoom(2, 80, 110)
    page.press("l")
    page.drag((30, 150), (60, 150), (60, 190), (35, 180))
    page.drag((100, 150), (130, 150), (130, 190))
    page.press("Control+z")
    page.settle()
    assert page("[review.queue.current.undo, review.queue.current.redo]") == [5, 1]
    mask = page.mask()
    page("document.querySelector('[data-view=mask]').click()")
    page.zoom(1, 80, 110)
    assert np.array_equal(page.seen_mask(0, 0, *SIZE), mask)
    page.zoom(8, 80, 110)
    part = page.seen_mask(50, 80, 60, 50)
    assert np.array_equal(part, np.kron(mask[80:130, 50:110], np.ones((8, 8), np.uint8)))

    page.press("Enter")
    path = results / "masks" / f"{name}.png"
    wait_until(lambda: np.array_equal(read(path), mask))
    assert len({*np.unique(mask)}) > 20  # soft edges among them
    wait_until(lambda: np.array_equal(read(results / "cutouts" / f"{name}.png")[..., 3], mask))
    assert not np.array_equal(read(results / "predicted" / f"{name}.png"), mask)


def test_work_survives_a_reload_and_the_death_of_the_program(server, results, tab):
    page = tab(server.address)
    page.press("b")
    page("review.tools.settings.size = 12")
    page.drag((20, 20), (60, 30))
    page.drag((20, 60), (60, 70))
    mask = page.mask()

    page.tab.reload()
    page.wait_for("window.review && review.work")
    assert np.array_equal(page.mask(), mask)

    page.press("b")
    page.drag((20, 120), (80, 130), release=False)
    server.kill()  # in the middle of a stroke
    page.tab.mouse.up()
    page.wait_for("!document.getElementById('offline').hidden")
    server.start()
    page.wait_for("document.getElementById('offline').hidden")
    page.settle()
    wait_until(lambda: page("review.queue.current.undo") == 3)

    page.tab.reload()
    page.wait_for("window.review && review.work")
    assert (page.mask()[118:122, 30:70] == 255).any()
    page.press("Control+z")
    page.settle()
    assert np.array_equal(page.mask(), mask)
    page.press("Control+z")
    page.settle()
    page.press("Control+z")
    page.settle()
    assert np.array_equal(page.mask(), read(results / "masks" / f"{page.name}.png"))


def test_a_stroke_that_is_given_up_while_the_one_before_is_on_its_way_is_nowhere(server, tab):
    page, held = tab(server.address), []
    page.press("b")
    page.tab.route("**/edit", lambda route: held.append(route))
    page.drag((20, 20), (60, 30), release=False)
    page.tab.mouse.up()
    page.wait_for("review.work.waiting.length === 1")
    before = page.mask()
    page.drag((20, 120), (80, 130), release=False)
    assert (page.mask() != before).any()
    page.press("Escape")
    page.tab.mouse.up()

    wait_until(lambda: page("true") and held)
    held[0].continue_()
    page.settle()

    shown = page.mask()
    assert page("review.queue.current.undo") == 1
    page.tab.reload()
    page.wait_for("window.review && review.work")
    assert np.array_equal(shown, page.mask())


def test_one_finger_draws_at_a_time(server, tab):
    page = tab(server.address)
    page.press("b")
    page("review.tools.settings.size = 12")
    before = page.mask()

    page.touch("touchStart", f0=(20, 20))
    page.touch("touchMove", f0=(60, 30))
    page.touch("touchStart", f0=(60, 30), f1=(20, 190))
    page.touch("touchMove", f0=(90, 40), f1=(60, 190))
    page.touch("touchMove", f0=(130, 50))  # the other one is up
    page.touch("touchEnd")
    page.settle()

    shown = page.mask()
    assert page("review.queue.current.undo") == 1
    assert (shown[[20, 30, 40, 50], [20, 60, 90, 129]] == 255).all()
    assert np.array_equal(shown[100:], before[100:])
    page.tab.reload()
    page.wait_for("window.review && review.work")
    assert np.array_equal(shown, page.mask())


def test_a_stroke_that_the_system_takes_away_is_given_up(server, tab):
    page = tab(server.address)
    before = page.mask()
    for tool in ("b", "l", "h"):
        page.press(tool)
        page.touch("touchStart", f0=(20, 20))
        page.touch("touchMove", f0=(60, 30))
        page.touch("touchMove", f0=(60, 90))
        assert (page.mask() != before).any() or page("review.tools.line.length") > 1

        page.touch("touchCancel")

        page.settle()
        assert np.array_equal(page.mask(), before)
        assert page("[review.queue.current.undo, review.tools.line.length]") == [0, 0]
    page.press("b")
    page.drag((20, 20), (60, 30))
    assert page("review.queue.current.undo") == 1


def test_strokes_that_wait_are_kept_where_the_program_ends_between_recording_one_and_answering(server, tab):
    page, held = tab(server.address), []
    page.press("b")
    page("review.tools.settings.size = 12")
    page.tab.route("**/edit", lambda route: held.append(route), times=1)
    for y in (20, 60, 190):
        page.drag((20, y), (60, y), release=False)
        page.tab.mouse.up()
    page.wait_for("review.work.waiting.length === 3")
    wait_until(lambda: page("true") and held)

    held[0].fetch()
    server.kill()
    held[0].abort()
    page.wait_for("!document.getElementById('offline').hidden")
    server.start()
    page.settle()

    assert page("review.queue.current.undo") == 3
    shown = page.mask()
    assert (shown[[20, 60, 190], 40] == 255).all()
    page.tab.reload()
    page.wait_for("window.review && review.work")
    assert np.array_equal(shown, page.mask())


def test_the_tab_is_not_closed_unasked_while_something_of_an_earlier_photo_waits(server, tab):
    page, held = tab(server.address), []
    closes = "dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    first = page.name
    page.tab.route("**/decide", lambda route: held.append(route))
    page.press("Enter")
    page.wait_for(f"review.work && review.queue.current.name !== {first!r}")
    wait_until(lambda: page("true") and held)
    assert not page("review.work.waiting.length")

    assert not page(closes)

    held[0].continue_()
    page.wait_for(closes)


def test_a_photo_that_could_not_be_shown_is_shown_once_the_program_is_back(server, tab):
    page = tab(server.address)
    page.settle()
    server.kill()
    page("void review.show(review.queue.shown[4])")
    page.wait_for("!review.view.layers && !document.getElementById('offline').hidden")

    server.start()

    page.wait_for("review.work && review.view.layers === review.work.layers")
    assert page("review.work.id === review.queue.shown[4].id")


def test_a_photo_that_was_fetched_ahead_is_shown_as_another_tab_has_changed_it(server, tab):
    one, other = tab(server.address), tab(server.address)
    ahead = other("review.queue.nextOpen.id")
    fetched = f"({{name}}) => name.includes('{ahead}/mask')"
    other.wait_for(f"performance.getEntriesByType('resource').some({fetched})")
    one.press("ArrowRight")
    one.wait_for(f"review.work?.id === '{ahead}'")
    one.press("b")
    one.drag((20, 20), (60, 30))
    other(COMES_BACK)
    other.wait_for(f"review.queue.all.get('{ahead}').undo")

    other.press("ArrowRight")

    other.wait_for(f"review.work?.id === '{ahead}'")
    assert other("review.queue.current.undo") == 1
    assert np.array_equal(other.mask(), one.mask())


def test_what_was_asked_for_before_a_decision_does_not_take_it_back(server, tab):
    page, late = tab(server.address), []
    page.tab.route("**/overview", lambda route: late.append((route, route.fetch())), times=1)
    page(COMES_BACK)
    wait_until(lambda: page("true") and late)
    page.press("r")
    page.wait_for("review.queue.shown[0].revision && review.work?.id === review.queue.shown[1].id")
    page("document.title = ''")
    [(route, answer)] = late

    route.fulfill(response=answer)

    page.wait_for("document.title")
    assert page("review.queue.shown[0].decision") == "redo"


def test_a_wheel_and_a_trackpad_zoom_by_as_much_as_they_are_moved(server, tab):
    page = tab(server.address)

    def zoomed(scale, times, **event):
        page.zoom(scale, 80, 110)
        page.turn_wheel(times, **event)
        return page("review.view.scale")

    for notch in ({"deltaY": 100}, {"deltaY": 120}, {"deltaY": 53}, {"deltaY": 3, "deltaMode": 1}):
        into = {**notch, "deltaY": -notch["deltaY"]}
        assert [zoomed(1, times, **into) for times in (1, 2, 6)] == [2, 3, 8]
        assert zoomed(0.5, 1, **into) == pytest.approx(0.625)
        assert zoomed(3, 1, **notch) == 2
        assert zoomed(0.5, 1, **notch) == pytest.approx(0.4)
    assert zoomed(0.5, 15, deltaY=-2) == pytest.approx(0.5 * 1.25**0.3)
    assert zoomed(2, 15, deltaY=2) == pytest.approx(2 / 1.25**0.3)
    assert zoomed(1, 5, deltaY=-60, wheelDeltaY=180) == pytest.approx(1.25**3)  # of a trackpad in a hurry
    assert zoomed(1, 8, deltaY=-1, ctrlKey=True) == pytest.approx(np.exp(0.08))
    for scale in (0.5, 2):
        assert zoomed(scale, 3, deltaY=0) == zoomed(scale, 3, deltaY=0, ctrlKey=True) == scale

    page.zoom(1, 80, 110)
    left, top = page("[review.view.left, review.view.top]")
    page.turn_wheel(100, deltaY=-1)
    page.turn_wheel(100, deltaY=1)
    assert page("[review.view.left, review.view.top]") == pytest.approx([left, top], abs=1e-6)


def test_a_wheel_and_a_trackpad_size_the_brush_by_as_much_as_they_are_moved(server, tab):
    page = tab(server.address)
    page.press("b")

    def sized(size, times, **event):
        page(f"review.tools.settings.size = {size}")
        page.turn_wheel(times, shiftKey=True, **event)
        return page("review.tools.settings.size")

    assert [sized(24, 1, deltaY=-100), sized(24, 1, deltaX=100), sized(2, 2, deltaY=-100)] == [28, 21, 4]
    assert [sized(24, 16, deltaY=-2), sized(24, 16, deltaY=2), sized(24, 3, deltaY=0)] == [25, 23, 24]
    assert sized(100, 100, deltaY=-2) == pytest.approx(100 * 1.15**2, abs=2)


def test_two_tabs_on_one_photo_do_not_overwrite_each_other(server, tab):
    one, other = tab(server.address), tab(server.address)
    assert one.name == other.name
    for page in (one, other):
        page.press("b")
    one.drag((20, 20), (60, 30))

    other.drag((20, 120), (60, 130))

    other.wait_for("document.getElementById('notice').textContent.includes('changed elsewhere')")
    other.wait_for("review.work")
    assert np.array_equal(other.mask(), one.mask())
    other.drag((20, 120), (60, 130))
    assert other("review.queue.current.undo") == 2


def test_the_list_shows_the_mask_that_predict_made_last(server, results, tab):
    page = tab(server.address)
    page.wait_for(THUMBNAIL)
    before = page(THUMBNAIL)

    cut_folder(results.parent / "photos", results, threshold=0.8)
    page(COMES_BACK)

    wait_until(lambda: page(THUMBNAIL) not in (None, before))


def test_the_list_shows_a_mask_as_it_was_corrected_also_after_a_reload(server, tab):
    page = tab(server.address)
    page("review.queue.order.value = 'names'; review.queue.order.dispatchEvent(new Event('change'))")
    page("void review.show(review.queue.shown[0])")
    page.wait_for("review.work?.id === review.queue.shown[0].id")
    page.wait_for(THUMBNAIL)
    predicted = page(THUMBNAIL)
    page.press("b")
    page("review.tools.settings.size = 40")
    page.drag((30, 30), (130, 40))
    wait_until(lambda: page(THUMBNAIL) not in (None, predicted))
    corrected = page(THUMBNAIL)

    page.tab.reload()
    page.wait_for("window.review && review.work")
    page("review.queue.order.value = 'names'; review.queue.order.dispatchEvent(new Event('change'))")
    wait_until(lambda: page(THUMBNAIL) == corrected)

    page("void review.show(review.queue.shown[0])")
    page.wait_for("review.work?.id === review.queue.shown[0].id")
    page.press("Control+z")
    page.settle()
    wait_until(lambda: page(THUMBNAIL) == predicted)


def test_a_smart_stroke_is_followed_undone_and_there_after_a_reload(results, tab):
    with Server(results, "--model", "default") as server:
        page = tab(server.address)
        before = page.mask()
        page.press("q", "x")  # the other one of garment and not garment
        page("review.tools.settings.size = 10; review.tools.settings.add = false; review.tools.settle()")
        page.drag((80, 100), (84, 130))
        once = page.mask()
        assert once[104:126, 81:83].max() < 128
        page.drag((60, 120), (66, 140))
        twice = page.mask()
        assert page("review.queue.current.undo") == 2
        assert not page("review.tools.followed.length")

        page.tab.reload()
        page.wait_for("window.review && review.work")
        assert np.array_equal(page.mask(), twice)
        for expected in (once, before):
            page.press("Control+z")
            page.settle()
            assert np.array_equal(page.mask(), expected)


def test_without_a_network_the_smart_brush_says_why(server, tab):
    page = tab(server.address)  # of masks whose model is nowhere
    button = page.tab.locator("[data-tool=hint]")
    page.wait_for(
        "document.querySelector('[data-tool=hint]').title.includes('the model that the masks are of')"
    )
    assert button.get_attribute("aria-disabled") == "true"

    page.press("q")

    assert page("review.tools.tool") == "pointer"
    assert "the model that the masks are of" in page.tab.locator("#notice").text_content()
    page.press("b")
    page.drag((20, 20), (60, 30))
    assert page("review.queue.current.undo") == 1


def test_enter_presses_the_button_that_the_keyboard_came_to_and_else_accepts(server, tab):
    page = tab(server.address)
    first = page("review.queue.current.id")
    page.tab.focus("#show-summary")
    page.press("Enter")
    page.wait_for("document.getElementById('summary').open")
    page.press("Escape")
    assert page("review.queue.current.id") == first
    page.tab.click("#next")
    page.tab.click("#previous")
    page.wait_for("review.work")
    page.press("Enter")
    page.wait_for(f"review.queue.current.id !== {json.dumps(first)}")


def test_a_folder_is_exported(server, results, tab):
    page = tab(server.address)
    page.press("Enter")
    page.tab.click("#show-export")
    page.tab.click("[data-form=zip]")
    page.wait_for("document.getElementById('exported').textContent.includes('1 photo in')")
    with page.tab.expect_download() as download:
        page.tab.click("#exported a")

    assert download.value.path().read_bytes() == (results / "accepted.zip").read_bytes()


def test_learning_is_begun_on_the_page_and_says_what_is_missing(server, tab):
    page = tab(server.address)
    page.wait_for("!document.getElementById('show-learn').hidden")
    page.tab.click("#show-learn")
    page.tab.fill("#learn-validation", "nowhere")
    page.tab.click("#learn-begin")
    page.wait_for(
        "document.getElementById('learn-outcome').textContent.includes('nowhere: expected a folder')"
    )
    page.tab.fill("#learn-validation", "")
    page.tab.fill("#learn-name", "mine")
    page.tab.click("#learn-begin")
    page.wait_for("document.getElementById('learn-outcome').textContent.includes('corrected')")

    said = page.tab.text_content("#learn-outcome")
    assert "masks that a person corrected, found none" in said
    assert "`" not in said
    assert page("document.getElementById('learn-begin').hidden") is False
    page.tab.click("#learn button[value=close]")
    assert page("document.getElementById('learn').open") is False


def test_the_key_turns_the_region_that_is_highlighted_and_a_click_the_smallest_one(results, tab):
    manifest = results / "predictions.jsonl"
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    whole = dict(zip(("left", "top", "width", "height"), (0, 0, *SIZE), strict=True))
    for line in lines:  # a region about that of the sash, in its middle
        line["odd_end"] = {**whole, "probability": 0.9, "kind": "excess", "signs": []}
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with Server(results) as server:
        page = tab(server.address)
        around, sash = page("review.view.regions.map(({box}) => box)")
        before = page.mask()

        page.press("n", "t")
        page.settle()
        assert page.mask().max() < 128
        page.press("t", "n", "t")
        page.settle()
        x, y = sash[0] + sash[2] / 2, sash[1] + sash[3] / 2
        assert page.mask()[int(y), int(x)] < 128
        assert page.mask()[around[1] + 3, around[0] + around[2] // 2] > 127
        page.click(x, y)
        assert ((page.mask() > 127) == (before > 127)).mean() > 0.99


def test_lines_of_the_true_edge_and_likely_faults_are_seen_where_they_are_known(server, tmp_path, tab):
    page = tab(server.address)
    page.press("o")
    assert "not known here" in page.tab.text_content("#notice")
    assert page("document.getElementById('lines').hidden") is True

    edges = EdgeDistances(40, (0.02,) * 22, (0.02,) * 22)
    places = PlaceModel({**dict.fromkeys(FIGURES, 0.0), "differs": 3.0}, -1.0, 0.0, 1.0, 0.9, 100, 10)
    knowing = dataclasses.replace(CONFIDENCE_MODEL, edges=edges, places=places)
    folder = tmp_path / "knowing"
    known = draw_results(folder, size=SIZE, knowing=knowing, trimap=True, trimap_certainty=0.9)
    with Server(known) as started:
        page = tab(started.address)
        region = page("review.view.regions.find(region => region.probability != null)")
        assert 0.5 < region["probability"] < 1
        assert "the second opinion differs" in region["signs"]

        def drawn():
            return page(DIGEST)

        page.settle()
        before = drawn()
        page.press("o")
        page.settle()
        after = drawn()
        assert before != after
        lines = np.concatenate(page("review.work.about.edge_lines"))
        assert ((lines >= 0) & (lines <= SIZE)).all()
        page.press("o")
        page.settle()
        assert drawn() == before
