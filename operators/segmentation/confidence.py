"""How far a slice's segmentation can be trusted: is the network sure of its wall, and does it draw the same again?

It learns shares of pixels, so its probabilities tell what overlap it expects itself. The bundle's inferer also shows it
each slice in another way, which tells nothing new of where the heart is: how far the two answers agree is the other
part. The product of both is turned into the Dice that digital patients with as much of it had against their truth.
Where the answers differ one of them at least is wrong; they can still be wrong together, so a high confidence proves
nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from operators.errors import ModelError
from operators.series import FloatArray, IntArray, Label, QualityFlag

CALIBRATION = "models/confidence.json"
"""Within the bundle: made for these weights by ``python -m benchmarks.confidence``."""
UNSURE = 0.85
"""Without a calibration: mean probability of the chosen labels in the left ventricle below which a slice is flagged."""
LEFT = (Label.MYOCARDIUM, Label.LV_CAVITY)


@dataclass(frozen=True, slots=True)
class Calibration:
    """From sureness to the Dice to expect of the myocardium, for one set of weights."""

    sureness: tuple[float, ...]
    """Increasing."""
    dice: tuple[float, ...]
    """Expected there, not decreasing; linear between them."""
    unsure_below: float
    """Expected Dice below which a slice is flagged."""
    hopeless_below: float
    """Expected Dice below which nothing is drawn."""

    def expect(self, sureness: float) -> float:
        """Dice of the myocardium to expect."""
        return float(np.interp(sureness, self.sureness, self.dice))


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the network draws in one slice."""

    labels: npt.NDArray[np.uint8]
    """`Label` of each pixel, shape (row, col)."""
    probabilities: FloatArray
    """Shape (label, row, col)."""
    sureness: float
    """0..1, see `consistency` and `own_dice`, whose product it is."""
    expected_dice: float
    """Of the myocardium; NaN: not calibrated."""


def read_calibration(bundle: Path, model_sha256: str) -> Calibration | None:
    """The bundle's calibration; None where there is none for these weights, such as after a training of one's own.

    Raises:
        ModelError: the file can't be used.
    """
    path = bundle / CALIBRATION
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["model_sha256"] != model_sha256:
            return None
        return Calibration(
            tuple(float(v) for v in found["sureness"]),
            tuple(float(v) for v in found["dice"]),
            float(found["unsure_below"]),
            float(found["hopeless_below"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            "The bundle's calibration of confidence can't be read.",
            where=CALIBRATION,
            hint="Make it again with `python -m benchmarks.confidence`, or delete the file to do without.",
        ) from error


def consistency(first: IntArray, second: IntArray) -> float:
    """Dice of the wall in two answers, 0 where neither has one.

    Args:
        first: `Label` of each pixel, shape (row, col).
        second: the same, as drawn when asked otherwise.
    """
    ours, theirs = first == Label.MYOCARDIUM, second == Label.MYOCARDIUM
    total = int(ours.sum()) + int(theirs.sum())
    return 2 * int((ours & theirs).sum()) / total if total else 0.0


def own_dice(probabilities: FloatArray) -> float:
    """Dice of the wall to expect if the probabilities are right, 0 where none is drawn.

    Args:
        probabilities: shape (label, row, col).
    """
    wall = probabilities[Label.MYOCARDIUM]
    drawn = probabilities.argmax(0) == Label.MYOCARDIUM
    return 2 * float(wall[drawn].sum()) / (int(drawn.sum()) + float(wall.sum())) if drawn.any() else 0.0


def check_confidence(answer: Answer, calibration: Calibration | None, index: int) -> tuple[QualityFlag, ...]:
    """Flag of a slice that the network is unsure of, by the calibration or, without one, by its own probabilities."""
    name = f"slice {index + 1}"
    if calibration is None:
        left = np.isin(answer.labels, LEFT)
        sure = float(answer.probabilities.max(axis=0)[left].mean()) if left.any() else 1.0
        if sure >= UNSURE:
            return ()
        message = f"The segmentation of {name} is unsure (mean probability {sure:.2f} in the left ventricle)."
        return (QualityFlag("segmentation_unsure", "warning", message, index),)
    expected = answer.expected_dice
    if expected < calibration.hopeless_below:
        message = f"The network can make out no heart in {name} (expected Dice {expected:.2f}); nothing is drawn there."
        return (QualityFlag("segmentation_hopeless", "warning", message, index),)
    if expected < calibration.unsure_below:
        message = f"The segmentation of {name} is unsure (expected Dice {expected:.2f}); look at its contours."
        return (QualityFlag("segmentation_unsure", "warning", message, index),)
    return ()
