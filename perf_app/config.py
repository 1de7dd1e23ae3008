"""Settings of a run, from the command's arguments and HOLOSCAN_* environment variables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydicom.uid import RE_VALID_UID

from operators.errors import SettingError
from operators.series import State

SHIPPED_BUNDLE = Path(__file__).resolve().parents[1] / "bundle"
DEFAULT_HEMATOCRIT = 0.42
"""Of adults, taken where neither file nor header says more."""


class Settings(BaseSettings):
    """What one run needs to know; arguments win over the environment (HOLOSCAN_INPUT_PATH ...)."""

    model_config = SettingsConfigDict(env_prefix="HOLOSCAN_", extra="ignore", frozen=True, protected_namespaces=())

    input_path: Path | None = None
    """Folder with the study's DICOM files, searched recursively."""
    output_path: Path
    """Folder for the results of this one study."""
    model_path: Path = SHIPPED_BUNDLE
    """The bundle's folder, or the folder that holds it."""
    workdir: Path = Path()
    """Relative paths above and below start here."""
    aif: Path | None = Field(default=None, validation_alias="PERF_APP_AIF")
    """CSV file `time_s,gd_mmol_per_l` that stands in for an AIF series."""
    protocol: Path | None = Field(default=None, validation_alias="PERF_APP_PROTOCOL")
    """YAML file with what the headers don't tell."""
    rules: Path | None = Field(default=None, validation_alias="PERF_APP_RULES")
    """YAML file with what series' descriptions mean."""
    state: State | None = Field(default=None, validation_alias="PERF_APP_STATE")
    """Overrides what the series' descriptions say."""
    flow_model: str = Field(default="btex", validation_alias="PERF_APP_FLOW_MODEL")
    """Name in the registry of flow models."""
    scanner_flow: Literal["use", "compare", "ignore"] = Field(default="use", validation_alias="PERF_APP_SCANNER_FLOW")
    """What is done with maps of blood flow by the scanner: used, used and compared with flow computed here, ignored."""
    nifti: bool = Field(default=False, validation_alias="PERF_APP_NIFTI")
    """Write NIfTI files beside the DICOM objects."""

    from_dicomweb: str | None = Field(default=None, validation_alias="PERF_APP_FROM_DICOMWEB")
    """URL of a DICOMweb server that the study is read from, in place of a folder."""
    study: str | None = Field(default=None, validation_alias="PERF_APP_STUDY")
    """Study instance UID on that server."""
    to_dicomweb: str | None = Field(default=None, validation_alias="PERF_APP_TO_DICOMWEB")
    """URL of a DICOMweb server that the DICOM objects are sent to."""

    @model_validator(mode="after")
    def _has_input(self) -> Settings:
        """A server stands in for the folder, which a container's environment always names."""
        if self.input_path is None and self.from_dicomweb is None:
            raise PydanticCustomError("input_path", "no folder and no server")
        if (self.from_dicomweb is None) != (self.study is None):
            raise PydanticCustomError("study", "a server and a study's UID go together")
        return self

    @field_validator("from_dicomweb", "to_dicomweb")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise PydanticCustomError("url", "http:// or https://")
        return None if value is None else value.rstrip("/")

    @field_validator("study")
    @classmethod
    def _is_uid(cls, value: str | None) -> str | None:
        if value is not None and (len(value) > 64 or not re.fullmatch(RE_VALID_UID, value)):
            raise PydanticCustomError("study", "a UID")
        return value

    def resolved(self, path: Path) -> Path:
        """The path, from the working directory where it is relative."""
        return (self.workdir / path).absolute()


def read_settings(**arguments: Any) -> Settings:
    """Settings from those arguments that aren't None, else from the environment, else the defaults.

    Raises:
        SettingError: the input or the output is named nowhere, or a value is of the wrong kind.
    """
    aliases = {name: f.validation_alias for name, f in Settings.model_fields.items() if f.validation_alias}
    given = {str(aliases.get(name, name)): value for name, value in arguments.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        names = ", ".join(str(d["loc"][0] if d["loc"] else d["type"]) for d in error.errors())
        raise SettingError(
            f"Settings missing or not usable: {names}.",
            where=names,
            hint="Name the input with -i and the output with -o, or set HOLOSCAN_INPUT_PATH and HOLOSCAN_OUTPUT_PATH; "
            "in place of a folder, --from-dicomweb takes a URL (http:// or https://) together with --study and a UID.",
        ) from None
