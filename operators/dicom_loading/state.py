"""Haemodynamic state from the words of a series."""

from __future__ import annotations

import re

from pydicom import Dataset

from operators.dicom_loading.headers import text
from operators.series import State

STRESS = re.compile(r"stress|adeno|dipyridamol|persantin|hyper[a]?emi", re.IGNORECASE)
REST = re.compile(r"(?<![a-z])rest(ing)?(?![a-z])", re.IGNORECASE)
UNTOLD = re.compile(r"(?<![a-z])(test|post)(?![a-z])", re.IGNORECASE)
"""A trial, or something after something else: its other words say little."""


def read_state(header: Dataset) -> tuple[State, str]:
    """State, and what told it: ``description``, ``protocol`` or ``nothing``.

    ``rest`` must stand as a word; both or neither word, ``test`` and ``post`` mean unknown.
    """
    for keyword, source in (("SeriesDescription", "description"), ("ProtocolName", "protocol")):
        words = text(header, keyword)
        stress, rest = bool(STRESS.search(words)), bool(REST.search(words))
        if UNTOLD.search(words):
            break
        if stress != rest:
            return (State.STRESS if stress else State.REST), source
    return State.UNKNOWN, "nothing"
