"""Codes of what is found and measured (DICOM PS3.16), and a private scheme for what has no public code."""

from __future__ import annotations

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

PRIVATE_SCHEME = "99PERFAPP"

HEART = Code("80891009", "SCT", "Heart")
LV_CAVITY = Code("87878005", "SCT", "Left ventricle")
LV_MYOCARDIUM = Code("49848007", "SCT", "Left ventricle myocardium")
RV = Code("53085002", "SCT", "Right ventricle")

_SEGMENT_VALUES = {
    "basal anterior": "264850008",
    "basal anteroseptal": "396482007",
    "basal inferoseptal": "396646008",
    "basal inferior": "264846001",
    "basal inferolateral": "396652009",
    "basal anterolateral": "396654005",
    "mid anterior": "264848000",
    "mid anteroseptal": "396647004",
    "mid inferoseptal": "396649001",
    "mid inferior": "264847005",
    "mid inferolateral": "396655006",
    "mid anterolateral": "396656007",
    "apical anterior": "264844003",
    "apical septal": "264845002",
    "apical inferior": "264849008",
    "apical lateral": "264853005",
}
SEGMENTS = {
    number: Code(value, "SCT", f"left ventricle {name} segment")
    for number, (name, value) in enumerate(_SEGMENT_VALUES.items(), start=1)
}
"""AHA segments 1 to 16 (CID 3717)."""

TERRITORIES = {
    "LAD": Code("59438005", "SCT", "Anterior descending branch of left coronary artery"),
    "RCA": Code("13647002", "SCT", "Right coronary artery"),
    "LCx": Code("57396003", "SCT", "Circumflex coronary artery"),
}
ENDOCARDIAL = Code("304059001", "SCT", "endocardial")
EPICARDIAL = Code("261073003", "SCT", "epicardial")

BLOOD_FLOW = Code("126390", "DCM", "Absolute Regional Blood Flow")
RELATIVE_UPSLOPE = Code("relative_upslope", PRIVATE_SCHEME, "Relative myocardial upslope")
PERFUSION_RESERVE = Code("perfusion_reserve", PRIVATE_SCHEME, "Myocardial perfusion reserve")
EXPECTED_DICE = Code("expected_dice", PRIVATE_SCHEME, "Dice coefficient of the segmentation to expect")
FLOW_UNIT = Code("ml/min/g", "UCUM", "ml/min/g")
NO_UNIT = codes.UCUM.NoUnits

MEAN = Code("373098007", "SCT", "Mean")
STANDARD_DEVIATION = Code("386136009", "SCT", "Standard Deviation")
MEDIAN = Code("373099004", "SCT", "Median")

PATIENT_STATE = Code("109054", "DCM", "Patient State")
STATES = {
    "stress": Code("432655005", "SCT", "Cardiac stress state"),
    "rest": Code("128975004", "SCT", "Resting state"),
}
PROCEDURES = {
    "stress": Code("431609005", "SCT", "Cardiac MRI stress"),
    "rest": Code("241620005", "SCT", "Cardiac MRI"),
}
UNCERTAINTY = (
    Code("371886008", "SCT", "+, range of upper measurement uncertainty"),
    Code("371885007", "SCT", "-, range of lower measurement uncertainty"),
)
QUALITY_FINDING = Code("111052", "DCM", "Quality Finding")
SEVERITY = Code("246112005", "SCT", "Severity")
SEVERITIES = {
    "info": Code("info", PRIVATE_SCHEME, "For information"),
    "warning": Code("warning", PRIVATE_SCHEME, "Warning"),
    "withheld": Code("withheld", PRIVATE_SCHEME, "Results withheld"),
}
PARAMETER = Code("111002", "DCM", "Algorithm Parameters")
COMMENT = Code("121106", "DCM", "Comment")
REPORT_TITLE = Code("126002", "DCM", "Dynamic Contrast MR Measurement Report")


def quantity(unit: str) -> tuple[Code, Code]:
    """Concept and unit of a flow map's values: relative values never carry a unit of flow."""
    return (BLOOD_FLOW, FLOW_UNIT) if unit == "mL/min/g" else (RELATIVE_UPSLOPE, NO_UNIT)


def flag_code(code: str) -> Code:
    """A quality flag's code in the private scheme; its meaning is its name in words."""
    return Code(code, PRIVATE_SCHEME, code.replace("_", " "))


def private_scheme() -> CodingSchemeIdentificationItem:
    """Says in the object who is behind the private codes."""
    return CodingSchemeIdentificationItem(PRIVATE_SCHEME, name="perf_app codes", responsible_organization="perf_app")
