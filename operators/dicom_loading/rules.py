"""Which words of a series' description mean what, and which of several series to take: a site can set its own.

A phrase is one or more words, matched whole and whatever their case. A star stands for any letters, a blank for
whatever separates two words, or nothing: ``first pass`` is found in ``FirstPass`` and in ``rest_first-pass_sax``. Words
end at anything but a letter, so ``rest`` is found in ``Rest2`` but not in ``Brest``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from operators.series import Role, State

LETTER, BETWEEN = r"[^\W\d_]", r"[\W_]*"
MAX_PHRASE, MAX_STARS = 64, 4
"""Of one phrase: characters, and stars that the search has to try."""
Phrases = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeriesRule:
    """What one series of this very study is; None: as the words say."""

    role: Role | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The defaults are words met in real studies."""

    stress: Phrases = ("*stress*", "*adeno*", "*dipyridamol*", "*persantin*", "*hyperemi*", "*hyperaemi*")
    rest: Phrases = ("rest", "resting")
    unknown: Phrases = ("test", "post")
    """A trial, or something after something else: the state that other words tell doesn't count."""
    perfusion: Phrases = ("*perf*", "first pass")
    aif: Phrases = ("aif",)
    proton_density: Phrases = ("pd",)
    mbf_map: Phrases = ("mbf", "flow map", "map flow")
    ignore: Phrases = (
        *("map", "maps", "mask", "aifmask", "aha", "ttp", "pei", "mtt", "auc", "slope", "upslope"),
        *("subtraction", "mip", "localizer", "localiser", "scout", "survey", "report"),
    )
    """Of no use for the analysis."""
    prefer: Literal["original", "registered"] = "original"
    """Of a series and a copy of it that the scanner registered (MOCO)."""
    repeated: Literal["latest", "first"] = "latest"
    """Of several injections of the same state."""
    series: Mapping[str, SeriesRule] = field(default_factory=dict)
    """By the number that `perf-app inspect` shows: what that series of this study is, whatever its words say."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "series", MappingProxyType(dict(self.series)))


DEFAULT_RULES = Rules()


def found(phrases: Phrases, text: str) -> bool:
    """Whether one of the phrases stands in a text.

    Raises:
        ValueError: a phrase is empty, too long or has too many stars.
    """
    return any(_pattern(phrase).search(text) for phrase in phrases)


@lru_cache(maxsize=512)
def _pattern(phrase: str) -> re.Pattern[str]:
    words = phrase.split()
    if not words or len(phrase) > MAX_PHRASE or phrase.count("*") > MAX_STARS:
        raise ValueError(f"a phrase has 1 to {MAX_PHRASE} characters and at most {MAX_STARS} stars: {phrase!r}")
    parts = [re.escape(word).replace(r"\*", f"{LETTER}*") for word in words]
    return re.compile(rf"(?<!{LETTER}){BETWEEN.join(parts)}(?!{LETTER})", re.IGNORECASE)
