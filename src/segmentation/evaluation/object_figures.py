"""Figures on how well objects are found and drawn: COCO's average precision, by COCO's own library."""

import contextlib
import io
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentation.core.labels import LabelMap
from segmentation.core.predictions import FoundObject
from segmentation.core.samples import Sample
from segmentation.core.tables import write_csv
from segmentation.datasets.ground_truth import truth_of
from segmentation.datasets.objects import objects_of
from segmentation.metrics.masks import levels
from segmentation.models.mask_rcnn.found import USUAL_SCORE

if TYPE_CHECKING:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

RESAMPLES = 500
"""The number of draws of the photos for the interval of an average precision."""

_SEED = 0  # the same for all, so that every model is judged on the same resampled photos
_NAMES = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large")
_RECALL = 8  # the place of the recall of up to 100 objects a photo in COCO's figures


@dataclass(frozen=True)
class ObjectFigures:
    """Average precision of masks and of boxes, each in [0, 1], None where there is nothing to judge.

    `ap` is the mean over overlaps of 0.50 to 0.95, `ap50` and `ap75` are those at one, and the last three are
    of objects below 32x32, below 96x96 and of more pixels of the photo; `recall` is the share that is found
    at all, as a mean over the same overlaps. `by_class` are the masks' figures of each class. There are
    `objects` in `photos`, and `found` ones with a score from which something counts as one.
    """

    masks: dict[str, float | None]
    boxes: dict[str, float | None]
    recall: float | None
    by_class: dict[str, dict[str, float | None]]
    photos: int
    objects: int
    found: int
    judged: "COCOeval | None" = field(default=None, repr=False, compare=False)

    def summary(self) -> dict[str, Any]:
        """Return the figures by name, ready for JSON."""
        return {
            **{f"mask_{name}": value for name, value in self.masks.items()},
            **{f"box_{name}": value for name, value in self.boxes.items()},
            "mask_recall": self.recall,
            "objects": self.objects,
            "objects_found": self.found,
        }

    def line(self) -> str:
        """Return the most important figures in words."""
        masks = ", ".join(
            f"{words} {_shown(self.masks[name])}"
            for words, name in (("AP", "ap"), ("AP50", "ap50"), ("AP75", "ap75"))
        )
        return f"masks of {self.objects} objects: {masks}; boxes: AP {_shown(self.boxes['ap'])}"

    def write(self, path: Path) -> None:
        """Write a table with a line for masks, for boxes and for the masks of each class, atomically."""
        rows = {"masks": self.masks, "boxes": self.boxes}
        rows |= {f"masks of {name}": figures for name, figures in self.by_class.items()}
        write_csv(path, [["of", *_NAMES], *([of, *figures.values()] for of, figures in rows.items())])

    def write_resampled(self, path: Path) -> None:
        """Write the figures of masks on resampled photos, a line each, atomically."""
        names = [f"mask_{name}" for name in _NAMES]
        rows = _resampled(self.judged) if self.judged else []
        write_csv(path, [names, *([*map(_known, row)] for row in rows)])


@dataclass
class ObjectMeasurement:
    """A judgement in progress: it takes in photos one by one, and keeps run lengths alone.

    Of an object that was found the pixels with a score of at least `threshold` count, as they are written.
    Without one its scores wait, compressed, for the threshold that `finish` is given, one of THRESHOLDS.
    """

    labels: LabelMap
    least_score: float = USUAL_SCORE
    threshold: float | None = 0.5
    images: list[dict[str, Any]] = field(default_factory=list)
    true: list[dict[str, Any]] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[tuple[dict[str, Any], tuple[int, ...], bytes]] = field(default_factory=list)

    def add(self, sample: Sample, found: tuple[FoundObject, ...], shape: tuple[int, ...]) -> None:
        """Take in the objects that were found in a photo [H, W, 3]."""
        from pycocotools import mask as run_lengths

        number = len(self.images) + 1
        self.images.append({"id": number, "height": shape[0], "width": shape[1]})
        objects = objects_of(truth_of(sample))
        for mask, kind in zip(objects.masks, objects.classes, strict=True):
            runs = _runs(mask)
            box, area = run_lengths.toBbox(runs), run_lengths.area(runs)
            self.true.append(
                {
                    "id": len(self.true) + 1,
                    "image_id": number,
                    "category_id": kind,
                    "segmentation": runs,
                    "bbox": [*map(float, box)],
                    "area": float(area),
                    "iscrowd": 0,
                }
            )
        for one in found:
            left, top, right, bottom = one.corners
            box = [left, top, right - left, bottom - top]
            entry = {"image_id": number, "category_id": one.index, "score": one.score, "bbox": box}
            self.found.append(entry)
            scores = one.placed(shape)
            if self.threshold is None:
                self.waiting.append((entry, scores.shape, zlib.compress(levels(scores).data, 1)))
            else:
                entry["segmentation"] = _runs(scores >= self.threshold)

    def finish(self, threshold: float = 0.5) -> ObjectFigures:
        """Return the figures of all photos; those without a threshold until now have this one."""
        for entry, shape, packed in self.waiting:
            level = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape)
            entry["segmentation"] = _runs(level >= round(threshold * 255))
        from pycocotools.coco import COCO

        names = self.labels.task.index_names
        with contextlib.redirect_stdout(io.StringIO()):  # the library prints each of its steps
            true = COCO()
            true.dataset = {
                "images": self.images,
                "annotations": self.true,
                "categories": [{"id": index, "name": name} for index, name in enumerate(names) if index],
            }
            true.createIndex()
            judged, boxes = (_judge(true, self._of_kind(kind), kind) for kind in ("segm", "bbox"))
            kinds = range(1, len(names)) if len(names) > 2 else ()
            by_class = {
                names[kind]: _named(_figures(true, _judge(true, self._of_kind("segm"), "segm", kind)))
                for kind in kinds
            }
        masks = _figures(true, judged)
        return ObjectFigures(
            _named(masks),
            _named(_figures(true, boxes)),
            _known(masks[_RECALL]),
            by_class,
            len(self.images),
            len(self.true),
            sum(one["score"] >= self.least_score for one in self.found),
            judged,
        )

    def _of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return what was found, with its mask or its box alone, from which the library takes the area."""
        other = "bbox" if kind == "segm" else "segmentation"
        return [{name: value for name, value in one.items() if name != other} for one in self.found]


def _judge(
    true: "COCO", found: list[dict[str, Any]], kind: str, category: int | None = None
) -> "COCOeval | None":
    """Return COCO's judgement; None where nothing was found."""
    from pycocotools.cocoeval import COCOeval

    if not found:
        return None
    judged = COCOeval(true, true.loadRes(found), kind)
    if category:
        judged.params.catIds = [category]
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    return judged


def _figures(true: "COCO", judged: "COCOeval | None") -> np.ndarray:
    """Return the twelve figures of COCO, -1 where there is nothing to judge."""
    if judged is not None:
        return judged.stats
    none = np.full(12, -1.0)
    if true.dataset["annotations"]:
        none[[0, 1, 2, _RECALL]] = 0.0
    return none


def _resampled(judged: "COCOeval") -> list[np.ndarray]:
    """Return the first six figures of COCO of as many photos, drawn with repetition, `RESAMPLES` times.

    The library keeps its matches by class, range of areas and photo, and accumulates those of the photos
    drawn as it does those of all.
    """
    before, stats = judged.evalImgs, judged.stats
    photos = len(judged.params.imgIds)
    matches = np.empty(len(before), object)
    matches[:] = before
    random, figures = np.random.default_rng(_SEED), []
    for _ in range(RESAMPLES):
        drawn = random.integers(photos, size=photos)
        judged.evalImgs = matches.reshape(-1, photos)[:, drawn].ravel().tolist()
        with contextlib.redirect_stdout(io.StringIO()):
            judged.accumulate()
            judged.summarize()
        figures.append(judged.stats[: len(_NAMES)])
    judged.evalImgs, judged.stats = before, stats
    return figures


def _named(stats: np.ndarray) -> dict[str, float | None]:
    return {name: _known(value) for name, value in zip(_NAMES, stats, strict=False)}


def _known(value: float) -> float | None:
    return None if value < 0 else float(value)


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _runs(mask: np.ndarray) -> dict[str, Any]:
    from pycocotools import mask as run_lengths

    return run_lengths.encode(np.asfortranarray(mask, np.uint8))
