"""The conformance page says what the code does."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian
from written_objects import Written, items

from operators.dicom_writing.registry import OUTPUTS
from perf_app.conformance import page


def test_the_committed_page_is_current(repository: Path) -> None:
    assert (repository / "docs" / "conformance.md").read_text() == page(), "python -m perf_app.conformance"


def test_what_is_written_is_what_the_page_says(written: Written) -> None:
    kinds = {role: output for output in OUTPUTS.values() for role in output.roles}
    for path in written.paths:
        dataset, kind = dcmread(path), kinds[path.name.split("_")[0]]
        assert (dataset.SOPClassUID, dataset.Modality) == (kind.sop_class, kind.modality)
        assert dataset.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert {path.name.split("_")[0] for path in written.paths} == set(kinds)


def test_every_code_of_our_own_scheme_and_every_measured_one_is_on_the_page(written: Written) -> None:
    said = page()
    for report in (*written.read("measurements"), *written.read("reserve")):
        for item in items(report):
            coded = [*item.get("ConceptCodeSequence", [])]
            if item.ValueType == "NUM":
                coded += [*item.ConceptNameCodeSequence]
            flagged = item.ValueType == "CODE" and item.ConceptNameCodeSequence[0].CodeValue == "121071"
            for code in coded:
                value = code.get("CodeValue") or code.LongCodeValue
                own = code.CodingSchemeDesignator == "99PERFAPP"
                if (own and not flagged) or item.ValueType == "NUM":
                    assert f"{value}, {code.CodingSchemeDesignator}" in said
