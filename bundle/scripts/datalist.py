"""Which series are trained on and which are kept aside."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

Item = dict[str, Any]


def read_datalist(folder: str | Path, name: str = "dataset.json") -> list[Item]:
    """Items of ``dataset.json``: a list of ``{"image": file, "label": file, "patient": name}``, paths made absolute.

    `patient` may be left out where each patient has one series; `label` where there is none.

    Raises:
        ValueError: an item has no image, or the list is empty.
    """
    folder = Path(folder)
    items: list[Item] = json.loads((folder / name).read_text(encoding="utf-8"))
    if not items or any("image" not in item for item in items):
        raise ValueError(f"{folder / name} must be a list of items with an image each")
    files = ("image", "label")
    return [{key: str(folder / value) if key in files else value for key, value in item.items()} for item in items]


def split_by_patient(items: list[Item], held_out: float = 0.125, seed: int = 0) -> tuple[list[Item], list[Item]]:
    """Split into training and validation so that all series of a patient fall on one side.

    Args:
        items: from `read_datalist`.
        held_out: share of the patients for validation; at least one patient.
        seed: of the shuffling.

    Raises:
        ValueError: fewer than two patients.
    """
    patients = sorted({_patient(item) for item in items})
    if len(patients) < 2:
        raise ValueError("training needs two patients at least, one of them for validation")
    random.Random(seed).shuffle(patients)
    aside = set(patients[: max(1, round(held_out * len(patients)))])
    return [i for i in items if _patient(i) not in aside], [i for i in items if _patient(i) in aside]


def _patient(item: Item) -> str:
    return str(item.get("patient", item["image"]))
