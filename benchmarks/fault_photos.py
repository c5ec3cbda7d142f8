"""The photos of `faults.py`: masks, second opinions and further evidence, computed once and kept."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path

import numpy as np
from unseen import unseen

from segmentation.bundle.bundle import ModelBundle
from segmentation.confidence.candidates import find_candidates
from segmentation.confidence.estimator import estimator_for
from segmentation.core.predictions import Prediction, ScoreFn
from segmentation.core.samples import Sample
from segmentation.core.size import REFERENCE_HEIGHT_PX
from segmentation.evaluation.photo import read_pair
from segmentation.inference.predict import predict
from segmentation.inference.scoring import load_score
from segmentation.metrics import masks as metrics

KINDS = {
    "studio": ("studio/val", "studio/views", "studio/train"),
    "packshots": ("packshots",),
    "flatlay": ("flatlay",),
    "street": ("ccp/val",),
}
"""Kinds of photos, and the folders in which they are."""

SHIFT_PX = 16  # of 1728, down and across
ENSEMBLE = "agreement of an ensemble"
DISTILLED = "agreement of an ensemble, from the features"
DISTILLED_FROM = ("disagreement", "thick_disagreement", "softness", "fragments", "area", "outline", "islands")
LEAST = 1e-4  # added before a logarithm
FOLDS = 5  # of garments, each judged by what was fitted to the others


@dataclass(frozen=True, eq=False)
class KnownPhoto:
    """A photo with ground truth that the model has not seen, and what was computed of it.

    `evidence` are figures that are larger where a mask is worse, and `ms` what each costs in CPU time.
    """

    kind: str
    sample: Sample
    photo: np.ndarray
    target: np.ndarray
    prediction: Prediction
    second: np.ndarray
    evidence: dict[str, float]
    ms: dict[str, float]

    @property
    def garment(self) -> str:
        return self.sample.group or self.sample.id


def known_photos(
    bundle: ModelBundle, data: Path, kept: Path, most: int | None, members: Sequence[ModelBundle] = ()
) -> Iterator[KnownPhoto]:
    """Yield at most so many photos of each kind, those that were computed before from the folder `kept`.

    `members` are the models of an ensemble, whose agreement is further evidence.
    """
    kept.mkdir(parents=True, exist_ok=True)
    network, ensemble = _Network(bundle), _Ensemble(members)
    samples = unseen([bundle], [data / folder for folders in KINDS.values() for folder in folders])
    for kind, folders in KINDS.items():
        places = [data / folder for folder in folders]
        of_kind = (one for one in samples.values() if any(map(one.photo.is_relative_to, places)))
        for sample in islice(of_kind, most):
            path = kept / f"{kind}-{sample.photo.stem}.npz"
            photo, alpha = read_pair(sample)
            if not path.is_file():
                network.compute(photo, path)
            with np.load(path) as stored:
                scores = stored["scores"].astype(np.float32)
                second = np.unpackbits(stored["second"], count=scores.size).reshape(scores.shape) > 0
                told = json.loads(str(stored["told"]))
            if members:
                disagreement, cost = ensemble.disagreement(photo, path.with_suffix(".ensemble.json"))
                told["evidence"][ENSEMBLE], told["ms"][ENSEMBLE] = disagreement, cost
            target = alpha >= bundle.config.data.target_threshold * 255
            prediction = Prediction(sample.id, scores[..., None], bundle.labels, bundle.threshold)
            prediction = network.estimator.judge(photo, prediction, second)
            features = prediction.features
            evidence = {
                "scores near the edge are unsure": features["softness"],
                "first pass, mirrored": features["disagreement"],
                **told["evidence"],
            }
            yield KnownPhoto(kind, sample, photo, target, prediction, second, evidence, told["ms"])


def distilled(photos: Sequence[KnownPhoto], disagreement: np.ndarray) -> np.ndarray:
    """Return the disagreement of an ensemble as a linear model of features, fitted to others, tells it."""
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    columns = np.array([[one.prediction.features[name] for name in DISTILLED_FROM] for one in photos])
    columns = np.log10(columns + LEAST)
    garments = [f"{one.kind} {one.garment}" for one in photos]
    return cross_val_predict(
        make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 2, 9))),
        columns,
        np.log10(disagreement + LEAST),
        groups=garments,
        cv=GroupKFold(FOLDS, shuffle=True, random_state=0),
    )


class _Network:
    """The model, loaded when the first photo needs it."""

    def __init__(self, bundle: ModelBundle):
        self._bundle = bundle
        self._score, engines = load_score(bundle)
        self._first, self._first_threshold = engines[0], bundle.passes[0].threshold
        self.estimator = estimator_for(engines[:1], self._first_threshold, None)

    def compute(self, photo: np.ndarray, path: Path) -> None:
        """Compute everything that takes a network, and keep it in a file."""
        threshold, ms = self._bundle.threshold, {}
        began = time.process_time()
        scores = predict(self._score, self._bundle, "", photo, threshold).scores[..., 0]
        ms["mask"] = _passed(began)
        mask = scores >= threshold
        began = time.process_time()
        second = self.estimator.second_mask(photo)
        ms["first pass, mirrored"] = _passed(began)
        others = {}
        began = time.process_time()
        others["both passes, mirrored"] = self._score(photo[:, ::-1])[:, ::-1, 0] >= threshold
        ms["both passes, mirrored"] = _passed(began)
        step = max(1, round(SHIFT_PX * len(photo) / REFERENCE_HEIGHT_PX))
        began = time.process_time()
        shifted = np.roll(self._first(np.roll(photo, (step, step), (0, 1))), (-step, -step), (0, 1))
        others["first pass, shifted"] = shifted[..., 0] >= self._first_threshold
        ms["first pass, shifted"] = _passed(began)
        others["first pass against both"] = self._first(photo)[..., 0] >= self._first_threshold
        ms["first pass against both"] = 0.0  # it is computed anyway
        began = time.process_time()
        find_candidates(photo, scores, mask, second)
        ms["likely faults"] = _passed(began)
        told = {
            "evidence": {name: 1 - metrics.dice(metrics.counts(one, mask)) for name, one in others.items()},
            "ms": ms,
        }
        np.savez_compressed(
            path, scores=scores.astype(np.float16), second=np.packbits(second), told=json.dumps(told)
        )


class _Ensemble:
    """The members of an ensemble, each loaded when the first photo needs it."""

    def __init__(self, members: Sequence[ModelBundle]):
        self._members = members
        self._scores: list[ScoreFn] = []

    def disagreement(self, photo: np.ndarray, path: Path) -> tuple[float, float]:
        """Return 1 - the mean Dice of each two members' masks, and the CPU time in ms; both are kept."""
        digests = [member.digest for member in self._members]
        kept = json.loads(path.read_text()) if path.is_file() else {}
        if kept.get("members") != digests:
            self._scores = self._scores or [load_score(member)[0] for member in self._members]
            began = time.process_time()
            masks = [
                score(photo)[..., 0] >= member.threshold
                for score, member in zip(self._scores, self._members, strict=True)
            ]
            ms = _passed(began)
            alike = [metrics.dice(metrics.counts(*two)) for two in combinations(masks, 2)]
            kept = {"members": digests, "disagreement": 1 - float(np.mean(alike)), "ms": ms}
            path.write_text(json.dumps(kept))
        return kept["disagreement"], kept["ms"]


def _passed(began: float) -> float:
    return 1000 * (time.process_time() - began)
