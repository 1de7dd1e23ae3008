"""Phrases match as the documentation says, and a rules file is checked before it counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.dicom_loading.rules import DEFAULT_RULES, MAX_PHRASE, SeriesRule, found
from operators.errors import SettingError
from operators.series import Role, State
from perf_app.rules_file import read_rules


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("rest", "Rest2 perfusion", True),
        ("rest", "perf_REST_moco", True),
        ("rest", "Brest", False),
        ("rest", "ruhe-rest-ü", True),
        ("rest", "restü", False),
        ("first pass", "FirstPass sax", True),
        ("first pass", "rest_first-pass_sax", True),
        ("first pass", "first of two passes", False),
        ("adeno*", "Adenosin 140", True),
        ("adeno*", "radenosine", False),
        ("*adeno*", "regadenoson", True),
        ("belastung", "Perfusion BELASTUNG", True),
        ("負荷", "心筋 負荷 灌流", True),
        (".*", "anything", False),
    ],
)
def test_phrases(phrase: str, text: str, expected: bool) -> None:
    assert found((phrase,), text) is expected


@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=10), st.text(max_size=20))
def test_a_word_set_apart_by_blanks_is_found_whatever_its_case(word: str, around: str) -> None:
    assert found((word,), f"{around} {word} {around}")


def write(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_key_replaces_its_default_and_no_other(tmp_path: Path) -> None:
    rules = read_rules(write(tmp_path, "stress: [Belastung]\nprefer: registered\n"))
    assert rules.stress == ("Belastung",)
    assert rules.prefer == "registered"
    assert rules.rest == DEFAULT_RULES.rest


def test_series_by_their_numbers(tmp_path: Path) -> None:
    rules = read_rules(write(tmp_path, "series:\n  7: {state: stress}\n  7.2: {role: aif}\n  '9': {role: ignore}\n"))
    assert dict(rules.series) == {
        "7": SeriesRule(state=State.STRESS),
        "7.2": SeriesRule(role=Role.AIF),
        "9": SeriesRule(role=Role.OTHER),
    }


def test_no_file_and_an_empty_one_are_the_defaults(tmp_path: Path) -> None:
    assert read_rules(None) == DEFAULT_RULES
    assert read_rules(write(tmp_path, "# nothing yet\n")) == DEFAULT_RULES


@pytest.mark.parametrize(
    "text",
    [
        "stres: [x]",
        "stress: x",
        "stress: ['']",
        "stress: ['a*b*c*d*e*f']",
        f"stress: [{'x' * (MAX_PHRASE + 1)}]",
        "prefer: newest",
        "series: {seven: {state: stress}}",
        "series: {7: {state: exercise}}",
        "series: {7: {role: cine}}",
        "- stress",
        "stress: [a",
    ],
)
def test_what_no_rule_can_be_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingError, match=r"docs/selection\.md") as caught:
        read_rules(write(tmp_path, text))
    assert caught.value.exit_code == 2


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError):
        read_rules(tmp_path / "nowhere.yaml")
