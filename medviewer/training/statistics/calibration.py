"""Making probabilities and volumes say how sure they are: temperature scaling and split conformal intervals.

Both are fitted on images that neither trained the network nor are used for its figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
_LOG_RANGE = (math.log(0.05), math.log(20.0))


def sigmoid(logits: Float) -> Float:
    """1 / (1 + exp(-z)) without overflow."""
    return np.asarray(np.where(logits >= 0, 1 / (1 + np.exp(-np.abs(logits))), np.exp(-np.abs(logits)) / (1 + np.exp(-np.abs(logits)))))


def fit_temperature(logits: Float, truth: NDArray[np.bool_]) -> float:
    """The T for which ``logits / T`` has the smallest cross-entropy (Guo 2017); dividing changes no order and no AUC.

    logits : (n,) of a yes/no question, or (n, c) of a choice with ``truth`` (n,) the right column's number.
    """
    from scipy.optimize import minimize_scalar

    z = np.asarray(logits, np.float64)
    loss = _binary_loss if z.ndim == 1 else _choice_loss
    found = minimize_scalar(lambda t: loss(z / math.exp(t), truth), bounds=_LOG_RANGE, method="bounded", options={"xatol": 1e-6})
    return math.exp(float(found.x))


@dataclass(frozen=True, slots=True)
class Line:
    """``(z - shift) / temperature`` is the logit that can be read as odds."""

    temperature: float
    shift: float


def fit_line(logits: Float, truth: NDArray[np.bool_]) -> Line:
    """The temperature and shift with the smallest cross-entropy at even odds: both answers weigh the same (Platt 1999).

    A training set's share of ill cases says nothing about a ward's; at even odds a probability of 0.5 is where the
    evidence for and against is equal. logits, truth : (n,) of a yes/no question.
    """
    from scipy.optimize import minimize

    z = np.asarray(logits, np.float64)
    weight = np.where(truth, 0.5 / max(truth.sum(), 1), 0.5 / max((~truth).sum(), 1))

    def loss(parameters: Float) -> float:
        calibrated = (z - parameters[1]) / math.exp(parameters[0])
        return float(np.sum(weight * (np.logaddexp(0.0, calibrated) - calibrated * truth)))

    found = minimize(
        loss, np.array([0.0, float(np.median(z))]), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9, "maxiter": 4000}
    )
    return Line(math.exp(float(found.x[0])), float(found.x[1]))


def _binary_loss(z: Float, truth: NDArray[np.bool_]) -> float:
    return float(np.mean(np.logaddexp(0.0, z) - z * truth))


def _choice_loss(z: Float, right: NDArray[np.bool_]) -> float:
    chosen = z[np.arange(len(z)), np.asarray(right, np.int64)]
    return float(np.mean(np.logaddexp.reduce(z, axis=1) - chosen))


@dataclass(frozen=True, slots=True)
class Band:
    """An interval ``v (1 - half) .. v (1 + half)`` around a volume v: of how many images, and how often it should hold."""

    half: float
    images: int
    wanted: float


def conformal_band(predicted: Float, true: Float, wanted: float = 0.9) -> Band:
    """Split conformal prediction on the relative error ``|v' - v| / v'`` (Vovk 2005, Lei 2018).

    The half width is the ceil((n + 1) wanted)-th smallest error; with fewer than ``wanted / (1 - wanted)`` images no
    finite width holds what it promises, and it is infinite. Coverage holds for images drawn like those given here.
    """
    kept = predicted > 0
    errors = np.sort(np.abs(predicted[kept] - true[kept]) / predicted[kept])
    rank = math.ceil((len(errors) + 1) * wanted - 1e-9)
    return Band(float(errors[rank - 1]) if 0 < rank <= len(errors) else math.inf, len(errors), wanted)


def coverage(band: Band, predicted: Float, true: Float) -> float:
    """The share of volumes whose true value lies in the interval around the predicted one; nan for none."""
    if not len(predicted):
        return math.nan
    return float(np.mean(np.abs(predicted - true) <= band.half * predicted))
