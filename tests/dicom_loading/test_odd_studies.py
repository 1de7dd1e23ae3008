"""Studies as they come: repeated, mixed up, sent twice, incomplete. What a user expects is done, told, and shown."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest
from dicom_series import MORNING, Change, clock_time, write_series
from pydicom import Dataset, dcmread

from operators.dicom_loading.inspection import SeriesSummary, inspect_folder
from operators.dicom_loading.loader import load_study
from operators.dicom_loading.rules import Rules, SeriesRule
from operators.errors import IncompleteSeriesError
from operators.series import FloatArray, PerfusionScan, Role, State

FRAMES = 24


def images(seed: int, slices: int = 2, frames: int = FRAMES) -> FloatArray:
    return np.random.default_rng(seed).integers(50, 400, (slices, frames, 6, 5)).astype(float)


def only_scan(folder: Path) -> PerfusionScan:
    (scan,) = load_study(folder).scans
    return scan


def codes(scan: PerfusionScan) -> list[str]:
    return [flag.code for flag in scan.flags]


def rows(folder: Path, rules: Rules | None = None) -> dict[str, SeriesSummary]:
    found = inspect_folder(folder, rules=rules or Rules()).series
    return {row.label: row for row in found}


def both(*changes: Change) -> Change:
    def change(header: Dataset, k: int, t: int) -> None:
        for one in changes:
            one(header, k, t)

    return change


def renamed(uid: str) -> Change:
    """Into another series."""

    def change(header: Dataset, _slice: int, _frame: int) -> None:
        header.SeriesInstanceUID = uid

    return change


def copy_as(path: Path, name: str, **values: object) -> None:
    """The image again, with other attributes."""
    dataset = dcmread(path)
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path.with_name(name), enforce_file_format=True)


def test_a_file_sent_twice_counts_once(tmp_path: Path) -> None:
    pixels = images(1)
    write_series(tmp_path / "a", pixels)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    np.testing.assert_array_equal(only_scan(tmp_path).perfusion.pixels, pixels)
    assert inspect_folder(tmp_path).passed_over == 2 * FRAMES


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_frames_doubled_under_new_names_are_left_out_and_told(tmp_path: Path, share: float) -> None:
    pixels = images(2)
    write_series(tmp_path, pixels)
    for path in sorted(tmp_path.iterdir())[: int(share * 2 * FRAMES)]:
        header = dcmread(path, stop_before_pixels=True)
        number = header.InstanceNumber + 1000
        copy_as(path, f"again{number}.dcm", SOPInstanceUID=f"1.2.3.{number}", InstanceNumber=number)
    scan = only_scan(tmp_path)
    np.testing.assert_array_equal(scan.perfusion.pixels, pixels)
    assert codes(scan) == ["frames_doubled"]
    (row,) = rows(tmp_path).values()
    assert "at a moment that another image shows too" in row.notes[0]
    assert row.frames == (FRAMES, FRAMES)


def test_a_stray_slice_is_left_out_and_told(tmp_path: Path) -> None:
    pixels = images(3, slices=3)
    write_series(tmp_path, pixels)
    for path in tmp_path.iterdir():
        header = dcmread(path, stop_before_pixels=True)
        if (header.InstanceNumber - 1) % 3 == 2 and header.AcquisitionNumber > 2:
            path.unlink()
    scan = only_scan(tmp_path)
    np.testing.assert_array_equal(scan.perfusion.pixels, pixels[:2])
    assert codes(scan) == ["slice_left_out"]
    (row,) = rows(tmp_path).values()
    assert row.used
    assert "2 images of slices with less than half" in row.notes[0]


def test_frames_that_are_missing_in_every_slice_are_told(tmp_path: Path) -> None:
    write_series(tmp_path, images(30, frames=FRAMES + 3))
    for path in tmp_path.iterdir():
        if dcmread(path, stop_before_pixels=True).AcquisitionNumber in (9, 15, 16):
            path.unlink()
    scan = only_scan(tmp_path)
    assert [(flag.code, flag.severity) for flag in scan.flags] == [("frames_skipped", "info")]
    assert "Of 23 steps between frames, 2 took longer" in scan.flags[0].message
    (row,) = rows(tmp_path).values()
    assert row.notes == (scan.flags[0].message,)


def test_what_a_run_would_refuse_is_refused_by_inspection(tmp_path: Path) -> None:
    write_series(tmp_path, images(31))
    path = sorted(tmp_path.iterdir())[7]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(IncompleteSeriesError) as caught:
        load_study(tmp_path)
    assert f"refused: {caught.value.message}" in [row.action for row in rows(tmp_path).values()]


def test_an_upload_in_any_order_under_any_name(tmp_path: Path) -> None:
    stress, rest = images(4), images(5)
    write_series(tmp_path, stress, description="stress_perf")
    write_series(tmp_path, rest, description="rest_perf", start=MORNING + 900)
    paths = sorted(tmp_path.iterdir())
    Random(1).shuffle(paths)
    for number, path in enumerate(paths):
        (tmp_path / str(number % 7)).mkdir(exist_ok=True)
        path.rename(tmp_path / str(number % 7) / f"IM{number:05d}")
    scans = load_study(tmp_path).scans
    np.testing.assert_array_equal(scans[0].perfusion.pixels, stress)
    np.testing.assert_array_equal(scans[1].perfusion.pixels, rest)


def test_numbers_that_contradict_the_clock_are_told_and_not_followed(tmp_path: Path) -> None:
    order = list(range(1, FRAMES + 1))
    Random(2).shuffle(order)

    def shuffled(header: Dataset, _slice: int, frame: int) -> None:
        header.InstanceNumber = order[frame]

    pixels = images(6)
    write_series(tmp_path, pixels, change=shuffled)
    scan = only_scan(tmp_path)
    np.testing.assert_array_equal(scan.perfusion.pixels, pixels)
    assert [(flag.code, flag.severity) for flag in scan.flags] == [("time_order_disagrees", "info")]
    assert "InstanceNumber" in scan.flags[0].message


def test_two_injections_under_one_series_uid_are_two(tmp_path: Path) -> None:
    first, second = images(7), images(8)
    for name, pixels, start in (("a", first, MORNING), ("b", second, MORNING + 700)):
        write_series(
            tmp_path, pixels, description="PERF_STRESS_REST", name=name, start=start, change=renamed("1.2.3.4")
        )
    found = rows(tmp_path)
    assert {label: row.state for label, row in found.items()} == {"3.1": State.UNKNOWN, "3.2": State.UNKNOWN}
    assert not found["3.1"].used
    assert "series 3.2 shows the latest injection" in found["3.1"].action
    scan = only_scan(tmp_path)
    np.testing.assert_array_equal(scan.perfusion.pixels, second)
    (flag,) = scan.flags
    assert (flag.code, flag.severity) == ("duplicate_state", "warning")
    assert "rules file" in flag.message

    rules = Rules(series={"3.1": SeriesRule(state=State.STRESS), "3.2": SeriesRule(state=State.REST)})
    scans = load_study(tmp_path, rules=rules).scans
    assert [(scan.state, scan.state_from) for scan in scans] == [(State.STRESS, "rules"), (State.REST, "rules")]
    np.testing.assert_array_equal(scans[0].perfusion.pixels, first)
    np.testing.assert_array_equal(scans[1].perfusion.pixels, second)
    assert all(row.used for row in rows(tmp_path, rules).values())


def test_proton_density_frames_taken_minutes_before_are_no_injection(tmp_path: Path) -> None:
    times = np.concatenate([[-300.0, -299.0, -298.0], np.arange(FRAMES) * 0.8])[None] + np.array([[0.0], [0.3]])
    pixels = images(9, frames=FRAMES + 3)
    write_series(tmp_path, pixels, times=times, start=MORNING + 400, comments=["PD"] * 3 + [""] * FRAMES)
    scan = only_scan(tmp_path)
    assert scan.proton_density is not None
    np.testing.assert_array_equal(scan.proton_density.pixels, pixels[:, :3])


def test_phase_images_in_the_series_are_set_apart(tmp_path: Path) -> None:
    def phase(header: Dataset, _slice: int, _frame: int) -> None:
        header.ImageType = ["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"]

    pixels = images(10)
    write_series(tmp_path, pixels, name="magnitude", change=renamed("1.2.3.4"))
    write_series(tmp_path, images(11), name="phase", change=both(renamed("1.2.3.4"), phase))
    np.testing.assert_array_equal(only_scan(tmp_path).perfusion.pixels, pixels)
    found = rows(tmp_path)
    assert {label: (row.role, row.used) for label, row in found.items()} == {
        "3.1": (Role.PERFUSION, True),
        "3.2": (Role.OTHER, False),
    }


def test_of_repeated_injections_the_latest_with_all_its_copies_counts(tmp_path: Path) -> None:
    moco = ("DERIVED", "PRIMARY", "M", "ND", "MOCO")
    write_series(tmp_path, images(12), name="first", number=3)
    write_series(tmp_path, images(13), name="copy", number=8, start=MORNING + 900, image_type=moco)
    np.testing.assert_array_equal(only_scan(tmp_path).perfusion.pixels, images(13))
    (first,) = load_study(tmp_path, rules=Rules(repeated="first")).scans
    np.testing.assert_array_equal(first.perfusion.pixels, images(12))


def test_a_site_may_prefer_the_registered_copy(tmp_path: Path) -> None:
    moco = ("DERIVED", "PRIMARY", "M", "ND", "MOCO")
    write_series(tmp_path, images(14), name="original", number=3)
    write_series(tmp_path, images(15), name="copy", number=4, image_type=moco)
    assert "copy registered by the scanner of what series 3 shows" in rows(tmp_path)["4"].action
    rules = Rules(prefer="registered")
    (scan,) = load_study(tmp_path, rules=rules).scans
    np.testing.assert_array_equal(scan.perfusion.pixels, images(15))
    assert "the copy registered by the scanner, series 4, is preferred" in rows(tmp_path, rules)["3"].action


def test_what_a_series_is_can_be_said(tmp_path: Path) -> None:
    write_series(tmp_path, images(16), description="dyn 1", number=5)
    write_series(tmp_path, images(17, slices=1), description="dyn 2", number=6)
    rules = Rules(series={"5": SeriesRule(Role.PERFUSION, State.REST), "6": SeriesRule(Role.AIF)})
    (scan,) = load_study(tmp_path, rules=rules).scans
    assert scan.state is State.REST
    assert scan.aif is not None
    np.testing.assert_array_equal(scan.aif.first_echo.pixels, images(17, slices=1))


def test_characters_of_any_set_survive(tmp_path: Path) -> None:
    names = {
        "ISO_IR 100": "Müller^Jérôme",
        "ISO_IR 126": "Διονυσιος",
        "\\ISO 2022 IR 87": "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "ISO_IR 192": "山田^太郎",
    }
    for number, (charset, name) in enumerate(names.items()):

        def change(header: Dataset, _slice: int, _frame: int, charset: str = charset, name: str = name) -> None:
            header.SpecificCharacterSet = charset.split("\\")
            header.PatientName = name

        folder = tmp_path / str(number)
        write_series(folder, images(18, slices=1, frames=20), change=change)
        header = only_scan(folder).perfusion.headers[0][0]
        assert str(header.PatientName) == name


def test_series_whose_clock_stands_still_are_told_apart_by_their_offsets(tmp_path: Path) -> None:
    """As Philips writes: one acquisition time a series, the frame's own time in private elements."""

    def philips(start: float) -> Change:
        def change(header: Dataset, _slice: int, frame: int) -> None:
            header.AcquisitionTime = header.ContentTime = clock_time(start)
            header.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0xA0, "FL", 0.8 * frame)
            header.TriggerTime = 100.0

        return change

    for state, start, seed in (("stress", MORNING, 20), ("rest", MORNING + 900, 30)):
        for name, more in ((f"{state}_perf", 0), ("perf_AIF", 1)):
            write_series(
                tmp_path,
                images(seed + more, slices=1),
                description=name,
                name=f"{state} {name}",
                manufacturer="Philips",
                change=philips(start),
            )
    scans = load_study(tmp_path).scans
    assert [scan.state for scan in scans] == [State.STRESS, State.REST]
    for scan, seed in zip(scans, (20, 30), strict=True):
        assert scan.flags == ()
        assert scan.aif is not None
        np.testing.assert_array_equal(scan.aif.first_echo.pixels, images(seed + 1, slices=1))
        np.testing.assert_allclose(np.diff(scan.perfusion.times), 0.8, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Unknown encoding:UserWarning")
def test_an_unknown_character_set_stops_nothing(tmp_path: Path) -> None:
    def change(header: Dataset, _slice: int, _frame: int) -> None:
        header.SpecificCharacterSet = "ISO_IR 999"

    pixels = images(19, slices=1)
    write_series(tmp_path, pixels, change=change)
    np.testing.assert_array_equal(only_scan(tmp_path).perfusion.pixels, pixels)
