"""Role, state and dialect from the words that real series carry."""

from __future__ import annotations

import pytest
from pydicom import Dataset
from pydicom.uid import MRImageStorage

from operators.dicom_loading.dialects import registry
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.rules import DEFAULT_RULES
from operators.dicom_loading.state import read_state
from operators.errors import UnsupportedSeriesError
from operators.series import Role, State


def header(description: str = "", **values: object) -> Dataset:
    made = Dataset()
    made.SOPClassUID, made.SeriesInstanceUID = MRImageStorage, "1.2.3"
    made.SeriesDescription = description
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


@pytest.mark.parametrize(
    ("description", "state"),
    [
        ("REST_PERFUSION_(AERA_REF.)_MOCO", State.REST),
        ("PERF_SA_3_SLICES_TPAT_STRESS", State.STRESS),
        ("first_pass_perf_sax_rest", State.REST),
        ("perfusion_tfl_MOCO", State.UNKNOWN),
        ("PERF_SHORT_AXIS_3_SLICES_TPAT_TEST", State.UNKNOWN),
        ("test_PERFUSION", State.UNKNOWN),
        ("SLOW_PERFUSION_1ML_per_sec.", State.UNKNOWN),
        ("perf_post_stress", State.UNKNOWN),
        ("Perfusion Adenosine", State.STRESS),
        ("Brest_perfusion", State.UNKNOWN),
        ("perf_forest_interest", State.UNKNOWN),
        ("perf_stress_rest", State.UNKNOWN),
        ("Rest2 perfusion", State.REST),
        ("", State.UNKNOWN),
    ],
)
def test_state_of_real_descriptions(description: str, state: State) -> None:
    assert read_state(header(description))[0] is state


def test_the_protocol_tells_where_the_description_is_silent() -> None:
    assert read_state(header("perfusion", ProtocolName="perf_rest")) == (State.REST, "protocol")
    assert read_state(header("perf_stress", ProtocolName="perf_rest")) == (State.STRESS, "description")
    assert read_state(header("perfusion_test", ProtocolName="perf_rest")) == (State.UNKNOWN, "nothing")


@pytest.mark.parametrize(
    ("comment", "description", "role"),
    [
        ("Gd_MOCO_x1000_0.001mmol/L", "Perfusion_AIFR3_2E_Interleaved_REST_MOCO_Gd", Role.GADOLINIUM),
        ("AIF_MOCO", "Perfusion_AIFR3_2E_Interleaved_AIF", Role.AIF),
        ("AIF_Gd", "Perfusion_AIFR3_2E_Interleaved_AIF_Gd", Role.OTHER),
        ("AIFMASK", "Perfusion_AIFR3_2E_Interleaved_AIFMASK", Role.OTHER),
        ("Flow_Map_x100_0.01ml/min/g", "Perfusion_AIFR3_2E_Interleaved_Flow_Map", Role.MBF_MAP),
        ("PS_Map", "Perfusion_AIFR3_2E_Interleaved_PS_Map", Role.OTHER),
        ("PD_NORM", "Perfusion_AIFR3_2E_Interleaved_PD", Role.PROTON_DENSITY),
        ("MOCO_NORM", "Perfusion_AIFR3_2E_Interleaved_REST_MOCO", Role.PERFUSION),
    ],
)
def test_roles_of_gadgetron(comment: str, description: str, role: Role) -> None:
    made = header(description, ImageComments=comment, Manufacturer="SIEMENS")
    name, dialect = registry.choose(made)
    assert name == "gadgetron"
    assert dialect.role(made, DEFAULT_RULES) is role


@pytest.mark.parametrize(
    ("description", "role"),
    [
        ("stress_perf_sax", Role.PERFUSION),
        ("stress_perf_AIF", Role.AIF),
        ("First Pass rest", Role.PERFUSION),
        ("stress_perf_MBF", Role.MBF_MAP),
        ("perf_TTP", Role.OTHER),
        ("cine_sax", None),
    ],
)
def test_roles_of_plain_words(description: str, role: Role | None) -> None:
    made = header(description, Manufacturer="Siemens Healthineers", ImageComments="PD")
    name, dialect = registry.choose(made)
    assert name == "siemens"
    assert dialect.role(made, DEFAULT_RULES) is role


def test_free_text_in_a_comment_is_no_chain_of_roles() -> None:
    made = header("rest_AIF", Manufacturer="SIEMENS", ImageComments="AIF images, MOCO not done")
    name, dialect = registry.choose(made)
    assert (name, dialect.role(made, DEFAULT_RULES)) == ("siemens", Role.AIF)


def test_phase_images_are_no_perfusion() -> None:
    made = header("stress_perf", ImageType=["ORIGINAL", "PRIMARY", "P", "ND"])
    assert registry.choose(made)[1].role(made, DEFAULT_RULES) is Role.OTHER


def test_the_scale_of_gd_is_applied_once() -> None:
    both = header(ImageComments="Gd_x1000_0.001mmol/L", RescaleSlope=0.001, RescaleIntercept=0)
    comment = header(ImageComments="Gd_x1000_0.001mmol/L")
    slope = header(ImageComments="Gd", RescaleSlope=0.001, RescaleIntercept=0)
    for made in (both, comment, slope):
        assert registry.choose(made)[1].rescale(made) == pytest.approx((0.001, 0.0))


@pytest.mark.parametrize(
    ("values", "readout"),
    [
        ({"SequenceName": "*tfl2d1_64"}, "flash"),
        ({"SequenceName": "*tfi2d1_44"}, "bssfp"),
        ({"ScanningSequence": "GR", "SequenceVariant": ["SK", "SP", "MP"]}, "flash"),
        ({"ScanningSequence": "GR", "SequenceVariant": ["SK", "SS"]}, "bssfp"),
        ({"ScanningSequence": "GR", "SequenceVariant": "SK"}, None),
    ],
)
def test_readout_in_siemens_words(values: dict[str, object], readout: str | None) -> None:
    made = header("perf", Manufacturer="SIEMENS", **values)
    assert registry.choose(made)[1].sequence(made).readout == readout


def test_acceleration_in_siemens_words() -> None:
    made = header("perf", Manufacturer="SIEMENS", ParallelReductionFactorInPlane=3.0)
    assert registry.choose(made)[1].sequence(made).acceleration == 3.0
    made.private_block(0x0051, "SIEMENS MR HEADER", create=True).add_new(0x11, "LO", "p2")
    assert registry.choose(made)[1].sequence(made).acceleration == 2.0


def test_a_long_repetition_time_is_no_echo_spacing() -> None:
    made = header("perf", RepetitionTime=164.0, EchoTime=1.04, InversionTime=0, FlipAngle=14)
    sequence = registry.choose(made)[1].sequence(made)
    assert sequence.repetition_time is None
    assert sequence.saturation_time is None
    assert sequence.echo_time == pytest.approx(0.00104)


def test_a_dialect_more_is_one_line_and_two_claims_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Dialect(matches=lambda made: str(made.get("Manufacturer", "")).startswith("Other"))
    monkeypatch.setitem(registry.DIALECTS, "other", other)
    assert registry.choose(header(Manufacturer="Other Works"))[0] == "other"
    assert registry.choose(header(Manufacturer="AGFA-GEVAERT"))[0] == "plain"
    with pytest.raises(UnsupportedSeriesError, match="gadgetron, other"):
        registry.choose(header(Manufacturer="Other Works", ImageComments="MOCO"))


def philips(scale: float | None) -> Dataset:
    made = header("rest_perf", Manufacturer="Philips Medical Systems", RescaleSlope=2.0, RescaleIntercept=10.0)
    if scale is not None:
        made.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x0E, "FL", scale)
    return made


def test_philips_values_are_those_of_the_private_scale() -> None:
    """(stored x slope + intercept) / (slope x scale)."""
    slope, intercept = registry.choose(philips(0.5))[1].rescale(philips(0.5))
    for stored in (0, 7, 1000):
        assert stored * slope + intercept == pytest.approx((stored * 2.0 + 10.0) / (2.0 * 0.5))


def test_philips_values_are_the_display_s_without_a_private_scale() -> None:
    assert registry.choose(philips(None))[1].rescale(philips(None)) == (2.0, 10.0)
    assert registry.choose(philips(0.0))[1].rescale(philips(0.0)) == (2.0, 10.0)


@pytest.mark.parametrize(
    ("maker", "dialect"),
    [
        ("GE MEDICAL SYSTEMS", "ge"),
        ("GE Healthcare", "ge"),
        ("GEHC", "ge"),
        ("GEMS", "ge"),
        ("GENESIS", "plain"),
        ("AGFA-GEVAERT", "plain"),
        ("Philips", "philips"),
        ("SIEMENS", "siemens"),
        ("Siemens Healthineers", "siemens"),
        ("CANON_MEC", "plain"),
        ("UIH", "plain"),
        ("", "plain"),
    ],
)
def test_makers(maker: str, dialect: str) -> None:
    assert registry.choose(header(Manufacturer=maker))[0] == dialect


def test_ge_tells_phase_from_magnitude_in_private() -> None:
    for kind, role in ((0, Role.PERFUSION), (1, Role.OTHER), (2, Role.OTHER)):
        made = header("rest_perf", Manufacturer="GE MEDICAL SYSTEMS")
        made.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x2F, "SS", kind)
        assert registry.choose(made)[1].role(made, DEFAULT_RULES) is role


def test_every_dialect_has_a_line_for_people() -> None:
    for dialect in (*registry.DIALECTS.values(), registry.PLAIN_DIALECT):
        assert 20 < len(dialect.description) < 120
        assert "\n" not in dialect.description
