"""Files that a site writes by hand: YAML, each key and value checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from operators.errors import SettingError

DOCUMENTED = {"protocol": "docs/protocol.md", "rules": "docs/selection.md"}
"""Where each kind's keys are listed."""


class Strict(BaseModel):
    """Holds known keys only, and values of their own kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


File = TypeVar("File", bound=Strict)


def read_site_file(
    path: Path, model: type[File], kind: Literal["protocol", "rules"], prepare: Callable[[Any], Any] = lambda read: read
) -> File:
    """What a file holds; an empty file holds nothing.

    Args:
        path: of the file.
        model: its keys and values.
        kind: for messages.
        prepare: changes what YAML has read before it is checked.

    Raises:
        SettingError: the file can't be read, isn't YAML, or holds an unknown key or an impossible value.
    """
    try:
        return model.model_validate(prepare(yaml.safe_load(path.read_text(encoding="utf-8")) or {}))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _error(path, kind, "can't be read as YAML") from error
    except ValidationError as error:
        details = "; ".join(f"{'.'.join(map(str, d['loc']))}: {d['msg']}" for d in error.errors())
        raise _error(path, kind, f"holds what can't be: {details}") from None


def _error(path: Path, kind: str, what: str) -> SettingError:
    hint = f"Its keys are listed in {DOCUMENTED[kind]}."
    return SettingError(f"The {kind} file {what}.", where=path.name, hint=hint)
