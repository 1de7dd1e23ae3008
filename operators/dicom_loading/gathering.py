"""From single images to series that belong together: by series UID, then by what one UID may lump together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from operators.dicom_loading import clock, geometry
from operators.dicom_loading.dialects import registry, standard
from operators.dicom_loading.dialects.dialect import Dialect
from operators.dicom_loading.headers import number, text
from operators.dicom_loading.image_file import ImageFile
from operators.dicom_loading.image_series import MAIN, FileSeries, problem
from operators.dicom_loading.parts import Images, by_injection, without_doubles, without_stray_slices
from operators.dicom_loading.rules import DEFAULT_RULES, Rules
from operators.dicom_loading.state import read_state
from operators.errors import PerfusionError, UnsupportedSeriesError
from operators.series import QualityFlag, Role


def gather(images: Iterable[ImageFile], rules: Rules = DEFAULT_RULES) -> tuple[FileSeries, ...]:
    """Images by series instance UID, each series with its dialect, role and state.

    A series that holds magnitude and phase images, or several injections, becomes several; images that show a moment
    again and slices seen now and then only are left out, and a flag says so.
    """
    by_uid: dict[str, list[ImageFile]] = {}
    for image in images:
        by_uid.setdefault(text(image.header, "SeriesInstanceUID"), []).append(image)
    found: list[FileSeries] = []
    for uid, members in by_uid.items():
        found += _series(uid, tuple(members), rules)
    return tuple(found)


def _series(uid: str, images: Images, rules: Rules) -> list[FileSeries]:
    try:
        name, dialect = registry.choose(images[0].header)
    except UnsupportedSeriesError:
        return [_describe(uid, images, None, rules)]
    for image in images:
        dialect.complete(image.header)
    roles = [dialect.role(image.header, rules) for image in images]
    useful = tuple(image for image, role in zip(images, roles, strict=True) if role is not Role.OTHER)
    useless = tuple(image for image, role in zip(images, roles, strict=True) if role is Role.OTHER)
    try:
        injections = by_injection(useful)
    except PerfusionError:
        injections = [useful]
    parts = [part for part in (*injections, useless) if part]
    label = f"{number(images[0].header, 'SeriesNumber') or 0:.0f}"
    labels = [label] if len(parts) == 1 else [f"{label}.{index}" for index in range(1, len(parts) + 1)]
    chosen = (name, dialect)
    return [_describe(uid, part, chosen, rules, label) for part, label in zip(parts, labels, strict=True)]


def _describe(
    uid: str, images: Images, chosen: tuple[str, Dialect] | None, rules: Rules, label: str = ""
) -> FileSeries:
    header = images[0].header
    name, dialect = chosen or (None, None)
    if dialect is None:
        told = standard.role(header, rules) if text(header, "Modality") == "MR" else Role.OTHER
    else:
        told = dialect.role(header, rules)
    label = label or f"{number(header, 'SeriesNumber') or 0:.0f}"
    given = rules.series.get(label) or rules.series.get(label.split(".")[0])
    state, state_from = read_state(header, rules)
    if given and given.state is not None:
        state, state_from = given.state, "rules"
    told = (given and given.role) or told
    images, flags = _cleaned(images, told)
    series = FileSeries((uid,), images, name, dialect, told or Role.PERFUSION, state, state_from, label, flags)
    if told is None and (dialect is None or not looks_like_first_pass(series)):
        series = replace(series, role=Role.OTHER)
    return series


def _cleaned(images: Images, role: Role | None) -> tuple[Images, tuple[QualityFlag, ...]]:
    """Without images that no first pass holds."""
    if role not in (*MAIN, Role.AIF, None):
        return images, ()
    flags: list[QualityFlag] = []
    try:
        single = without_doubles(images)
        kept = without_stray_slices(single) if role is not Role.AIF else single
    except PerfusionError:
        return images, ()
    if doubled := len(images) - len(single):
        message = f"{doubled} images show a slice at a moment that another image shows too; they were left out."
        flags.append(QualityFlag("frames_doubled", "warning", message))
    if stray := len(single) - len(kept):
        message = f"{stray} images of slices with less than half of the others' frames were left out."
        flags.append(QualityFlag("slice_left_out", "warning", message))
    return kept, tuple(flags)


def looks_like_first_pass(series: FileSeries) -> bool:
    """Whether images that no word describes show the same slices again and again, about once a heart beat."""
    if problem(series) is not None:
        return False
    headers = series.headers
    return clock.trusted_clock([[headers[i] for i in group] for group in geometry.group_slices(headers)]) is not None
