"""Quality flags as a reader sees them: nothing is said twice, and nothing is lost."""

from __future__ import annotations

from builders import make_scan_result, make_study_result

from operators.report.notes import notes
from operators.series import QualityFlag, State


def rv_missing(*slices: int) -> tuple[QualityFlag, ...]:
    return tuple(
        QualityFlag("rv_missing", "warning", f"No right ventricle was found in slice {k + 1}.", k) for k in slices
    )


def told(stress: tuple[QualityFlag, ...], rest: tuple[QualityFlag, ...] = ()) -> list[tuple[str, str]]:
    scans = make_scan_result(State.STRESS, flags=stress), make_scan_result(State.REST, mbf=1.0, flags=rest)
    return [(note.scope, note.message) for note in notes(make_study_result(*scans))]


def test_one_slice_keeps_its_sentence() -> None:
    assert told(rv_missing(1)) == [("stress, slice 2", "No right ventricle was found in slice 2.")]


def test_slices_of_one_scan_share_a_sentence() -> None:
    message = "No right ventricle was found in this slice."
    assert told(rv_missing(0, 1, 2)) == [("stress, slices 1 to 3", message)]
    assert told(rv_missing(0, 2)) == [("stress, slices 1 and 3", message)]
    assert told(rv_missing(0, 1, 2, 4, 6, 7)) == [("stress, slices 1 to 3, 5, 7 and 8", message)]


def test_scans_share_a_sentence_where_it_is_of_the_same_slices() -> None:
    assert [scope for scope, _ in told(rv_missing(0, 1), rv_missing(0, 1))] == ["stress and rest, slices 1 and 2"]
    assert [scope for scope, _ in told(rv_missing(0, 1), rv_missing(1))] == ["stress, slices 1 and 2", "rest, slice 2"]
    both = (QualityFlag("no_pd", "warning", "There are no proton-density frames."),)
    assert told(both, both) == [("stress and rest", both[0].message)]


def test_what_differs_in_more_than_the_slice_is_told_apart() -> None:
    flags = tuple(QualityFlag("area", "warning", f"Slice {k + 1} has {9 + k} cm².", k) for k in range(2))
    assert told(flags) == [("stress, slice 1", flags[0].message), ("stress, slice 2", flags[1].message)]


def test_another_slice_s_number_is_no_place() -> None:
    flags = tuple(QualityFlag("beside", "info", f"Slice {k + 1} lies beside slice {k}.", k) for k in (10, 11))
    assert [scope for scope, _ in told(flags)] == ["stress, slice 11", "stress, slice 12"]


def test_gravest_first() -> None:
    flags = tuple(QualityFlag(one, one, one) for one in ("info", "withheld", "warning"))
    assert [message for _, message in told(flags)] == ["withheld", "warning", "info"]
