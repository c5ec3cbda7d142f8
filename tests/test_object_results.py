"""The files of objects: a mask and a cutout of each, with all options, and nothing that is old."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.drawing import draw_pair
from support.folder_job import cut_folder, made, manifest_lines, pictures, scorer_of

from segmentation.api.model import Model
from segmentation.bundle.bundle import ModelBundle
from segmentation.config.run import RunConfig
from segmentation.core.errors import ConfigError
from segmentation.images.files import read_mask, read_photo, write_image
from segmentation.inference.engines import engine_of
from segmentation.models.mask_rcnn.found import BOX, CLASS, MASK, MASK_PX, MOST_OBJECTS, ROW, SCORE
from segmentation.preprocessing.preprocessing import Preprocessing

HEIGHT, WIDTH = 96, 72  # of a drawn garment, two of which stand side by side
CONFIG = RunConfig().replace(architecture="mask-rcnn", input_size="96x160")
THINGS = ModelBundle(Path("things"), CONFIG, Preprocessing.from_config(CONFIG.preprocessing))


def find_red(prepared: np.ndarray) -> np.ndarray:
    """A network that finds whatever is red and of one piece, the larger the more certain."""
    photo = prepared[0].astype(int)
    red = (photo[..., 0] - photo[..., 1] > 64).astype(np.uint8)
    count, pieces, figures, _middles = cv2.connectedComponentsWithStats(red)
    rows = np.zeros((1, MOST_OBJECTS, ROW), np.float32)
    largest = sorted(range(1, count), key=lambda piece: -figures[piece, cv2.CC_STAT_AREA])
    for row, piece in zip(rows[0], largest, strict=False):
        left, top, width, height, area = figures[piece]
        if area < 100:
            break
        row[BOX] = np.divide([top, left, top + height, left + width], [*red.shape, *red.shape])
        row[SCORE], row[CLASS] = 0.6 + 0.4 * area / red.size, 1
        whole = (pieces[top : top + height, left : left + width] == piece).astype(np.float32)
        row[MASK:] = cv2.resize(whole, (MASK_PX, MASK_PX), interpolation=cv2.INTER_AREA).ravel()
    return rows


def find(source, output, **options):
    """Run `predict` with that network."""
    engine = engine_of(THINGS, "drawn", "f32", find_red)
    return cut_folder(source, output, score=engine, bundle=THINGS, **options)


def draw_garments(path: Path, *seeds: int) -> list[np.ndarray]:
    """Write a photo of garments side by side; return the mask of each, bool [H, W]."""
    pairs = [draw_pair(seed, HEIGHT, WIDTH) for seed in seeds]
    write_image(path, np.hstack([photo for photo, _ in pairs]))
    masks = [np.zeros((HEIGHT, WIDTH * len(seeds)), bool) for _ in seeds]
    for place, (mask, (_, alpha)) in enumerate(zip(masks, pairs, strict=True)):
        mask[:, place * WIDTH : (place + 1) * WIDTH] = alpha >= 128
    return masks


def names(output):
    return sorted(name for name in pictures(output) if not name.startswith("overlays"))


@pytest.fixture
def pair(tmp_path):
    """A folder with a photo of two garments."""
    draw_garments(tmp_path / "in" / "pair.png", 0, 1)
    return tmp_path / "in"


def test_two_garments_in_a_photo_become_two_masks_and_two_cutouts(tmp_path):
    true = draw_garments(tmp_path / "in" / "pair.png", 0, 1)
    find(tmp_path / "in", tmp_path / "out")
    (line,) = manifest_lines(tmp_path / "out")

    assert names(tmp_path / "out") == [
        *("cutouts/pair-1.png", "cutouts/pair-2.png", "masks/pair-1.png", "masks/pair-2.png")
    ]
    assert (tmp_path / "out" / "overlays" / "pair.jpg").is_file()
    assert [one["score"] for one in line["objects"]] == sorted(
        (one["score"] for one in line["objects"]), reverse=True
    )
    seen = set()
    for number, one in enumerate(line["objects"], start=1):
        assert (one["class"], one["mask"]) == ("garment", f"masks/pair-{number}.png")
        assert one["cutout"] == f"cutouts/pair-{number}.png"
        drawn = read_mask(tmp_path / "out" / one["mask"]) >= 128
        np.testing.assert_array_equal(drawn, read_mask(tmp_path / "out" / one["cutout"]) >= 128)
        dice = [2 * (mask & drawn).sum() / (mask.sum() + drawn.sum()) for mask in true]
        place = int(np.argmax(dice))
        assert dice[place] > 0.9
        assert one["area"] == pytest.approx(drawn.mean(), abs=1e-3)
        rows, columns = (np.flatnonzero(true[place].any(axis=axis)) for axis in (1, 0))
        box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        np.testing.assert_allclose(one["box"], box, atol=3)
        seen.add(place)
    assert seen == {0, 1}


def test_a_photo_without_objects_is_done_and_says_so(tmp_path):
    write_image(tmp_path / "in" / "empty.png", np.full((60, 80, 3), 200, np.uint8))
    (result,) = find(tmp_path / "in", tmp_path / "out")

    assert result.error is None
    assert result.objects == ()
    assert result.notes == ("no object found",)
    assert names(tmp_path / "out") == []
    assert made(find(tmp_path / "in", tmp_path / "out")) == []


def test_photos_that_are_done_are_skipped_unless_a_file_of_an_object_is_gone(pair, tmp_path):
    find(pair, tmp_path / "out")
    before = pictures(tmp_path / "out")
    (skipped,) = find(pair, tmp_path / "out")

    assert skipped.skipped
    assert [one["mask"] for one in skipped.objects] == ["masks/pair-1.png", "masks/pair-2.png"]
    (tmp_path / "out" / "masks" / "pair-2.png").unlink()
    assert made(find(pair, tmp_path / "out")) == ["pair"]
    assert pictures(tmp_path / "out") == before


def test_an_object_that_is_found_no_more_leaves_no_files_but_those_of_a_person(pair, tmp_path):
    output = tmp_path / "out"
    find(pair, output)
    write_image(output / "cutouts" / "pair-2.png", np.full((HEIGHT, 2 * WIDTH, 4), 9, np.uint8))
    draw_garments(pair / "pair.png", 0)
    find(pair, output)

    assert names(output) == ["cutouts/pair-1.png", "cutouts/pair-2.png", "masks/pair-1.png"]
    assert (read_mask(output / "cutouts" / "pair-2.png") == 9).all()


def test_a_model_of_masks_after_one_of_objects_leaves_none_of_its_files_and_the_other_way_round(
    pair, tmp_path
):
    output = tmp_path / "out"
    find(pair, output)
    cut_folder(pair, output)
    assert names(output) == ["cutouts/pair.png", "masks/pair.png"]

    find(pair, output)
    assert "masks/pair.png" not in names(output)
    assert len(names(output)) == 4


def test_photos_whose_names_end_in_numbers_keep_their_own_files(pair, tmp_path):
    draw_garments(pair / "pair-1.png", 2)
    find(pair, tmp_path / "out")
    lines = {line["stem"]: line for line in manifest_lines(tmp_path / "out")}

    assert [one["mask"] for one in lines["pair"]["objects"]] == ["masks/pair-1.png", "masks/pair-2.png"]
    assert [one["mask"] for one in lines["pair-1"]["objects"]] == ["masks/pair-1-1.png"]
    assert made(find(pair, tmp_path / "out")) == []


def test_options_of_cutouts_are_those_of_every_object(pair, tmp_path):
    find(pair, tmp_path / "plain")
    find(pair, tmp_path / "out", format=("psd", "webp"), crop=2, trimap=True, matte="guided-filter")

    assert names(tmp_path / "out") == [
        *(f"cutouts/pair-{number}.{suffix}" for number in (1, 2) for suffix in ("psd", "webp")),
        *(f"{folder}/pair-{number}.png" for folder in ("masks", "trimaps") for number in (1, 2)),
    ]
    assert read_photo(tmp_path / "out" / "cutouts" / "pair-1.webp").shape[1] < WIDTH
    masks = [read_mask(tmp_path / of / "masks" / "pair-1.png") for of in ("plain", "out")]
    assert (masks[0] != masks[1]).any()  # the matte has found the edge anew
    assert ((masks[0] >= 128) == (masks[1] >= 128)).mean() > 0.95


def test_what_a_run_would_write_is_told_without_writing(pair, tmp_path):
    (result,) = find(pair, tmp_path / "out", dry_run=True)

    assert result.error is None
    assert not (tmp_path / "out").exists()


def test_objects_are_not_reviewed_on_the_page_of_cutouts(pair, tmp_path):
    with pytest.raises(ConfigError, match=r"`review`.*which finds objects; leave it out"):
        find(pair, tmp_path / "out", review=True)


def test_objects_below_the_least_score_are_none(pair, tmp_path):
    strict = dataclasses.replace(engine_of(THINGS, "drawn", "f32", find_red), least_score=0.99)
    (result,) = cut_folder(pair, tmp_path / "out", score=strict, bundle=THINGS)

    assert result.objects == ()


def test_from_python_each_object_is_cut_out_as_predict_writes_it(pair, tmp_path):
    find(pair, tmp_path / "out")
    model = Model(scorer_of(engine_of(THINGS, "drawn", "f32", find_red), THINGS), None, None)
    cutout = model.cut_out(pair / "pair.png")

    assert len(cutout.objects) == 2
    assert cutout.mask.sum() == sum(cutout.of(found).mask.sum() for found in cutout.objects)
    for number, found in enumerate(cutout.objects, start=1):
        cutout.of(found).save(tmp_path / f"{number}.png")
        written = (tmp_path / "out" / "cutouts" / f"pair-{number}.png").read_bytes()
        assert (tmp_path / f"{number}.png").read_bytes() == written
