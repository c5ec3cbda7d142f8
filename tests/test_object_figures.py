"""The average precision of found objects, against an independent implementation and by hand."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.object_model import one_object

from segmentation.core.labels import BINARY, LabelMap
from segmentation.core.samples import Sample
from segmentation.datasets.discover import discover
from segmentation.datasets.ground_truth import ObjectMask
from segmentation.datasets.objects import Objects, number_masks
from segmentation.evaluation.object_figures import RESAMPLES, ObjectMeasurement
from segmentation.images.files import write_image

SHAPE = (24, 32)
THRESHOLDS = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True)
class Drawn:
    """A ground truth that is no file."""

    objects: Objects
    path: Path = Path("drawn")
    coding: None = None

    def read_objects(self):
        return self.objects


def judged(tmp_path, found, truth):
    write_image(tmp_path / "mask.png", truth)
    measurement = ObjectMeasurement(BINARY)
    measurement.add(Sample("a", tmp_path / "a.jpg", ObjectMask(tmp_path / "mask.png")), found, truth.shape)
    return measurement.finish()


def test_perfect_objects_have_an_average_precision_of_one(tmp_path):
    truth = np.zeros((20, 40), np.uint8)
    truth[2:12, 3:13], truth[2:12, 20:30] = 1, 2
    both = (one_object(), one_object(left=20, score=0.8))

    figures = judged(tmp_path, both, truth)
    assert figures.masks["ap"] == pytest.approx(1)
    assert figures.boxes["ap"] == pytest.approx(1)
    assert figures.masks["ap_small"] == pytest.approx(1)
    assert figures.masks["ap_large"] is None
    # half of them is found: precision is 1 up to a recall of one half, which are 51 of COCO's 101 steps
    assert judged(tmp_path, both[:1], truth).masks["ap"] == pytest.approx(51 / 101)
    assert judged(tmp_path, (), truth).masks["ap"] == 0


def test_photos_that_are_drawn_once_each_have_the_figures_of_all(tmp_path):
    """Each line is a draw: of two photos, one with a perfect mask and one with none, three are possible."""
    truth = np.zeros((20, 40), np.uint8)
    truth[2:12, 3:13] = 1
    write_image(tmp_path / "mask.png", truth)
    measurement = ObjectMeasurement(BINARY)
    for name, found in (("a", (one_object(),)), ("b", ())):
        sample = Sample(name, tmp_path / f"{name}.jpg", ObjectMask(tmp_path / "mask.png"))
        measurement.add(sample, found, truth.shape)
    figures = measurement.finish()
    figures.write_resampled(tmp_path / "drawn.csv")
    figures.write_resampled(tmp_path / "again.csv")

    lines = (tmp_path / "drawn.csv").read_text().splitlines()
    assert lines[0] == "mask_ap,mask_ap50,mask_ap75,mask_ap_small,mask_ap_medium,mask_ap_large"
    drawn = [float(line.partition(",")[0]) for line in lines[1:]]
    assert {round(value, 6) for value in drawn} == {0, round(figures.masks["ap"], 6), 1}
    assert len(drawn) == RESAMPLES
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.1)
    assert (tmp_path / "again.csv").read_text() == (tmp_path / "drawn.csv").read_text()


def test_a_mask_that_overlaps_by_six_tenths_counts_at_a_half_alone(tmp_path):
    truth = np.zeros((20, 40), np.uint8)
    truth[2:12, 3:13] = 1
    figures = judged(
        tmp_path,
        (replace(one_object(), scores=np.pad(np.ones((10, 6)), ((0, 0), (0, 4))).astype(np.float32)),),
        truth,
    )

    assert figures.masks["ap50"] == pytest.approx(1)
    assert figures.masks["ap75"] == 0
    assert figures.masks["ap"] == pytest.approx(3 / 10)  # at 0.50, 0.55 and 0.60
    assert figures.boxes["ap"] == pytest.approx(1)


@pytest.mark.parametrize("found_later", [False, True])
def test_the_masks_that_are_judged_are_those_that_are_written(tmp_path, found_later):
    """The threshold of the masks is known, as in `eval`, or found by these photos, as in `train`."""
    truth = np.zeros((20, 40), np.uint8)
    truth[2:12, 3:13] = 1
    write_image(tmp_path / "mask.png", truth)
    soft = np.full((10, 10), 0.4, np.float32)
    soft[:, :6] = 0.9
    found = (replace(one_object(), scores=soft),)

    def ap(threshold):
        measurement = ObjectMeasurement(BINARY, threshold=None if found_later else threshold)
        sample = Sample("a", tmp_path / "a.jpg", ObjectMask(tmp_path / "mask.png"))
        measurement.add(sample, found, truth.shape)
        return measurement.finish(threshold).masks["ap"]

    assert ap(128 / 255) == pytest.approx(0.3)  # six tenths of it, which counts at 0.50, 0.55 and 0.60
    assert ap(64 / 255) == pytest.approx(1)


def test_what_is_found_where_there_is_nothing_costs_precision(tmp_path):
    truth = np.zeros((20, 40), np.uint8)
    truth[2:12, 3:13] = 1
    for name, picture in (("one", truth), ("none", 0 * truth)):
        write_image(tmp_path / "images" / f"{name}.png", np.full((20, 40, 3), 90, np.uint8))
        write_image(tmp_path / "masks" / f"{name}.png", picture)
    none, one = discover(tmp_path, objects=True).samples
    right, wrong = one_object(score=0.8), one_object(score=0.9)

    def ap(on_nothing):
        measurement = ObjectMeasurement(BINARY)
        measurement.add(one, (right,), truth.shape)
        measurement.add(none, on_nothing, truth.shape)
        return measurement.finish().masks["ap"]

    assert ap(()) == pytest.approx(1)
    assert ap((wrong,)) == pytest.approx(0.5)


@given(seed=st.integers(0, 2**32 - 1), photos=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_average_precision_is_the_area_under_the_curve_of_greedily_matched_objects(seed, photos):
    random = np.random.default_rng(seed)
    measurement = ObjectMeasurement(LabelMap.of(("background", "person", "bag")))
    truths, founds = [], []
    for _ in range(photos):
        objects = number_masks([(draw_box(random), int(kind)) for kind in random.integers(1, 3, 4)], SHAPE)
        found = tuple(
            found_box(box, float(random.uniform(0.05, 1)), int(random.integers(1, 3)))
            for box in [*(shaken(mask, random) for mask in objects.masks), draw_box(random)]
        )
        measurement.add(Sample("a", Path("a.jpg"), Drawn(objects)), found, SHAPE)
        truths.append(objects)
        founds.append(found)

    figures = measurement.finish()
    kinds = {kind for objects in truths for kind in objects.classes}
    by_class = {
        kind: [precision(truths, founds, kind, threshold) for threshold in THRESHOLDS] for kind in kinds
    }
    assert figures.masks["ap"] == pytest.approx(np.mean([*by_class.values()]), abs=1e-6)
    assert figures.masks["ap50"] == pytest.approx(np.mean([each[0] for each in by_class.values()]), abs=1e-6)
    assert figures.masks["ap75"] == pytest.approx(np.mean([each[5] for each in by_class.values()]), abs=1e-6)
    for kind, name in ((1, "person"), (2, "bag")):
        expected = pytest.approx(np.mean(by_class[kind]), abs=1e-6) if kind in kinds else None
        assert figures.by_class[name]["ap"] == expected


def draw_box(random):
    """A random rectangle, bool [H, W]."""
    mask = np.zeros(SHAPE, bool)
    top, left = random.integers(0, SHAPE[0] - 8), random.integers(0, SHAPE[1] - 8)
    mask[top : top + random.integers(3, 12), left : left + random.integers(3, 12)] = True
    return mask


def shaken(mask, random):
    """Nearly the same mask."""
    return np.roll(mask, random.integers(-2, 3, 2), (0, 1))


def found_box(mask, score, index):
    square = one_object(score=score, index=index)
    whole = {"scores_top": 0, "scores_left": 0, "corners": (0, 0, 1, 1)}
    return replace(square, scores=mask.astype(np.float32), **whole)


def precision(truths, founds, kind, threshold):
    """The mean, over 101 recalls, of the best precision at such a recall or a higher one."""
    hits = []  # of all photos: score, and whether it is right
    count = 0
    for objects, found in zip(truths, founds, strict=True):
        left = [mask for mask, of in zip(objects.masks, objects.classes, strict=True) if of == kind]
        count += len(left)
        for one in sorted((one for one in found if one.index == kind), key=lambda one: -one.score):
            mask = one.scores >= 0.5
            overlaps = [(mask & other).sum() / (mask | other).sum() for other in left]
            right = bool(overlaps) and max(overlaps) >= threshold
            if right:
                del left[int(np.argmax(overlaps))]
            hits.append((one.score, right))
    right = np.array([right for _, right in sorted(hits, reverse=True)], float)
    recalls, precisions = right.cumsum() / count, right.cumsum() / (np.arange(len(right)) + 1)
    steps = [precisions[recalls >= recall - 1e-9].max(initial=0) for recall in np.linspace(0, 1, 101)]
    return np.mean(steps)
