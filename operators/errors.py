"""What can go wrong, named.

Every message says what, where (series or SOP instance UID, tag) and what to do about it. None carries a patient's name,
identifier or date of birth. The command line maps each leaf to an exit code.
"""

from __future__ import annotations


class PerfusionError(Exception):
    """Base of every error the chain raises on purpose.

    Attributes:
        message: what is wrong, in one sentence.
        where: the series UID, SOP instance UID, tag, folder or setting concerned; empty where there is none.
        hint: what the user can do about it.
    """

    exit_code = 1
    code = "error"

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        where = f" [{self.where}]" if self.where else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.message}{where}{hint}"


class UnsupportedSeriesError(PerfusionError):
    """The input is of a kind the chain doesn't process (no perfusion series, long axis, several patients ...)."""

    exit_code = 2
    code = "unsupported_series"


class IncompleteSeriesError(PerfusionError):
    """The input is of the right kind, but part of it is missing or unreadable."""

    exit_code = 2
    code = "incomplete_series"


class ModelError(PerfusionError):
    """The bundle is missing, incomplete or not the one its manifest describes."""

    exit_code = 2
    code = "model"


class SettingError(PerfusionError):
    """A setting (argument, environment variable, protocol file, AIF file) can't be used."""

    exit_code = 2
    code = "setting"


class ArchiveReadError(PerfusionError):
    """A study can't be had from the server that it should come from."""

    exit_code = 2
    code = "archive"


class OutputError(PerfusionError):
    """The results could not be written."""

    exit_code = 4
    code = "output"


class NotSentError(PerfusionError):
    """The results are written, but the server that they should go to doesn't have all of them."""

    exit_code = 4
    code = "not_sent"
