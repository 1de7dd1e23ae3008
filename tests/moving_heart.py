"""A small heart that breathes while contrast passes through it, with its motion known in closed form.

Much simpler than the digital patients: enough for laws of motion correction, conversion and blood-pool detection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from operators.series import FloatArray


def gamma_variate(times: FloatArray, onset: float, rise: float, peak: float) -> FloatArray:
    """First pass plus a lower, wider recirculation; `rise` is the time from onset to peak [s]."""
    t = np.clip((times - onset) / rise, 0, None)
    again = np.clip((times - onset - 2.2 * rise) / (1.8 * rise), 0, None)
    first = t**3 * np.exp(3 * (1 - t))
    tail = 1 - np.exp(-np.clip(times - onset - rise, 0, None) / (2 * rise))
    return np.asarray(peak * (first + 0.12 * again**2 * np.exp(2 * (1 - again)) + 0.13 * tail))


def _inside(distance: FloatArray, blur: float = 1.0) -> FloatArray:
    """Soft indicator of a signed distance [mm], positive inside."""
    return np.asarray(0.5 * (1 + np.tanh(distance / blur)))


@dataclass(frozen=True)
class MovingHeart:
    """One short-axis slice; positions in mm from the image centre, (row, col)."""

    rows: int = 144
    columns: int = 120
    spacing: float = 1.9
    n_frames: int = 60
    interval: float = 0.85
    amplitude: float = 9.0
    """Of breathing [mm]; 0: breath held."""
    period: float = 4.7
    noise: float = 0.02
    seed: int = 0
    onset: float = 8.0
    """Bolus in the LV [s]; 3.5 s earlier in the RV."""
    level: float = 0.0
    """0 basal to 1 apical: how small the heart is."""

    @property
    def times(self) -> FloatArray:
        return np.arange(self.n_frames) * self.interval

    def grid(self) -> FloatArray:
        """Position of each pixel [mm], shape (2, row, col)."""
        row, col = np.mgrid[: self.rows, : self.columns].astype(float)
        return np.stack([row - (self.rows - 1) / 2, col - (self.columns - 1) / 2]) * self.spacing

    def shift(self, time_index: int, points: FloatArray) -> FloatArray:
        """How far what lies at `points` [mm] in that frame has come from its place at rest, shape (2, ...)."""
        t = self.times[time_index] / self.period
        wobble = np.random.default_rng(self.seed + 77).normal(0, 0.12, self.n_frames)[time_index]
        breath = self.amplitude * (abs(np.sin(np.pi * (t + 0.17 * self.seed))) ** 3 + wobble)
        row, col = points
        # Liver and heart follow the diaphragm, chest wall and spine don't; the heart's near side lags a little.
        carried = np.exp(-((row / 75) ** 4) - (col / 85) ** 4)
        lag = 1 + 0.18 * np.tanh(row / 30) + 0.12 * np.sin(col / 28)
        along = breath * carried * lag
        return np.stack([0.9 * along, 0.35 * along + 0.12 * breath * carried * np.cos(row / 25)])

    def regions(self, points: FloatArray) -> dict[str, FloatArray]:
        """Soft indicator of each tissue at `points` [mm] of the heart at rest."""
        row, col = points
        size = 1 - 0.3 * self.level
        angle = np.arctan2(row, col)
        radius = np.hypot(row, col) * (1 + 0.05 * np.cos(2 * angle) + 0.03 * np.sin(3 * angle))
        inner, outer = 20.0 * size, 29.5 * size
        papillary = sum(
            _inside(4.0 * size - np.hypot(row - 11 * size * np.sin(a), col - 11 * size * np.cos(a))) for a in (0.9, 3.9)
        )
        blood = _inside(inner - radius) * (1 - np.clip(papillary, 0, 1))
        lv = _inside(outer - radius)
        right = _inside(36 * size - np.hypot(row / 1.15, col + 26 * size)) * (1 - _inside(outer - radius))
        heart = np.clip(lv + right, 0, 1)
        body = _inside(1 - np.hypot(row / 128, col / 108), 0.02)
        lungs = _inside(1 - np.hypot(row / 88, (col + 5) / 82), 0.04) * (1 - heart)
        liver = lungs * _inside(row - 38 + 0.2 * col, 2.0)
        return {
            "blood": blood,
            "wall": lv - blood,
            "right": right,
            "liver": liver,
            "lung": lungs - liver,
            "chest": body * (1 - np.clip(lungs + heart, 0, 1)),
        }

    def concentration(self) -> dict[str, FloatArray]:
        """Gd of each tissue over time [mmol/L], shape (time,)."""
        blood = gamma_variate(self.times, self.onset, 4.0, 4.5)
        right = gamma_variate(self.times, self.onset - 3.5, 3.0, 6.0)
        kernel = 0.012 * np.exp(-self.times / 30)
        wall = np.convolve(blood, kernel)[: self.n_frames] * self.interval * 1.6
        still = np.zeros(self.n_frames)
        return {
            "blood": blood, "wall": wall, "right": right, "liver": 0.5 * wall, "lung": still, "chest": still
        }  # fmt: skip

    def coil(self) -> FloatArray:
        """Sensitivity, fixed in space, shape (row, col)."""
        row, col = self.grid()
        return np.asarray(0.45 + np.exp(-((row + 90) ** 2 + (col + 30) ** 2) / 2 / 80**2))

    def images(self) -> FloatArray:
        """Saturation-recovery-like signal, float32, shape (time, row, col)."""
        native = {"blood": 0.10, "wall": 0.13, "right": 0.10, "liver": 0.22, "lung": 0.02, "chest": 0.35}
        curves = {
            name: native[name] + (0.95 - native[name]) * (1 - np.exp(-0.55 * c))
            for name, c in self.concentration().items()
        }
        grid, coil = self.grid(), self.coil()
        noise = np.random.default_rng(self.seed).normal(0, self.noise, (self.n_frames, self.rows, self.columns))
        frames = np.empty_like(noise)
        for t in range(self.n_frames):
            parts = self.regions(grid - self.shift(t, grid))
            frames[t] = coil * sum(curves[name][t] * part for name, part in parts.items())
        return (1000 * np.abs(frames + noise)).astype(np.float32)

    def proton_density(self, frames: tuple[int, ...] = (0, 1, 2)) -> FloatArray:
        """Proton-density images in the positions of those frames, shape (len(frames), row, col)."""
        density = {"blood": 0.95, "wall": 0.8, "right": 0.95, "liver": 0.9, "lung": 0.1, "chest": 0.7}
        grid, coil = self.grid(), self.coil()
        noise = np.random.default_rng(self.seed + 9).normal(0, self.noise, (len(frames), self.rows, self.columns))
        clean = [
            coil * sum(density[name] * part for name, part in self.regions(grid - self.shift(t, grid)).items())
            for t in frames
        ]
        return (1000 * np.abs(np.stack(clean) + noise)).astype(np.float32)

    def residual(self, displacement: FloatArray, reference: int) -> FloatArray:
        """What is left of the motion [mm] in corrected images, against the reference frame, shape (time, 2, row, col).

        Args:
            displacement: of the correction [mm], shape (time, 2, row, col).
            reference: frame that was left as it is.
        """
        grid = self.grid()
        still = -self.shift(reference, grid)
        moved = [v - self.shift(t, grid + v) - still for t, v in enumerate(displacement)]
        return np.stack(moved)

    def heart(self, reference: int) -> FloatArray:
        """Soft mask of the left ventricle in that frame, shape (row, col)."""
        grid = self.grid()
        parts = self.regions(grid - self.shift(reference, grid))
        return parts["blood"] + parts["wall"]

    def rms(self, displacement: FloatArray, reference: int) -> float:
        """RMS over frames and the left ventricle of what is left of the motion [mm]."""
        squared = (self.residual(displacement, reference) ** 2).sum(axis=1)
        return float(np.sqrt(squared[:, self.heart(reference) > 0.5].mean()))
