"""The objects of a ground truth: masks with a value for each, COCO's JSON, and label maps."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as run_lengths
from support.drawing import draw_pair

from segmentation.config.jobs.data import DataOptions
from segmentation.core.errors import DataError
from segmentation.core.labels import Coding
from segmentation.datasets.coco import draw, read_coco
from segmentation.datasets.discover import discover
from segmentation.datasets.exclusion import contents_of
from segmentation.datasets.ground_truth import LabelFile, MaskFile, ObjectMask
from segmentation.datasets.objects import number_masks, number_values, objects_of
from segmentation.images.files import write_image
from segmentation.jobs.context import Context
from segmentation.jobs.data import data

PHOTO = draw_pair(0, 60, 80)[0]


def two_boxes(first=1, second=2):
    """Rows 10 to 29, columns 5 to 24 and 50 to 69."""
    values = np.zeros((60, 80), np.uint8)
    values[10:30, 5:25], values[10:30, 50:70] = first, second
    return values


def coco(
    images=({"id": 7, "file_name": "street.jpg", "height": 60, "width": 80},), annotations=(), **changes
):
    categories = [{"id": 1, "name": "person"}, {"id": 3, "name": "bag"}]
    return {"images": [*images], "annotations": [*annotations], "categories": categories} | changes


def annotation(segmentation, category=1, image=7, **more):
    return {"id": 1, "image_id": image, "category_id": category, "segmentation": segmentation, **more}


def folder_of(tmp_path, plain):
    write_image(tmp_path / "images" / "street.jpg", PHOTO)
    (tmp_path / "annotations.json").write_text(plain if isinstance(plain, str) else json.dumps(plain))
    return tmp_path


LEFT = [[5, 10, 25, 10, 25, 30, 5, 30]]
RIGHT = [[50, 10, 70, 10, 70, 30, 50, 30]]


# masks


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_a_mask_of_objects_whose_format_mixes_them_is_refused(tmp_path, suffix):
    Image.fromarray(two_boxes()).save(tmp_path / f"mask{suffix}", quality=95)
    with pytest.raises(DataError, match="lossy WebP, which mixes those of neighbouring classes or objects"):
        ObjectMask(tmp_path / f"mask{suffix}").read()


@pytest.mark.parametrize("values", [(1, 2), (7, 3), (85, 170), (254, 255), (1, 255)])
def test_each_value_of_a_mask_is_an_object(tmp_path, values):
    write_image(tmp_path / "mask.png", two_boxes(*values))
    objects = objects_of(ObjectMask(tmp_path / "mask.png"))

    assert objects.classes == (1, 1)
    expected = [two_boxes(*values) == value for value in sorted(values)]
    for mask, right in zip(objects.masks, expected, strict=True):
        np.testing.assert_array_equal(mask, right)


def test_each_colour_of_a_mask_is_an_object(tmp_path):
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[two_boxes() == 1], picture[two_boxes() == 2] = (255, 0, 0), (0, 0, 128)
    write_image(tmp_path / "mask.png", picture)
    objects = objects_of(ObjectMask(tmp_path / "mask.png"))

    assert len(objects.classes) == 2
    assert {mask.tobytes() for mask in objects.masks} == {
        (two_boxes() == place).tobytes() for place in (1, 2)
    }


def test_a_soft_mask_of_one_thing_is_one_object(tmp_path):
    soft = cv2.GaussianBlur(two_boxes(255, 255), (9, 9), 3)
    write_image(tmp_path / "mask.png", soft)
    objects = objects_of(ObjectMask(tmp_path / "mask.png"))

    assert objects.classes == (1,)
    np.testing.assert_array_equal(objects.masks[0], soft >= 128)


@pytest.mark.parametrize("values", [(100, 200), (30, 60), (255, 128)])
def test_soft_edges_of_objects_are_no_objects(values):
    """Drawn four times as large and shrunk, as a program that paints with soft edges would."""
    large = np.zeros((480, 640), np.uint8)
    for value, middle in zip(values, (180, 460), strict=True):
        cv2.ellipse(large, (middle, 240), (90, 150), 20, 0, 360, value, -1)
    soft = cv2.resize(large, (160, 120), interpolation=cv2.INTER_AREA)
    objects = number_values(soft)

    assert len(objects.classes) == 2
    for mask, value in zip(objects.masks, sorted(values), strict=True):
        true = large[2::4, 2::4] == value
        assert (mask & ~true).sum() == 0
        assert mask.sum() > 0.9 * true.sum()


def test_a_thin_object_between_two_others_stays_one():
    values = two_boxes(10, 30)
    values[10:30, 25:27] = 20  # beside both the lower one and the background
    values[40:42, 5:60] = 7

    assert len(number_values(values).classes) == 4


def test_touching_objects_stay_apart(tmp_path):
    values = np.zeros((60, 80), np.uint8)
    values[:, :40], values[:, 40:60] = 1, 2
    write_image(tmp_path / "mask.png", values)

    assert [mask.sum() for mask in objects_of(ObjectMask(tmp_path / "mask.png")).masks] == [2400, 1200]


def test_the_same_folder_has_objects_where_they_are_asked_for_and_is_refused_as_a_mask_otherwise(tmp_path):
    write_image(tmp_path / "images" / "street.jpg", PHOTO)
    write_image(tmp_path / "masks" / "street.png", two_boxes())
    (sample,) = discover(tmp_path, objects=True).samples

    assert len(objects_of(sample.truth).classes) == 2
    np.testing.assert_array_equal(sample.truth.read(), np.where(two_boxes() > 0, 255, 0))
    with pytest.raises(DataError, match=r"highest value is 2.*`train architecture=mask-rcnn`"):
        discover(tmp_path)


def test_a_folder_of_objects_can_be_looked_at(tmp_path):
    write_image(tmp_path / "pairs" / "images" / "street.jpg", PHOTO)
    write_image(tmp_path / "pairs" / "masks" / "street.png", two_boxes())
    options = DataOptions.of(data=tmp_path / "pairs", objects=True, output=tmp_path / "sheet.png")
    report = data(options, Context())

    assert len(report.dataset.samples) == 1
    assert report.dataset.problems == ()
    assert (tmp_path / "sheet.png").is_file()


def test_more_objects_than_can_be_numbered_lose_the_smallest():
    values = np.arange(1, 301, dtype=np.int32).reshape(15, 20).repeat(3, axis=0).repeat(3, axis=1)
    values[values <= 46] = 0
    assert len(number_values(values).classes) == 254

    values = np.arange(1, 301, dtype=np.int32).reshape(15, 20).repeat(3, axis=0).repeat(3, axis=1)
    values[values == 300] = 299
    objects = number_values(values)

    assert len(objects.classes) == 254
    assert objects.numbers.max() == 254


def test_of_more_objects_than_can_be_numbered_no_large_one_is_left_out_for_a_small_one():
    masks = []
    for place in range(300):
        mask = np.zeros((60, 80), bool)
        mask[place // 20 * 2 : place // 20 * 2 + (1 if place < 100 else 2), place % 20 * 4] = True
        masks.append((mask, 1))
    objects = number_masks(masks, (60, 80))

    areas = np.bincount(objects.numbers.ravel())[1:]
    assert [*areas] == [1] * 54 + [2] * 200


def test_the_smaller_of_two_objects_lies_on_top():
    whole, part = np.ones((10, 10), bool), np.zeros((10, 10), bool)
    part[2:4, 2:4] = True
    objects = number_masks([(part, 1), (whole, 2), (~whole, 1)], (10, 10))

    assert objects.classes == (1, 2)
    np.testing.assert_array_equal(objects.masks[0], part)


def test_a_photo_without_an_object_counts_where_objects_are_looked_for_alone(tmp_path):
    for name, mask in (("street", two_boxes()), ("square", 0 * two_boxes())):
        write_image(tmp_path / "images" / f"{name}.jpg", PHOTO)
        write_image(tmp_path / "masks" / f"{name}.png", mask)
    square, street = discover(tmp_path, objects=True).samples

    assert [len(objects_of(sample.truth).classes) for sample in (square, street)] == [0, 2]
    options = DataOptions.of(data=tmp_path, objects=True, output=tmp_path / "sheet.png")
    assert len(data(options, Context()).dataset.samples) == 2
    write_image(tmp_path / "masks" / "street.png", two_boxes(255, 255))
    (sample,) = discover(tmp_path).samples
    assert sample.id == "street"


# label maps and cutouts


def test_a_cutout_is_one_object_and_a_label_map_has_one_of_each_class(tmp_path):
    write_image(tmp_path / "mask.png", two_boxes(255, 255))
    write_image(tmp_path / "labels.png", two_boxes(4, 9))
    garment = Coding((0, 4, 9), (0, 255, 255))
    classes = Coding((0, 4, 9), (0, 1, 2))

    assert objects_of(MaskFile(tmp_path / "mask.png")).classes == (1,)
    assert objects_of(LabelFile(tmp_path / "labels.png", garment)).classes == (1,)
    assert objects_of(LabelFile(tmp_path / "labels.png", classes)).classes == (1, 2)


def test_whatever_is_not_background_can_be_one_thing(tmp_path):
    write_image(tmp_path / "images" / "street.jpg", PHOTO)
    write_image(tmp_path / "labels" / "street.png", two_boxes(1, 2))
    (tmp_path / "labels.json").write_text('{"0": "null", "1": "skin", "2": "bag"}')
    dataset = discover(tmp_path, classes="foreground", objects=True)

    assert dataset.labels.binary
    (mask,) = objects_of(dataset.samples[0].truth).masks
    np.testing.assert_array_equal(mask, two_boxes() > 0)
    with pytest.raises(DataError, match=r"`classes=foreground` for whatever is not background"):
        discover(tmp_path)


# COCO's JSON


def test_objects_of_coco_have_their_outlines_and_classes(tmp_path):
    plain = coco(annotations=[annotation(LEFT), annotation(RIGHT, 3), annotation(LEFT, iscrowd=1)])
    dataset = discover(folder_of(tmp_path, plain), classes="all", objects=True)
    objects = objects_of(dataset.samples[0].truth)

    assert dataset.labels.names == ("background", "person", "bag")
    assert objects.classes == (1, 2)
    np.testing.assert_array_equal(objects.numbers > 0, two_boxes() > 0)
    np.testing.assert_array_equal(dataset.samples[0].truth.read(), two_boxes())


def test_objects_of_coco_are_of_one_class_where_that_is_asked_for(tmp_path):
    plain = coco(annotations=[annotation(LEFT), annotation(RIGHT, 3)])
    dataset = discover(folder_of(tmp_path, plain), classes="foreground", objects=True)

    assert dataset.labels.binary
    assert objects_of(dataset.samples[0].truth).classes == (1, 1)


def test_a_pair_of_coco_is_the_same_whatever_its_classes_become_until_its_outlines_change(tmp_path):
    folder = folder_of(tmp_path, coco(annotations=[annotation(LEFT), annotation(RIGHT, 3)]))
    (garment,), (every,) = (discover(folder, classes=classes).samples for classes in ("foreground", "all"))
    assert garment.truth.coding != every.truth.coding
    assert contents_of(garment) == contents_of(every)

    folder_of(tmp_path, coco(annotations=[annotation(LEFT), annotation(LEFT, 3)]))
    (corrected,) = discover(folder, classes="foreground").samples
    assert contents_of(corrected) != contents_of(garment)


def test_a_photo_of_coco_without_annotations_has_no_objects(tmp_path):
    images = [{"id": n, "file_name": f"{n}.jpg", "height": 60, "width": 80} for n in (7, 8)]
    folder = folder_of(tmp_path, coco(images, [annotation(LEFT)]))
    for image in images:
        write_image(folder / "images" / image["file_name"], PHOTO)
    (folder / "images" / "street.jpg").unlink()
    for classes in ("foreground", "all"):
        samples = discover(folder, classes=classes, objects=True).samples
        assert [len(objects_of(sample.truth).classes) for sample in samples] == [1, 0]
        assert len(discover(folder, classes=classes).samples) == 1


@pytest.mark.parametrize("turn", [1, -1])
def test_a_part_of_an_object_of_coco_that_is_no_class_leaves_no_hole_in_it(tmp_path, turn):
    pocket = [[10, 15, 15, 15, 15, 20, 10, 20]]
    categories = [{"id": 1, "name": "coat"}, {"id": 3, "name": "pocket"}]
    annotations = [annotation(LEFT), annotation(pocket, 3)][::turn]
    folder = folder_of(tmp_path, coco(annotations=annotations, categories=categories))
    coat = two_boxes(1, 0)

    def truth(classes):
        (sample,) = discover(folder, classes=classes).samples
        return sample.truth.read()

    np.testing.assert_array_equal(truth("garment"), coat * 255)
    coat[15:20, 10:15] = 2
    np.testing.assert_array_equal(truth("all"), coat)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_run_lengths_are_read_as_cocos_library_writes_them(seed):
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 40, 2)
    mask = random.random((height, width)) < random.random()
    written = run_lengths.encode(np.asfortranarray(mask, np.uint8))
    runs = {"size": [int(height), int(width)], "counts": written["counts"].decode()}

    np.testing.assert_array_equal(draw(runs, height, width), mask)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_polygons_are_drawn_as_cocos_library_draws_them(seed):
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, 8))
    corners = np.stack([60 + 50 * np.cos(angles), 50 + 40 * np.sin(angles)], axis=1).ravel().tolist()
    expected = run_lengths.decode(run_lengths.frPyObjects([corners], 100, 120))[..., 0].astype(bool)
    mask = draw([corners], 100, 120)
    outline = cv2.dilate(expected.astype(np.uint8), np.ones((3, 3))) - cv2.erode(
        expected.astype(np.uint8), np.ones((3, 3))
    )

    assert not (mask ^ expected)[outline == 0].any()


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ("[", "no readable JSON"),
        ([], "no list of images"),
        ({"images": [], "annotations": 3}, "no list of annotations"),
        (coco([{"id": 7, "file_name": "street.jpg", "height": 60}]), "received width 'None'"),
        (
            coco([{"id": 7, "file_name": "street.jpg", "height": 10**6, "width": 10**6}]),
            "the size 1000000x1000000",
        ),
        (coco([{"id": 7, "file_name": "street.jpg", "height": -60, "width": -80}]), "the size -80x-60"),
        (coco(annotations=[annotation(LEFT, image=8)]), "an annotation of the image 8"),
        (coco(annotations=[annotation("x")]), "received segmentation 'x'"),
        (
            coco([{"id": 7, "file_name": name, "height": 60, "width": 80} for name in ("a.jpg", "b.jpg")]),
            "expected each image with an id of its own, received the id 7 twice",
        ),
    ],
)
def test_a_file_that_is_not_cocos_is_refused_in_one_line(tmp_path, plain, said):
    path = folder_of(tmp_path, plain) / "annotations.json"
    with pytest.raises(DataError) as refused:
        read_coco(path)

    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith("; correct it")


@pytest.mark.parametrize(
    "outline",
    [
        [[1, 2, 3]],
        [[1, 2, 3, 4, 5, 1e300]],
        [[1, 2, 3, 4, 5, 10**400]],
        [[1, 2, 3, 4, 5, float("nan")]],
        [["a", 2, 3, 4, 5, 6]],
        [3],
        {"size": [60, 80], "counts": [4800, 1]},
        {"size": [60, 80], "counts": [5000, -200]},
        {"size": [60, 80], "counts": [2**62, 2**62, 2**62, 2**62, 4800]},
        {"size": [60, 80], "counts": [float("nan"), 4800]},
        {"size": [61, 80], "counts": [4800]},
        {"size": [60, 80], "counts": "zzzzzzzzzzzzzzzz"},
        {"size": [60, 80], "counts": "\n"},
        {"size": [60, 80]},
    ],
)
def test_an_outline_that_is_none_leaves_its_photo_out_and_says_why(tmp_path, outline):
    plain = coco(annotations=[annotation(outline)])
    with pytest.raises(DataError, match=r"expected outlines of objects|problem 1 of 1"):
        discover(folder_of(tmp_path, plain), classes="foreground", objects=True)
