"""From a model bundle to a score function."""

import keras
import numpy as np

from config import Size
from segmentation.bundle import ModelBundle
from segmentation.data.preprocess import Preprocessing, resize_scores
from segmentation.errors import BundleError
from segmentation.models import registry
from segmentation.types import ScoreFn


def load_engine(bundle: ModelBundle) -> ScoreFn:
    """Build the bundle's network in float32, load its weights, and wrap it with its preprocessing.

    The score function takes photos of any size and gives scores at their size. Raises BundleError when
    the weights are not those of the recorded architecture.
    """
    preprocessing = Preprocessing.from_json(bundle.preprocessing)
    size = preprocessing.input_size
    shape = (size.height, size.width, preprocessing.channels)
    model = registry.build(bundle.config.model, shape, classes=len(bundle.labels.names))
    try:
        model.load_weights(bundle.weights)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise BundleError(f"{bundle.weights}: not the weights of {bundle.architecture} ({reason})") from error
    return score_function(model, preprocessing)


def score_function(model: keras.Model, preprocessing: Preprocessing) -> ScoreFn:
    """Wrap a network: prepare the photo, score it, and bring the scores back to the photo's size."""

    def score(photo: np.ndarray) -> np.ndarray:
        batch = preprocessing.normalise(preprocessing.prepare(photo))[np.newaxis]  # [1, h, w, C]
        scores = np.asarray(model.predict_on_batch(batch), np.float32)[0]  # [h, w, classes]
        return resize_scores(scores, Size(*photo.shape[:2]))

    return score
