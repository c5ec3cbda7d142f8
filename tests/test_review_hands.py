"""The page of `review` under fast hands, on other keyboards and screens, and while the program is away."""

from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from support.browser import COMES_BACK, OWN, Server
from support.desk import draw_results, read
from support.folder_job import cut_folder
from support.waiting import wait_until

SIZE = 160, 220
SAID = "document.getElementById('notice').textContent"
MESSAGES = "document.getElementById('messages').textContent"
GONE = {"status": 404, "json": {"detail": "Not Found"}, "headers": OWN}
CLOSES = "dispatchEvent(new Event('beforeunload', {cancelable: true}))"
OFFLINE = "document.getElementById('offline')"
OVERLAY = """(() => {
    const {cursor} = review.view;
    review.view.drawCursor();
    return cursor.getContext('2d').getImageData(0, 0, cursor.width, cursor.height).data.some(value => value);
})()"""


@pytest.fixture
def results(tmp_path):
    return draw_results(tmp_path, size=SIZE)


@pytest.fixture
def server(results):
    with Server(results) as started:
        yield started


def brush(page, size=12):
    page.press("b")
    page(f"review.tools.settings.size = {size}; review.tools.settings.hardness = 1")


def undo(page):
    return page("review.queue.current.undo")


# Fast hands


def test_a_mask_is_accepted_only_once_it_was_seen(server, tab):
    page, held = tab(server.address), []
    first = page.name
    page.tab.route("**/edit", lambda route: held.append(route))
    page.press("l")
    page.drag((20, 20), (60, 20), (60, 60), release=False)
    page.tab.mouse.up()
    wait_until(lambda: page("true") and held)

    page.press("Enter")

    assert "still changing" in page(SAID)
    assert page.name == first
    held[0].continue_()
    page.settle()
    assert page("review.queue.current.decision") is None
    page.press("Enter")
    page.wait_for(f"review.queue.current.name !== {first!r}")


def test_the_second_of_two_quick_presses_does_not_accept_the_next_photo_unseen(server, tab):
    page = tab(server.address)
    second = page("review.queue.shown[1].id")
    fetched = f"({{name}}) => name.includes('{second}/mask')"  # ahead
    page.wait_for(f"performance.getEntriesByType('resource').some({fetched})")
    page.wait_for("review.isSeen")

    page("""async () => {
        const first = review.work.id, press = () => document.getElementById('accept').click();
        press();
        while (!review.work || review.work.id === first) await new Promise(resolve => setTimeout(resolve));
        press();
    }""")

    page.settle()
    assert page("[review.work.id, review.queue.current.decision]") == [second, None]
    page.press("Enter")
    page.wait_for("review.queue.shown[1].decision === 'accepted'")


def test_a_smart_stroke_that_is_on_its_way_is_not_drawn_over_another_photo(server, tab):
    page, held = tab(server.address), []
    first = page.name
    page.tab.route("**/hint", lambda route: held.append(route))
    page("void review.tools.tell({add: true, size: 30, points: [[80, 100], [84, 130]]})")
    wait_until(lambda: page("true") and held)
    assert page(OVERLAY)

    page.press("ArrowRight")
    page.wait_for(f"review.work && review.queue.current.name !== {first!r}")

    assert not page(OVERLAY)
    held[0].abort()


def test_a_stroke_is_undone_before_the_program_has_answered_to_it(server, tab):
    page, held = tab(server.address), []
    before = page.mask()
    brush(page)
    page.tab.route("**/edit", lambda route: held.append(route), times=1)
    page.drag((20, 20), (60, 30), release=False)
    page.tab.mouse.up()
    wait_until(lambda: page("true") and held)
    assert not page("document.getElementById('undo').disabled")

    page.press("Control+z")
    assert page("document.getElementById('undo').disabled")
    held[0].continue_()
    page.settle()

    assert page("[review.queue.current.undo, review.queue.current.redo]") == [0, 1]
    assert np.array_equal(page.mask(), before)


def test_undo_ends_where_its_key_is_let_go(server, tab):
    page, held = tab(server.address), []
    brush(page)
    for y in (20, 40, 60, 80):
        page.drag((20, y), (60, y))
    page.tab.route("**/undo", lambda route: held.append(route), times=1)

    page.key("z", times=4, ctrlKey=True)  # held while the first one is on its way
    wait_until(lambda: page("true") and held)
    held[0].continue_()
    page.settle()

    assert page("[review.queue.current.undo, review.queue.current.redo]") == [3, 1]


def test_photos_that_are_passed_while_a_key_is_held_are_not_read_and_the_one_before_is_kept(server, tab):
    page = tab(server.address)
    ids = page("review.queue.shown.map(photo => photo.id)")

    def times_read(identity):
        entries = "performance.getEntriesByType('resource')"
        return page(f"{entries}.filter(({{name}}) => name.endsWith('{identity}/mask')).length")

    page.press("ArrowRight")
    wait_until(lambda: times_read(ids[2]))  # ahead
    page.press("ArrowLeft")
    page.wait_for(f"review.work?.id === {ids[0]!r}")
    page.key("ArrowRight", times=5)
    page.wait_for(f"review.work?.id === {ids[5]!r}")
    wait_until(lambda: times_read(ids[4]))

    assert [times_read(one) for one in ids] == [1, 1, 1, 0, 1, 1]


@pytest.mark.parametrize("how", ["double click", "Enter"])
def test_alt_does_the_opposite_for_a_polygon_however_it_is_closed(server, tab, how):
    page = tab(server.address)
    page("review.tools.settings.add = true")
    page.press("p")
    for place in ((20, 20), (140, 20), (140, 190)):
        page.click(*place)
    if how == "Enter":
        page.click(20, 190)
        page.press("Alt+Enter")
    else:
        page.tab.keyboard.down("Alt")
        page.tab.mouse.dblclick(*page.on_screen(20, 190))
        page.tab.keyboard.up("Alt")
    page.settle()

    assert undo(page) == 1
    assert page.mask()[25:185, 25:135].max() == 0
    page.press("Alt+Enter")  # with no polygon in hand
    assert page("review.queue.current.decision") is None


# Keyboards and screens


def test_keys_work_on_keyboards_of_other_letters_and_where_brackets_need_altgr(server, tab):
    page = tab(server.address)
    page.key("и", code="KeyB")
    assert page("review.tools.tool") == "brush"
    page.drag((20, 20), (60, 30))
    page.key("я", code="KeyZ", ctrlKey=True)
    page.settle()
    assert undo(page) == 0

    def sized(key, **event):
        page("review.tools.settings.size = 100; review.tools.settings.hardness = 0.5")
        page.key(key, **event)
        return page("[review.tools.settings.size, review.tools.settings.hardness]")

    as_windows, as_mac = {"ctrlKey": True, "altKey": True}, {"altKey": True}
    for event in ({}, as_windows, as_mac):
        assert [sized("[", **event), sized("]", **event)] == [[83, 0.5], [120, 0.5]]
        assert [sized("{", **event), sized("}", **event)] == [[100, 0.4], [100, 0.6]]
    assert [sized(","), sized("."), sized("<"), sized(">")] == [[83, 0.5], [120, 0.5], [100, 0.4], [100, 0.6]]
    for code in ("Comma", "Period", "BracketLeft", "BracketRight"):  # which type letters in Russian
        smaller = code in ("Comma", "BracketLeft")
        assert sized("ю", code=code) == ([83, 0.5] if smaller else [120, 0.5])
        assert sized("Ю", code=code, shiftKey=True) == ([100, 0.4] if smaller else [100, 0.6])
    assert sized("∫", code="KeyE", altKey=True) == [100, 0.5]
    assert page("review.tools.tool") == "brush"


def test_keys_go_to_the_photo_again_after_a_colour_and_a_filter(server, tab):
    page = tab(server.address)
    first = page.name
    page.press("g")
    page.tab.focus("#colour")
    page.press("b")  # the picker was closed without a choice
    assert page("review.tools.tool") == "brush"
    page.tab.fill("#colour", "#112233")
    page.press("Enter")
    page.wait_for(f"review.work && review.queue.current.name !== {first!r}")

    page.tab.focus("#filter")
    page.press("Escape", "e")
    assert page("review.tools.tool") == "eraser"


def test_strokes_are_where_they_are_drawn_when_the_window_moves_to_a_finer_screen(server, tab):
    page = tab(server.address)
    brush(page)
    page.zoom(2, 80, 110)
    before = page.on_screen(80, 110)

    page("window.matchMedia = query => ({addEventListener: (name, listener) => { window.told = listener; }})")
    page("review.view.watchRatio()")
    page.move_to_screen(2)

    page.drag((40, 60), (100, 60))  # which the page does not know of yet
    assert (page.mask()[56:64, 40:100] == 255).all()
    page("told()")
    assert page.on_screen(80, 110) == pytest.approx(before, abs=1)
    wide, shown = page("[review.view.canvas.width, review.view.canvas.getBoundingClientRect().width]")
    assert wide == pytest.approx(2 * shown, abs=1)
    page.press("e")
    page.drag((40, 60), (100, 60))
    assert (page.mask()[56:64, 40:100] == 0).all()
    assert undo(page) == 2


# The program is busy, or another one


def test_strokes_wait_while_a_review_of_another_folder_is_in_the_place_of_theirs(server, tmp_path, tab):
    page = tab(server.address)
    brush(page)
    server.kill()
    page.drag((20, 20), (60, 20), release=False)
    page.tab.mouse.up()
    page.wait_for(f"!{OFFLINE}.hidden")
    others = draw_results(tmp_path / "other", names=("x",), size=SIZE)

    with Server(others, port=urlsplit(server.address).port):
        page.wait_for(f"{OFFLINE}.textContent.startsWith('Another program answers here')")
        page.drag((20, 80), (60, 80), release=False)
        page.tab.mouse.up()
        page.wait_for("review.work.waiting.length === 2")
    server.start()
    page.settle()

    assert undo(page) == 2
    assert (page.mask()[[20, 80], 40] == 255).all()


def test_strokes_wait_whatever_another_program_answers(server, tab):
    page = tab(server.address)
    brush(page)
    refusals = [(501, "<h1>Unsupported method</h1>"), (401, ""), (404, '{"message": "no such model"}')]
    answers = [{"status": status, "body": body} for status, body in [*refusals, (200, "{}")]]
    page.tab.route("**/edit", lambda route: route.fulfill(**answers.pop()) if answers else route.continue_())

    page.drag((20, 20), (60, 20))

    assert not answers
    assert undo(page) == 1
    page.wait_for(f"{OFFLINE}.hidden")


def test_a_stroke_waits_until_predict_has_replaced_its_photo(server, tab):
    page = tab(server.address)
    brush(page)
    page.tab.route("**/edit", lambda route: route.fulfill(**GONE))
    page.drag((20, 20), (60, 20), release=False)
    page.tab.mouse.up()
    page.wait_for(f"{MESSAGES}.startsWith('{page.name} is not among the results at present')")
    assert page(f"{OFFLINE}.hidden")

    page.tab.unroute("**/edit")
    page.settle()

    assert undo(page) == 1
    assert page(MESSAGES) == ""


def test_changes_to_a_photo_that_does_not_come_back_can_be_given_up(server, tab):
    page = tab(server.address)
    first, before = page.name, page.mask()
    brush(page)
    page.tab.route("**/edit", lambda route: route.fulfill(**GONE))
    page.drag((20, 20), (60, 20), release=False)
    page.tab.mouse.up()
    page.press("Enter")
    page.wait_for(f"review.work && review.queue.current.name !== {first!r}")
    page.wait_for(f"{MESSAGES}.startsWith('{first} is not among the results at present')")
    assert not page(CLOSES)

    page.tab.click("#messages button")

    page.wait_for(CLOSES)
    assert page(MESSAGES) == ""
    page.press("ArrowLeft")
    page.wait_for(f"review.work && review.queue.current.name === {first!r}")
    assert page("[review.queue.current.undo, review.queue.current.decision]") == [0, None]
    assert np.array_equal(page.mask(), before)


def test_why_a_photo_was_not_accepted_stays_in_sight_on_the_next_one(server, tab):
    page = tab(server.address)
    refusal = {"status": 422, "json": {"message": "the disk is full"}, "headers": OWN}
    page.tab.route("**/decide", lambda route: route.fulfill(**refusal), times=1)

    page.press("Enter")

    page.wait_for(f"{MESSAGES}.startsWith('the disk is full')")
    page.press("Enter")
    page.wait_for(
        "review.queue.shown[1].decision === 'accepted' && review.work?.id === review.queue.shown[2].id"
    )
    assert page("review.queue.shown[0].decision") is None
    assert page(MESSAGES).startswith("the disk is full")


def test_a_photo_that_was_not_there_is_shown_once_it_is(server, tab):
    page = tab(server.address)
    asked = page("review.queue.shown[4].id")
    page.tab.route(f"**/photos/{asked}", lambda route: route.fulfill(**GONE), times=1)

    page("void review.show(review.queue.shown[4])")
    page.wait_for("!review.view.layers")

    page.wait_for(f"review.work?.id === {asked!r}")


@pytest.mark.parametrize("broken", ["photos", "results/masks"])
def test_a_photo_that_cannot_be_shown_is_redone_or_skipped_and_never_accepted(tmp_path, tab, broken):
    results = draw_results(tmp_path, names=("a", "b", "c"), size=SIZE)
    with Server(results) as server:
        page = tab(server.address)
        second = page("review.queue.shown[2].name")  # which is not fetched ahead
        (tmp_path / broken / f"{second}.png").unlink()
        page.press("ArrowRight")
        page.wait_for("review.work?.id === review.queue.shown[1].id")
        page.press("ArrowRight")
        page.wait_for("review.isSeen && !review.work")
        assert second in page(SAID)

        page.press("Enter")
        assert "cannot be accepted" in page(SAID)
        assert page("review.queue.current.decision") is None
        page.press("n", "t")  # there are no regions of the photo before

        page.press("r")
        page.wait_for("review.queue.shown[2].revision && review.queue.shown[2].decision === 'redo'")
        page.wait_for("review.work?.id === review.queue.shown[0].id")
        page.press("ArrowRight", "ArrowRight")
        page.wait_for("review.isSeen && !review.work")
        page.press("Backspace")
        page.wait_for("review.queue.shown[2].decision === null")
        page.press("ArrowLeft")
        page.wait_for("review.work?.id === review.queue.shown[1].id")


def test_a_photo_that_predict_is_replacing_keeps_its_place(server, tab):
    page = tab(server.address)
    page("void review.show(review.queue.shown[2])")
    page.wait_for("review.work")
    places = "[-1, 0, 1].map(step => review.queue.neighbour(step).name)"
    before, missing = page(places), page.name

    def without_it(route):
        said = route.fetch().json()
        said["photos"] = [photo for photo in said["photos"] if photo["name"] != missing]
        route.fulfill(json={**said, "folder": "/without"}, headers=OWN)

    page.tab.route("**/overview", without_it, times=1)
    page(COMES_BACK)
    page.wait_for("document.title.endsWith('without')")
    assert page(places) == before
    page(COMES_BACK)
    page.wait_for("!document.title.endsWith('without')")

    assert page(places) == before


def test_the_page_says_why_it_has_no_list_and_goes_on_by_itself(server, tab):
    page = tab(server.address)
    refusal = {"status": 422, "json": {"message": "found no predictions.jsonl"}, "headers": OWN}
    page.tab.route("**/overview", lambda route: route.fulfill(**refusal), times=1)

    page(COMES_BACK)

    page.wait_for(f"{MESSAGES}.startsWith('found no predictions.jsonl')")
    page.wait_for(f"{MESSAGES} === ''")


def test_the_page_says_why_a_photo_is_not_begun_again(server, results, tab):
    page = tab(server.address)
    brush(page)
    page.drag((20, 20), (60, 20))
    cut_folder(results.parent / "photos", results, threshold=0.8)
    page(COMES_BACK)
    page.wait_for("review.queue.current.outdated")
    refusal = {"status": 422, "json": {"message": "the disk is full"}, "headers": OWN}
    page.tab.route("**/restart", lambda route: route.fulfill(**refusal))
    page.press("ArrowRight", "ArrowLeft")
    page.wait_for(f"{SAID}.includes('Begin again from the new mask')")

    page.tab.click("#notice button")

    page.wait_for(f"review.work && {SAID} === 'the disk is full'")


def test_time_on_a_photo_is_sent_later_where_the_program_was_away(server, tab):
    page, sent = tab(server.address), []
    first = page("review.queue.current.id")

    def fail_first(route):
        sent.append(route.request.url)
        route.abort() if len(sent) == 1 else route.continue_()

    page.tab.route("**/active", fail_first)
    page.press("ArrowRight")
    wait_until(lambda: page("review.work") and sent)

    wait_until(lambda: page.press("j", "k") or any(first in url for url in sent[1:]))


def test_the_page_says_what_accepting_a_photo_again_has_put_aside(server, results, tab):
    page = tab(server.address)
    name = page.name
    path = results / "masks" / f"{name}.png"
    before = path.read_bytes()
    brush(page)
    page.drag((20, 20), (60, 30))
    page.press("Enter")
    wait_until(lambda: page("true") and path.read_bytes() != before)
    page.wait_for(f"review.work && review.queue.current.name !== {name!r}")
    Image.fromarray(255 - read(path)).save(path)
    page.press("ArrowLeft")
    page.wait_for(f"review.work && review.queue.current.name === {name!r}")

    page.press("Enter")
    wait_until(lambda: page("true") and path.with_name(f"{name}.png.before").exists())
    page(COMES_BACK)

    page.wait_for(f"{MESSAGES}.includes('{name}.png was changed elsewhere; it is now {name}.png.before')")
    page.press("Enter")  # which is about the next photo
    assert ".before" in page(MESSAGES)
    for button in page.tab.query_selector_all("#messages button"):
        button.click()
    page.tab.reload()
    page.wait_for("window.review && review.work")
    assert page(MESSAGES) == ""
