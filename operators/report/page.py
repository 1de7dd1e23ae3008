"""The browser's page: one file that needs nothing else, neither a network nor a server."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from operators.aha_sectors.model import SEGMENT_NAMES, TERRITORY_OF
from operators.report import summary
from operators.report.bulls_eye import CELLS
from operators.report.colours import TERRITORY_COLOURS, TERRITORY_INKS, ColourScale, flow_scale, ink_on, reserve_scale
from operators.report.contours import Window, heart_window, sector_outlines, unassigned_outlines
from operators.report.curves import motion_strip
from operators.report.film import films
from operators.report.map_picture import direction, map_colours
from operators.report.notes import notes
from operators.report.svg import chart, gray_uri, path, paths, png_uri
from operators.report.table import columns, rows
from operators.series import FloatArray, FlowUnit, ScanResult, State, StudyResult

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("operators.report"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_page(result: StudyResult, folder: Path) -> Path:
    """Write report.html; the same result gives the same bytes."""
    file = folder / "report.html"
    file.write_text(render(result), encoding="utf-8")
    return file


def render(result: StudyResult) -> str:
    """The whole page as HTML; all text escaped, pictures inside."""
    scans = [_scan(result, index) for index in range(len(result.scans))]
    eyes = [scan["eye"] for scan in scans]
    views = [{"left": ["film", index], "right": ["map", index]} for index in range(len(scans))]
    if summary.has_reserve(result):
        eyes.append(_eye("reserve", result.reserve_by_sector, reserve_scale(), None))
        views.append({side: ["map", _absolute(result, state)] for side, state in _RESERVE_OF.items()})
    return _TEMPLATES.get_template("report.html").render(
        research_use_only=summary.RESEARCH_USE_ONLY,
        no_diagnosis=summary.NO_DIAGNOSIS,
        training=summary.TRAINING,
        software=summary.software(result),
        uid=result.study.study_instance_uid,
        date=summary.study_date(result),
        scans=scans,
        eyes=eyes,
        has_reserve=summary.has_reserve(result),
        has_fits=any(scan["chart"].fits for scan in scans),
        reserve=summary.number(result.reserve_global),
        reserves=[(name, summary.number(result.reserve_by_territory.get(name))) for name in TERRITORY_COLOURS],
        columns=columns(result),
        rows=rows(result),
        notes=notes(result),
        told={
            "sectors": _sectors(result),
            "views": views,
            "scans": _moving(result),
            "nothing": summary.NO_VALUE,
            "quantities": [scan["quantity"] for scan in scans],
        },
        territories=TERRITORY_COLOURS,
        inks=TERRITORY_INKS,
    )


_RESERVE_OF = {"left": State.STRESS, "right": State.REST}


def _absolute(result: StudyResult, state: State) -> int:
    """Index of the quantified scan of that state; there is one where there is a reserve."""
    return [scan.scan.state == state and scan.flow.unit == "mL/min/g" for scan in result.scans].index(True)


def _scan(result: StudyResult, index: int) -> dict[str, Any]:
    scan = result.scans[index]
    unit = scan.flow.unit
    scale = flow_scale(result.scans, unit)
    title = summary.titles(result)[index]
    strip = motion_strip(scan)
    before, after = summary.motion_millimetres(scan)
    return {
        "title": title,
        "unit": unit,
        "quantity": summary.quantity_with_unit(unit),
        "withheld": scan.withheld,
        "facts": summary.scan_facts(scan),
        "assumptions": summary.assumptions(scan),
        "whole": summary.mean(scan.sectors.whole, unit),
        "uncertainty": summary.uncertainty(summary.known(scan.sectors.whole), unit),
        "territories": [(name, summary.mean(scan.sectors.by_territory[name], unit)) for name in TERRITORY_COLOURS],
        "maps": [_map(scan, k, scale) for k in range(len(scan.sectors.levels))],
        "scale": _scale(scale),
        "eye": _eye(title, summary.means(scan.sectors.by_sector), scale, unit),
        "chart": chart(scan, result.scans),
        "motion": [("before", before, gray_uri(strip.before)), ("after", after, gray_uri(strip.after))],
    }


def _moving(result: StudyResult) -> list[dict[str, Any]]:
    """What the page needs to play each scan's corrected images."""
    titles, series = summary.titles(result), [scan.motion.series for scan in result.scans]
    return [
        {
            "title": title,
            "unit": images.unit,
            "film": asdict(film),
            "times": images.times.round(2).tolist(),
            "start": scan.motion.reference_frame.tolist(),
        }
        for title, images, film, scan in zip(titles, series, films(result.scans), result.scans, strict=True)
    ]


def _map(scan: ScanResult, index: int, scale: ColourScale) -> dict[str, Any]:
    """One slice: its picture, cropped about the heart, and outlines in mm from the picture's corner."""
    window = heart_window(scan)
    affine = scan.gadolinium.series.affines[index]
    return {
        "level": scan.sectors.levels[index] or "not in use",
        "number": index + 1,
        "confidence": summary.confidence(scan, index),
        "width": round(window.width, 2),
        "height": round(window.height, 2),
        "image": png_uri(map_colours(scan, index, scale)[window.slices]),
        "left": direction(-affine[:3, 1]),
        "top": direction(-affine[:3, 0]),
        "outlines": [
            {"segment": number, "territory": TERRITORY_OF[number], "d": paths(_millimetres(closed, window))}
            for number, closed in sector_outlines(scan, index).items()
        ],
        "unassigned": paths(_millimetres(unassigned_outlines(scan, index), window)),
    }


def _millimetres(outlines: list[FloatArray], window: Window) -> list[FloatArray]:
    """(row, col) pixel coordinates to x, y in mm from the outer corner of the window's first pixel."""
    corner = np.array([window.row_start - 0.5, window.column_start - 0.5])
    spacing = np.array([window.row_spacing, window.column_spacing])
    return [((points - corner) * spacing)[:, ::-1] for points in outlines]


def _eye(title: str, values: Any, scale: ColourScale, unit: FlowUnit | None) -> dict[str, Any]:
    """A bull's-eye of radius 100 about the origin, y down."""
    flip = np.array([100.0, -100.0])
    cells = []
    for cell in CELLS:
        value = values.get(cell.segment)
        colour = scale.hex(value)
        x, y = flip * cell.center
        cells.append(
            {
                "segment": cell.segment,
                "territory": cell.territory,
                "label": f"{cell.segment} {SEGMENT_NAMES[cell.segment]}, {cell.territory}",
                "d": path(flip * cell.polygon(), closed=True),
                "rim": path(flip * cell.polygon(0.022), closed=True),
                "text": None if value is None else summary.number(value, unit),
                "colour": colour,
                "ink": ink_on(colour),
                "x": round(float(x), 1),
                "y": round(float(y), 1),
            }
        )
    return {"title": title, "quantity": scale.label, "cells": cells, "scale": _scale(scale)}


def _scale(scale: ColourScale) -> dict[str, Any]:
    stops = [scale.hex(float(value)) for value in np.linspace(scale.low, scale.high, 17)]
    span = scale.high - scale.low
    ticks = [(round(100 * (value - scale.low) / span, 2), text) for value, text in scale.ticks()]
    return {"label": scale.label, "stops": ", ".join(stops), "ticks": ticks}


def _sectors(result: StudyResult) -> dict[str, Any]:
    """What the page tells of a segment that is pointed at, by its number: texts only."""
    titles = summary.titles(result)
    return {
        str(number): {
            "name": name,
            "territory": TERRITORY_OF[number],
            "scans": [_told(title, scan, number) for title, scan in zip(titles, result.scans, strict=True)],
            "reserve": summary.number(result.reserve_by_sector.get(number)),
        }
        for number, name in SEGMENT_NAMES.items()
    }


def _told(title: str, scan: ScanResult, number: int) -> dict[str, str]:
    unit, value = scan.flow.unit, summary.known(scan.sectors.by_sector[number])
    return {
        "title": title,
        "quantity": summary.quantity_with_unit(unit),
        "mean": summary.mean(value, unit),
        "uncertainty": summary.uncertainty(value, unit),
        "interval": summary.interval(value, unit),
        "spread": summary.number(value.sd if value else None, unit),
        "median": summary.number(value.median if value else None, unit),
        "pixels": str(value.n_pixels) if value else "0",
        "endocardial": summary.mean(scan.sectors.endocardial[number], unit),
        "epicardial": summary.mean(scan.sectors.epicardial[number], unit),
    }
