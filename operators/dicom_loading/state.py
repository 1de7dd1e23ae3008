"""Haemodynamic state from the words of a series."""

from __future__ import annotations

from pydicom import Dataset

from operators.dicom_loading.headers import text
from operators.dicom_loading.rules import DEFAULT_RULES, Rules, found
from operators.series import State


def read_state(header: Dataset, rules: Rules = DEFAULT_RULES) -> tuple[State, str]:
    """State, and what told it: ``description``, ``protocol`` or ``nothing``.

    Words of both states or of neither, and words that mean unknown, tell nothing.
    """
    for keyword, source in (("SeriesDescription", "description"), ("ProtocolName", "protocol")):
        words = text(header, keyword)
        stress, rest = found(rules.stress, words), found(rules.rest, words)
        if found(rules.unknown, words):
            break
        if stress != rest:
            return (State.STRESS if stress else State.REST), source
    return State.UNKNOWN, "nothing"
