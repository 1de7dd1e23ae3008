"""Plots of an evaluation: Dice by structure, Bland-Altman and scatter of flow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perf_app.evaluation.contours import FAILED
from perf_app.evaluation.statistics import agreement
from perf_app.evaluation.tables import WHOLE

INK, MUTED, POINT = "#1c2733", "#6b7785", "#2a6fb0"


def plot_dice(table: pd.DataFrame, path: Path) -> Path:
    """Dice of every slice by structure, with mean and the line below which a slice counts as failed."""
    structures = list(dict.fromkeys(table["structure"]))
    figure = Figure(figsize=(1.6 + 1.3 * len(structures), 3.2), layout="constrained")
    axes = figure.subplots()
    jitter = np.random.default_rng(0)
    for place, structure in enumerate(structures):
        values = table.loc[table["structure"] == structure, "dice"].to_numpy(np.float64)
        across = place + jitter.uniform(-0.18, 0.18, len(values))
        axes.plot(across, values, ".", color=POINT, alpha=0.5, markersize=5, markeredgewidth=0)
        axes.plot([place - 0.28, place + 0.28], [values.mean()] * 2, color=INK, linewidth=1.5)
        axes.annotate(f"{values.mean():.3f}", (place + 0.3, values.mean()), size=7, color=INK, va="center")
    axes.axhline(FAILED, color=MUTED, linewidth=0.8, linestyle="--")
    axes.set_xticks(range(len(structures)), [f"{s}\nn = {(table['structure'] == s).sum()}" for s in structures])
    axes.set_xlim(-0.5, len(structures) - 0.2)
    axes.set_ylim(0, 1.02)
    _style(axes, "", "Dice of a slice")
    figure.savefig(path, dpi=150)
    return path


def plot_flow(table: pd.DataFrame, margin: float, path: Path) -> Path:
    """Bland-Altman plots of global and of sector flow, with bias and limits of agreement."""
    parts = [("Global", table[table["region"] == WHOLE]), ("Sectors", table[table["region"] != WHOLE])]
    parts = [(name, part) for name, part in parts if len(part)]
    figure = Figure(figsize=(4.2 * len(parts), 3.4), layout="constrained")
    for axes, (name, part) in zip(np.atleast_1d(figure.subplots(1, len(parts))), parts, strict=True):
        _bland_altman(axes, part, margin)
        axes.set_title(f"{name}, n = {len(part)}", size=9, color=INK, loc="left")
    figure.savefig(path, dpi=150)
    return path


def _bland_altman(axes: Axes, part: pd.DataFrame, margin: float) -> None:
    truth, found = (part[column].to_numpy(np.float64) for column in ("truth", "found"))
    values = agreement(truth, found, margin)
    axes.plot((truth + found) / 2, found - truth, "o", color=POINT, alpha=0.6, markersize=4, markeredgewidth=0)
    axes.axhspan(-margin, margin, color=MUTED, alpha=0.12, linewidth=0)
    for height, name, style in (
        (values.bias, "bias", "-"),
        (values.lower, "-1.96 SD", "--"),
        (values.upper, "+1.96 SD", "--"),
    ):
        if np.isfinite(height):
            axes.axhline(height, color=INK, linewidth=1, linestyle=style)
            axes.annotate(
                f"{name} {height:+.3f}",
                (1, height),
                xycoords=("axes fraction", "data"),
                size=7,
                color=INK,
                ha="right",
                va="bottom",
                xytext=(-2, 1),
                textcoords="offset points",
            )
    _style(axes, "mean of true and found MBF [mL/min/g]", "found - true [mL/min/g]")


def _style(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across, size=8, color=INK)
    axes.set_ylabel(up, size=8, color=INK)
    axes.tick_params(labelsize=7, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
