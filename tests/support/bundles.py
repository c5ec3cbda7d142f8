"""Bundles without a network, for tests of what is written and read."""

import dataclasses

from segmentation.bundle.bundle import ModelBundle
from segmentation.bundle.precisions import Exactness, Precisions
from segmentation.bundle.saving import save_description
from segmentation.confidence.model import DOUBTS, SHAPE, SIGNS, ConfidenceModel
from segmentation.confidence.places import FIGURES, PlaceModel
from segmentation.config.run import RunConfig
from segmentation.core.size import Size
from segmentation.preprocessing.preprocessing import Preprocessing

SIZE = Size(height=48, width=32)
CONFIG = RunConfig().replace(architecture="simple", filters=4, levels=2, input_size=SIZE)
CONFIDENCE_MODEL = ConfidenceModel(
    samples=("ID_Front", "ç"),
    usual={**dict.fromkeys((*DOUBTS, *SHAPE), (-1.5, 0.25)), "lightness": (70.0, 2.5)},
    weights=dict.fromkeys(SIGNS, 0.125),
    bias=-0.5,
    error=0.01,
    correlation=0.75,
)
PRECISIONS = Precisions(28, Exactness(0.99, 0.88, 12), Exactness(0.9875, 0.87, 11))


def place_model(**weights):
    """A model of the places of likely faults that goes by the figures with these weights alone."""
    return PlaceModel(
        weights={**dict.fromkeys(FIGURES, 0.0), **weights},
        bias=-1.0,
        clean_bias=-1.0,
        clean_slope=2.0,
        ranking=0.9,
        candidates=100,
        planted=20,
    )


def write_bundle(path, **options):
    """Write a bundle into a new folder; `options` take the place of its fields."""
    path.mkdir(parents=True)
    (path / "model.weights.h5").write_bytes(b"weights of the network")
    (path / "history.csv").write_text("epoch,loss\n1,0.5\n")
    bundle = ModelBundle(
        path=path,
        config=CONFIG,
        preprocessing=Preprocessing(SIZE, mean=(1.5, 2.5, 3.5), std=(4.0, 5.0, 6.0)),
        threshold=0.375,
        split={"train": ["a", "b"], "val": ["ç"]},
        provenance={"epochs": 3, "versions": {"keras": "3"}, "start": None},
        precisions=PRECISIONS,
        confidence_model=CONFIDENCE_MODEL,
    )
    return save_description(dataclasses.replace(bundle, **options))


def write_export(bundle, graph=b"graph"):
    """Put the files of an exported network into the folder of a bundle."""
    (bundle.path / "model.xml").write_bytes(graph)
    (bundle.path / "model.bin").write_bytes(b"weights")
