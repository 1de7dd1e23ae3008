"""A study comes back from disk as it was made, however its files were arranged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_series import MORNING, Change, short_axis_affines, write_series
from pydicom import Dataset

from operators.dicom_loading.loader import load_study
from operators.series import FloatArray, PerfusionStudy, State

SLICES, FRAMES, ROWS, COLUMNS = 3, 24, 6, 5
PD = 3


def images(seed: int, frames: int = FRAMES, slices: int = SLICES, pd: int = 0) -> FloatArray:
    pixels = np.random.default_rng(seed).integers(50, 400, (slices, frames, ROWS, COLUMNS)).astype(float)
    pixels[:, :pd] += 1000
    return pixels


def echo(number: int) -> Change:
    def change(header: Dataset, _slice: int, _frame: int) -> None:
        header.EchoNumbers, header.EchoTime = number, (0.65, 1.65)[number - 1]

    return change


def write_dual_sequence(folder: Path, state: str, seed: int, start: float) -> None:
    flips = [5.0] * PD + [14.0] * FRAMES
    comments = ["PD"] * PD + [""] * FRAMES
    main = images(seed, PD + FRAMES, pd=PD)
    write_series(folder, main, description=f"{state}_perf", start=start, flip_angle=flips, comments=comments)
    for number in (1, 2):
        write_series(
            folder,
            images(seed + number, PD + FRAMES, slices=1),
            description=f"{state}_perf_AIF",
            name=f"{state} AIF {number}",
            start=start - 0.05,
            flip_angle=flips,
            comments=comments,
            change=echo(number),
        )


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> PerfusionStudy:
    folder = tmp_path_factory.mktemp("study")
    write_dual_sequence(folder / "b", "rest", 10, MORNING)
    write_dual_sequence(folder / "a", "stress", 20, MORNING + 900)
    (folder / "notes.txt").write_text("not DICOM")
    (folder / "link.dcm").symlink_to(next((folder / "a").iterdir()))
    return load_study(folder)


def test_stress_comes_first_and_pixels_are_those_written(study: PerfusionStudy) -> None:
    assert [scan.state for scan in study.scans] == [State.STRESS, State.REST]
    assert [scan.state_from for scan in study.scans] == ["description", "description"]
    for scan, seed in zip(study.scans, (20, 10), strict=True):
        written = images(seed, PD + FRAMES, pd=PD)
        np.testing.assert_array_equal(scan.perfusion.pixels, written[:, PD:])
        assert scan.proton_density is not None
        np.testing.assert_array_equal(scan.proton_density.pixels, written[:, :PD])
        assert scan.flags == ()


def test_aif_echoes_and_their_proton_density(study: PerfusionStudy) -> None:
    for scan, seed in zip(study.scans, (20, 10), strict=True):
        assert scan.aif is not None
        assert scan.aif.second_echo is not None
        assert scan.aif.proton_density is not None
        np.testing.assert_array_equal(scan.aif.first_echo.pixels, images(seed + 1, PD + FRAMES, slices=1)[:, PD:])
        np.testing.assert_array_equal(scan.aif.second_echo.pixels, images(seed + 2, PD + FRAMES, slices=1)[:, PD:])
        np.testing.assert_array_equal(scan.aif.proton_density.pixels, images(seed + 1, PD + FRAMES, slices=1)[:, :PD])
        assert scan.aif.first_echo.sequence.echo_time == pytest.approx(0.00065)
        assert scan.aif.second_echo.sequence.echo_time == pytest.approx(0.00165)


def test_all_images_of_a_scan_share_one_clock(study: PerfusionStudy) -> None:
    for scan in study.scans:
        beats = np.arange(FRAMES) * 0.8
        delays = np.arange(SLICES)[:, None] * 0.8 / SLICES
        np.testing.assert_allclose(scan.perfusion.times, beats + delays, atol=2e-6)
        assert scan.perfusion.times.min() == 0.0
        assert scan.proton_density is not None
        np.testing.assert_allclose(scan.proton_density.times[0], [-2.4, -1.6, -0.8], atol=2e-6)
        assert scan.aif is not None
        np.testing.assert_allclose(scan.aif.first_echo.times[0], beats - 0.05, atol=2e-6)


def test_affines_and_headers_belong_to_the_frames(study: PerfusionStudy) -> None:
    scan = study.scans[0]
    np.testing.assert_allclose(scan.perfusion.affines, short_axis_affines(SLICES), atol=1e-5)
    for row, times in zip(scan.perfusion.headers, scan.perfusion.times, strict=True):
        trigger = np.array([float(header.TriggerTime) / 1000 for header in row])
        np.testing.assert_allclose(trigger - trigger[0], times - times[0], atol=2e-6)
        assert not any("PixelData" in header for header in row)


def test_sequence_is_in_base_units(study: PerfusionStudy) -> None:
    sequence = study.scans[0].perfusion.sequence
    assert sequence.readout == "flash"
    assert sequence.repetition_time == pytest.approx(0.00243)
    assert sequence.saturation_time == pytest.approx(0.0814)
    assert sequence.flip_angle == pytest.approx(np.radians(14))
    assert sequence.phase_encodes == 111
    assert study.scans[0].proton_density is not None
    assert study.scans[0].proton_density.sequence.flip_angle == pytest.approx(np.radians(5))
    assert study.scans[0].heart_rate_bpm == pytest.approx(75, rel=1e-3)


def test_loading_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    write_series(tmp_path, images(1, slices=1))
    first, second = load_study(tmp_path), load_study(tmp_path)
    assert first.scans[0].perfusion.pixels.tobytes() == second.scans[0].perfusion.pixels.tobytes()
    assert first.scans[0].perfusion.times.tobytes() == second.scans[0].perfusion.times.tobytes()


def test_one_series_per_slice_is_one_scan(tmp_path: Path) -> None:
    pixels = images(2)
    write_series(tmp_path, pixels, one_series_per_slice=True)
    (scan,) = load_study(tmp_path).scans
    np.testing.assert_array_equal(scan.perfusion.pixels, pixels)
    assert len(scan.perfusion.series_instance_uids) == SLICES


def test_every_frame_has_its_own_rescale(tmp_path: Path) -> None:
    slopes = np.linspace(0.5, 4.0, FRAMES)[None]
    stored = images(3, slices=1)
    pixels = stored * slopes[..., None, None] - 7
    write_series(tmp_path, pixels, slope=slopes, intercept=-7.0)
    np.testing.assert_allclose(load_study(tmp_path).scans[0].perfusion.pixels, pixels, rtol=1e-6)


def test_operator_tells_the_state(tmp_path: Path) -> None:
    write_series(tmp_path, images(4, slices=1), description="perfusion")
    assert load_study(tmp_path).scans[0].state is State.UNKNOWN
    scan = load_study(tmp_path, State.REST).scans[0]
    assert (scan.state, scan.state_from) == (State.REST, "operator")


def test_a_missing_beat_is_dropped_from_every_slice_and_told(tmp_path: Path) -> None:
    pixels = images(5)
    write_series(tmp_path, pixels)
    lost = next(path for path in tmp_path.iterdir() if _is_instance(path, 10 * SLICES + 1 + 1))
    lost.unlink()
    (scan,) = load_study(tmp_path).scans
    np.testing.assert_array_equal(scan.perfusion.pixels, np.delete(pixels, 10, axis=1))
    assert [flag.code for flag in scan.flags] == ["frames_dropped"]
    assert "1, 0, 1 were dropped" in scan.flags[0].message


def _is_instance(path: Path, number: int) -> bool:
    from pydicom import dcmread

    return bool(dcmread(path, stop_before_pixels=True).InstanceNumber == number)


def test_of_two_series_of_one_state_the_latest_is_taken(tmp_path: Path) -> None:
    for number, start in ((3, MORNING), (4, MORNING + 600)):
        write_series(tmp_path, images(number, slices=1), name=str(number), number=number, start=start)
    (scan,) = load_study(tmp_path).scans
    np.testing.assert_array_equal(scan.perfusion.pixels, images(4, slices=1))
    assert [(flag.code, flag.severity) for flag in scan.flags] == [("duplicate_state", "warning")]


def test_of_a_series_and_its_registered_copy_the_original_is_taken(tmp_path: Path) -> None:
    write_series(tmp_path, images(6, slices=1), name="original", number=3)
    moco = ("DERIVED", "PRIMARY", "M", "ND", "MOCO")
    write_series(tmp_path, images(7, slices=1), name="copy", number=4, image_type=moco)
    (scan,) = load_study(tmp_path).scans
    np.testing.assert_array_equal(scan.perfusion.pixels, images(6, slices=1))
    assert [(flag.code, flag.severity) for flag in scan.flags] == [("duplicate_state", "info")]


def test_series_of_another_kind_change_nothing(tmp_path: Path) -> None:
    write_series(tmp_path, images(8, slices=1))
    alone = load_study(tmp_path).scans[0]
    write_series(tmp_path, images(9, slices=1), description="cine_sax", times=np.arange(FRAMES)[None] * 0.04)
    write_series(tmp_path, images(9, frames=1, slices=1), description="stress_perf_map", name="map")
    write_series(tmp_path, images(9, frames=1, slices=1), description="localizer")
    together = load_study(tmp_path).scans[0]
    np.testing.assert_array_equal(together.perfusion.pixels, alone.perfusion.pixels)
    assert together.flags == alone.flags == ()


def test_a_first_pass_is_known_by_its_behaviour_where_words_are_silent(tmp_path: Path) -> None:
    write_series(tmp_path, images(10, slices=1), description="sax")
    assert load_study(tmp_path).scans[0].state is State.UNKNOWN


def test_unknown_makers_are_read_by_standard_attributes_and_flagged(tmp_path: Path) -> None:
    write_series(tmp_path, images(11, slices=1), manufacturer="AGFA-GEVAERT")
    (scan,) = load_study(tmp_path).scans
    assert [flag.code for flag in scan.flags] == ["vendor_unknown"]
    assert scan.manufacturer == "AGFA-GEVAERT"


def test_proton_density_in_a_series_of_its_own(tmp_path: Path) -> None:
    write_series(tmp_path, images(12))
    density = images(13, frames=2)
    write_series(tmp_path, density, description="stress_perf_PD", start=MORNING - 3)
    (scan,) = load_study(tmp_path).scans
    assert scan.proton_density is not None
    np.testing.assert_array_equal(scan.proton_density.pixels, density)
    np.testing.assert_allclose(scan.proton_density.times[0], [-3.0, -2.2], atol=2e-6)


def test_aif_on_another_clock_is_aligned_and_flagged(tmp_path: Path) -> None:
    def trigger_only(header: Dataset, _slice: int, _frame: int) -> None:
        del header.AcquisitionTime, header.ContentTime

    def no_trigger(header: Dataset, _slice: int, _frame: int) -> None:
        del header.TriggerTime

    write_series(tmp_path, images(14), change=no_trigger)
    write_series(tmp_path, images(15, slices=1), description="stress_AIF", change=trigger_only)
    (scan,) = load_study(tmp_path).scans
    assert scan.aif is not None
    assert scan.aif.first_echo.times[0, 0] == 0.0
    assert "aif_clock_assumed" in [flag.code for flag in scan.flags]


def test_aif_of_another_injection_is_not_used(tmp_path: Path) -> None:
    write_series(tmp_path, images(14))
    write_series(tmp_path, images(15, slices=1), description="perf_AIF", start=MORNING + 900)
    (scan,) = load_study(tmp_path).scans
    assert scan.aif is None
    assert [flag.code for flag in scan.flags] == ["aif_unmatched"]


def test_a_short_second_echo_is_left_out_and_told(tmp_path: Path) -> None:
    write_series(tmp_path, images(14))
    for number, frames in ((1, FRAMES), (2, FRAMES - 1)):
        pixels = images(15, frames=frames, slices=1)
        write_series(tmp_path, pixels, description="stress_AIF", name=f"AIF {number}", change=echo(number))
    (scan,) = load_study(tmp_path).scans
    assert scan.aif is not None
    assert scan.aif.second_echo is None
    assert [flag.code for flag in scan.flags] == ["aif_second_echo_unusable"]


def test_frames_without_times_are_counted_by_heart_beats_and_flagged(tmp_path: Path) -> None:
    def timeless(header: Dataset, _slice: int, _frame: int) -> None:
        del header.AcquisitionTime, header.ContentTime, header.TriggerTime, header.AcquisitionNumber
        header.HeartRate = 60

    write_series(tmp_path, images(16), change=timeless)
    (scan,) = load_study(tmp_path).scans
    np.testing.assert_allclose(np.diff(scan.perfusion.times), 1.0)
    assert [flag.code for flag in scan.flags] == ["times_assumed"]


@pytest.mark.parametrize(("written", "tesla"), [(15000.0, 1.5), (1.4939999580383, 1.494), (3.0, 3.0), (0.0, None)])
def test_field_strength_in_tesla(tmp_path: Path, written: float, tesla: float | None) -> None:
    def change(header: Dataset, _slice: int, _frame: int) -> None:
        header.MagneticFieldStrength = written

    write_series(tmp_path, images(17, frames=20, slices=1)[..., :2, :2], change=change)
    found = load_study(tmp_path).scans[0].field_strength_t
    assert found == (None if tesla is None else pytest.approx(tesla, abs=1e-3))
