"""A site's rules for which series is what, from YAML; `docs/selection.md` lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from operators.dicom_loading.rules import DEFAULT_RULES, Rules, SeriesRule, found
from operators.series import Role, State
from perf_app.site_file import Strict, read_site_file

ROLES = {
    "perfusion": Role.PERFUSION,
    "aif": Role.AIF,
    "pd": Role.PROTON_DENSITY,
    "gd": Role.GADOLINIUM,
    "mbf_map": Role.MBF_MAP,
    "ignore": Role.OTHER,
}
"""As they are named in the file."""


def _phrase(phrase: str) -> str:
    found((phrase,), "")
    return phrase


_Phrases = list[Annotated[str, AfterValidator(_phrase)]]


class _Series(Strict):
    role: Literal["perfusion", "aif", "pd", "gd", "mbf_map", "ignore"] | None = None
    state: Literal["stress", "rest", "unknown"] | None = None

    def record(self) -> SeriesRule:
        return SeriesRule(self.role and ROLES[self.role], self.state and State(self.state))


class _RulesFile(Strict):
    stress: _Phrases | None = None
    rest: _Phrases | None = None
    unknown: _Phrases | None = None
    perfusion: _Phrases | None = None
    aif: _Phrases | None = None
    pd: _Phrases | None = None
    mbf_map: _Phrases | None = None
    ignore: _Phrases | None = None
    prefer: Literal["original", "registered"] | None = None
    repeated: Literal["latest", "first"] | None = None
    series: dict[Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")], _Series] = Field(default_factory=dict)


def read_rules(path: Path | None) -> Rules:
    """A site's rules; the default ones where there is no file. A key that the file has replaces the default's words.

    Raises:
        SettingError: the file can't be read, isn't YAML, or holds an unknown key or an impossible value.
    """
    if path is None:
        return DEFAULT_RULES
    file = read_site_file(path, _RulesFile, "rules", _with_text_keys)
    given = file.model_dump(exclude_none=True, exclude={"series"})
    words: dict[str, Any] = {
        "proton_density" if name == "pd" else name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
    }
    return Rules(**words, series={number: rule.record() for number, rule in file.series.items()})


def _with_text_keys(content: Any) -> Any:
    """Series' numbers as text: YAML reads 7 as a number, and 7.2 too."""
    if isinstance(content, dict) and isinstance(content.get("series"), dict):
        return {**content, "series": {str(number): rule for number, rule in content["series"].items()}}
    return content
