"""Which series are trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripts.datalist import read_datalist, split_by_patient


@given(n_patients=st.integers(2, 40), seed=st.integers(0, 5))
def test_a_patient_is_on_one_side_only_and_nobody_is_lost(n_patients: int, seed: int) -> None:
    items = [{"image": f"{p}_{s}.nii.gz", "patient": str(p)} for p in range(n_patients) for s in ("stress", "rest")]
    training, validation = split_by_patient(items, 0.125, seed)
    sides = [{item["patient"] for item in side} for side in (training, validation)]
    assert not sides[0] & sides[1]
    assert len(training) + len(validation) == len(items)
    assert len(sides[1]) == max(1, round(n_patients / 8))


def test_a_list_is_read_relative_to_its_folder(tmp_path: Path) -> None:
    listing = tmp_path / "dataset.json"
    listing.write_text(json.dumps([{"image": "a.nii.gz", "label": "b.nii.gz", "patient": "7"}]))
    assert read_datalist(tmp_path) == [
        {"image": f"{tmp_path}/a.nii.gz", "label": f"{tmp_path}/b.nii.gz", "patient": "7"}
    ]
    listing.write_text("[]")
    with pytest.raises(ValueError, match=r"dataset\.json"):
        read_datalist(tmp_path)


def test_one_patient_is_not_enough() -> None:
    with pytest.raises(ValueError, match="two patients"):
        split_by_patient([{"image": "a"}])
