"""Programs that know the standard and not us find nothing wrong with what is written, in any case."""

from __future__ import annotations

from pathlib import Path

import pytest
from highdicom.pm import ParametricMap
from highdicom.seg import segread
from highdicom.sr import srread
from pydicom import Dataset, config, dcmread
from written_objects import Written, tool, write_sources

KNOWN_NOISE = (
    "AccessionNumber",  # of the series or of the study: the tool takes it for the series'
    "ISO_IR 192",  # its checker knows no UTF-8
)


def test_dciodvfy_finds_no_error(case: Written) -> None:
    for path in case.paths:
        errors = [line for line in tool("dciodvfy", path, check=False).splitlines() if line.startswith("Error")]
        assert errors == [], path.name


def test_dcentvfy_finds_sources_and_outputs_of_one_mind(case: Written, tmp_path: Path) -> None:
    sources = write_sources(case.result, tmp_path)
    said = tool("dcentvfy", *sources, *case.paths, check=False).splitlines()
    # It compares bytes: a name in UTF-8 is not the same as in the source's character set.
    converted = dcmread(sources[0], stop_before_pixels=True).SpecificCharacterSet != "ISO_IR 192"
    noise = (*KNOWN_NOISE, "<PatientName>") if converted else KNOWN_NOISE
    found = [line for line in said if line.startswith("Error") and not any(word in line for word in noise)]
    assert found == []


def test_dsrdump_reads_reports(case: Written) -> None:
    for path in (*case.of("measurements"), *case.of("reserve")):
        said = tool("dsrdump", "+U8", "+Pl", path)
        wrong = [
            line
            for line in said.splitlines()
            if line.startswith(("E:", "W:")) and not any(noise in line for noise in KNOWN_NOISE)
        ]
        assert wrong == [], path.name
        assert "Comprehensive SR Document" in said
        assert "Research use only. Not verified by a reader." in said


def test_strict_readers_read_every_value(case: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.RAISE)
    for path in case.paths:
        dataset = dcmread(path)
        assert sum(1 for _ in dataset.iterall()) > len(dataset)
        _read_with_library(path, dataset)


def _read_with_library(path: Path, dataset: Dataset) -> None:
    if path.name.startswith("segmentation"):
        assert segread(path).number_of_segments == len(dataset.SegmentSequence)
    elif path.name.startswith("parametric-map"):
        assert isinstance(ParametricMap.from_dataset(dataset), ParametricMap)
    elif path.name.startswith(("measurements", "reserve")):
        assert srread(path).content.get_image_measurement_groups() is not None


def test_the_validator_would_find_an_error(written: Written, tmp_path: Path) -> None:
    broken = written.read("segmentation")[0]
    del broken.SegmentSequence[0].SegmentAlgorithmType
    broken.save_as(tmp_path / "broken.dcm")
    assert "Error - Missing attribute Type 1" in tool("dciodvfy", tmp_path / "broken.dcm", check=False)
