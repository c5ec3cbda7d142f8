"""The value of an order of photos for deciding which of them a person has to see.

Photos are taken from the most certain on; those with equal confidence are taken together, since nothing tells
them apart. Losses are float [N] in [0, 1], such as 1 - Dice, or whether a mask has a fault.
"""

import numpy as np


def aurc(confidence: np.ndarray, losses: np.ndarray) -> float:
    """Return the area under the risk-coverage curve: the mean loss of those taken, averaged over coverages.

    The coverages are 1/N, 2/N, ... 1; among photos of equal confidence the loss is that of all of them on
    average. 0 where nothing is lost; the mean loss where the order says nothing. Geifman, Uziel and El-Yaniv,
    "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers" (2019).
    """
    return float((np.cumsum(_in_order(confidence, losses)) / np.arange(1, len(losses) + 1)).mean())


def augrc(confidence: np.ndarray, losses: np.ndarray) -> float:
    """Return the area under the generalised risk-coverage curve, whose risk is over all photos.

    The risk is the loss of those taken over the number of all photos: how often a photo is taken and lost.
    Half the mean loss where the order says nothing. Of losses that are 0 or 1 it is a function of the area
    under the ROC curve. Traub and others, "Overcoming Common Flaws in the Evaluation of Selective
    Classification Systems" (2024).
    """
    taken = np.concatenate([[0.0], np.cumsum(_in_order(confidence, losses))]) / len(losses)
    return float(np.trapezoid(taken, dx=1 / len(losses)))


def _in_order(confidence: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Return the losses, the most certain photo first, each that of its equals on average: float64 [N]."""
    _, places, counts = np.unique(-np.asarray(confidence), return_inverse=True, return_counts=True)
    means = np.bincount(places, np.asarray(losses, np.float64)) / counts
    return means[np.sort(places)]
