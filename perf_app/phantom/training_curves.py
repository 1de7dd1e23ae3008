"""Signal curves for training: every tissue's brightness over time, randomised far beyond what is physical.

A network that has seen all of these takes a real injection, sequence or scaling for one more variation. The physical
curves of a study (blood-tissue exchange, the sequence's own timing) are made elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from perf_app.phantom.anatomy import Tissue
from perf_app.phantom.shapes import Draw, Range

N_FRAMES = 48
DEFECT = len(Tissue)
"""Index of the curve of under-perfused myocardium, after the tissues'."""
N_CURVES = len(Tissue) + 1


@dataclass(frozen=True, slots=True)
class Uptake:
    """How a tissue takes up contrast: ranges of its share of the LV's peak, residence time and delay [s]."""

    share: tuple[float, float]
    residence: tuple[float, float]
    delay: tuple[float, float]
    from_rv: bool = False
    low: float = 1.0
    """Power of the uniform number that places the share in its range: above 1, low shares are drawn more often."""


UPTAKES = {
    Tissue.LUNG: Uptake((0.0, 0.30), (0.3, 6.0), (0.3, 3.0), from_rv=True),
    Tissue.FAT: Uptake((0.0, 0.06), (10.0, 60.0), (1.0, 6.0)),
    Tissue.CHEST_WALL: Uptake((0.0, 0.18), (10.0, 80.0), (1.0, 8.0)),
    Tissue.LIVER: Uptake((0.0, 0.40), (20.0, 120.0), (3.0, 14.0)),
    Tissue.SPLEEN: Uptake((0.1, 0.80), (3.0, 30.0), (1.0, 5.0)),
    Tissue.AORTA: Uptake((0.6, 1.1), (0.2, 1.0), (0.2, 2.0)),
    Tissue.VESSEL: Uptake((0.2, 1.1), (0.3, 4.0), (0.3, 4.0), from_rv=True),
    Tissue.RV_WALL: Uptake((0.03, 0.60), (4.0, 60.0), (0.2, 2.5), low=2.0),
    # A tenth of the blood's peak at rest, a third at hyperaemia; signal, which saturates, shows more.
    Tissue.MYOCARDIUM: Uptake((0.04, 0.60), (4.0, 60.0), (0.2, 2.5), low=2.0),
}
PROTON_DENSITY = {
    Tissue.LUNG: (0.05, 0.35),
    Tissue.FAT: (0.3, 1.1),
    Tissue.CHEST_WALL: (0.4, 1.0),
    Tissue.LIVER: (0.1, 1.0),
    Tissue.SPLEEN: (0.1, 1.0),
}
"""Liver and spleen down to an air-filled stomach or bowel in their place."""
T1_S = {Tissue.FAT: (0.2, 0.6), Tissue.LIVER: (0.3, 1.6), Tissue.LUNG: (0.9, 1.6)}
EFFUSION_T1_S = (1.5, 4.0)
"""Of fluid in place of the fat around the heart."""
HIGHEST_RATIO = 0.97
"""Of signal to proton density that a conversion takes: beyond, noise would become any concentration."""


def frame_times(draw: Draw) -> tuple[Tensor, Tensor]:
    """Times of the frames after the RV's onset and which frame is the last one acquired.

    The window starts anywhere from long before the bolus to after the RV has filled. Short series end early, and their
    last frame is held.

    Returns:
        Times [s], shape (patient, slice, frame), and the LV's lag behind the RV [s], shape (patient, slice).
    """
    device = draw.generator.device
    interval = torch.where(draw.patient((0, 1)) < 0.3, draw.patient((0.42, 0.6)), draw.patient((0.45, 1.4)))
    lag = draw.patient((2.0, 8.5)).expand(-1, draw.n_slices)
    last = torch.where(draw.patient((0, 1)) < 0.6, N_FRAMES - 1.0, draw.patient((20.0, 47.0)).floor())
    early = draw.patient((0, 1)) < 0.35
    onset = torch.where(early, draw.patient((1.0, 8.0)) - lag / interval, draw.patient((-4.0, 24.0)))
    # The LV must fill before the end; a few windows end on its upslope.
    to_peak = (lag + draw.patient((2.0, 7.0))) / interval
    onset = torch.minimum(onset, last - to_peak).clamp(min=-0.75 * to_peak)
    jitter = 1 + 0.06 * draw.normal(draw.n_patients, draw.n_slices, N_FRAMES)
    missed = (draw.uniform((0, 1), draw.n_patients, draw.n_slices, N_FRAMES) < 0.01).float()
    frames = (jitter + missed).clamp(min=0.5).cumsum(-1)
    held = torch.minimum(torch.arange(N_FRAMES, device=device).float(), last[..., None]).long()
    frames = frames.gather(-1, held.expand_as(frames))
    return (frames - onset[..., None]) * interval[..., None], lag


@dataclass(frozen=True, slots=True, eq=False)
class Recovery:
    """A saturation-recovery sequence and how it is converted to Gd; one value a patient, shape (patient, 1)."""

    delay: Tensor
    """From saturation to the signal [s]."""
    gain: Tensor
    """What the LV's peak adds to R1 [1/s]."""
    t1: Tensor
    """Native T1 that a conversion assumes [s]."""

    def signal(self, concentration: Tensor, t1: Tensor) -> Tensor:
        """1 - exp(-TD R1) of tissues with a native T1 [s] (patient, slice, curve), shape of the concentration."""
        rate = 1 / t1[..., None] + self.gain[..., None, None] * concentration
        return 1 - torch.exp(-self.delay[..., None, None] * rate)

    def gadolinium(self, ratio: Tensor) -> Tensor:
        """Concentration relative to the LV's peak from signal over proton density, shape (patient, slice, frame, ...).

        It is what mixed pixels get, too: less than their tissues' mean, since the signal saturates.
        """
        shape = (len(ratio), 1, 1, 1, 1)
        rate = -torch.log1p(-ratio.clamp(max=HIGHEST_RATIO)) / self.delay.view(shape)
        return (rate - 1 / self.t1.view(shape)) / self.gain.view(shape)


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Of the tissues and of the defect."""

    concentration: Tensor
    """Relative to the LV's peak, shape (patient, slice, curve, frame)."""
    signal: Tensor
    """Saturation recovery, same shape."""
    density: Tensor
    """Proton density, shape (patient, slice, curve)."""


def draw_recovery(draw: Draw, converted: Tensor, log_gain: Range) -> Recovery:
    """From a linear to a saturated response and beyond; where it will be converted, so that the blood can be told.

    Args:
        draw: source of random numbers.
        converted: patients whose signal will be, shape (patient, 1).
        log_gain: of the others (`Pictures.gain`).
    """
    delay = torch.exp(draw.patient((-3.2, -1.4)))
    gain = 5.0 * torch.exp(draw.patient(log_gain))
    usable = torch.exp(draw.patient((-1.0, 0.9))) / delay
    return Recovery(delay, torch.where(converted, usable, gain), draw.patient((1.0, 1.6)))


def draw_curves(draw: Draw, recovery: Recovery) -> Curves:
    """Contrast and signal of every tissue."""
    times, lag = frame_times(draw)
    concentration = times.new_zeros(*times.shape[:2], N_CURVES, N_FRAMES)
    again = draw.patient((10.0, 25.0)), (draw.patient((0, 1)) < 0.05) * draw.patient((0.2, 1.0))
    rv = _bolus(draw, times, torch.zeros_like(lag), (1.6, 5.0), again)
    lv = _bolus(draw, times, lag, (2.2, 7.0), again)
    concentration[:, :, Tissue.RV_BLOOD] = rv * draw.patient((0.7, 2.2))[..., None]
    concentration[:, :, Tissue.LV_BLOOD] = lv
    for tissue, uptake in UPTAKES.items():
        source = rv if uptake.from_rv else lv
        residue = _residue(draw, times, source, uptake)
        least, most = uptake.share
        share = least + (most - least) * draw.coherent((0.0, 1.0), 0.2).clamp(0, 1) ** uptake.low
        concentration[:, :, tissue] = residue * share[..., None]
    # The RV's muscle often can't be told from the LV's.
    alike = draw.patient((-0.5, 1.5)).clamp(0, 1)[..., None]
    concentration[:, :, Tissue.RV_WALL] = torch.lerp(
        concentration[:, :, Tissue.RV_WALL], concentration[:, :, Tissue.MYOCARDIUM], alike
    )
    weak = Uptake((0.02, 0.4), (10.0, 80.0), (0.5, 6.0))
    healthy = concentration[:, :, Tissue.MYOCARDIUM].amax(-1, keepdim=True)
    concentration[:, :, DEFECT] = _residue(draw, times, lv, weak) * healthy * draw.slice((0.05, 0.8))[..., None]
    return _with_signal(draw, concentration, recovery)


def _bolus(
    draw: Draw, times: Tensor, onset: Tensor, to_peak: tuple[float, float], again: tuple[Tensor, Tensor]
) -> Tensor:
    """Gamma variate with a recirculation and a slow plateau, peak 1.

    Args:
        draw: source of random numbers.
        times: of the frames [s], shape (patient, slice, frame).
        onset: of this ventricle [s], shape (patient, slice).
        to_peak: range of the time from onset to peak [s].
        again: how much later a second injection comes [s] and its share of the first, which both ventricles see; 0 in
            most patients. Shapes (patient, 1).
    """
    rise = draw.patient(to_peak)[..., None]
    shape = draw.patient((1.5, 5.0))[..., None]
    t = (times - onset[..., None]).clamp(min=0)
    first = _gamma_variate(t, rise, shape)
    second = _gamma_variate((t - draw.patient((6.0, 14.0))[..., None]).clamp(min=0), rise * 1.6, shape)
    plateau = 1 - torch.exp(-t / (2.5 * rise))
    later, share = (one[..., None] for one in again)
    first = first + share * _gamma_variate((t - later).clamp(min=0), rise, shape)
    return first + draw.patient((0.0, 0.25))[..., None] * second + draw.patient((0.05, 0.45))[..., None] * plateau


def _gamma_variate(t: Tensor, rise: Tensor, shape: Tensor) -> Tensor:
    """(t / rise)^shape exp(shape (1 - t / rise)): peak 1 at `rise`."""
    x = t / rise
    return torch.exp(shape * (torch.log(x.clamp(min=1e-6)) + 1 - x))


def _residue(draw: Draw, times: Tensor, source: Tensor, uptake: Uptake) -> Tensor:
    """A mono-exponential tank fed by the blood, delayed, scaled to a peak of about 1."""
    residence = draw.patient(uptake.residence)[..., None]
    delay = draw.coherent(uptake.delay, 0.3)[..., None]
    steps = times.diff(dim=-1, prepend=times[..., :1] - 0.5)
    keep = torch.exp(-steps / residence)
    level = source[..., 0] * residence[..., 0]
    levels = []
    for frame in range(times.shape[-1]):
        level = level * keep[..., frame] + source[..., frame] * steps[..., frame]
        levels.append(level)
    tank = _delayed(torch.stack(levels, -1), times, delay)
    return tank / tank.amax(-1, keepdim=True).clamp(min=0.3)


def _delayed(curve: Tensor, times: Tensor, delay: Tensor) -> Tensor:
    """The curve `delay` [s] later, by linear interpolation in its own sampling."""
    interval = times.diff(dim=-1).amax(-1, keepdim=True).clamp(min=0.2)
    position = torch.arange(times.shape[-1], device=times.device) - delay / interval
    below = position.floor()
    index = below.long().clamp(0, times.shape[-1] - 1)
    after = (below.long() + 1).clamp(0, times.shape[-1] - 1)
    return torch.lerp(curve.gather(-1, index), curve.gather(-1, after), position - below)


def _with_signal(draw: Draw, concentration: Tensor, recovery: Recovery) -> Curves:
    """Signal beside concentration; concentrated contrast may darken what it should brighten."""
    shape = concentration.shape[:2]
    t1, density = [
        torch.stack([draw.patient(table.get(tissue, usual)).expand(shape) for tissue in Tissue], -1)
        for table, usual in ((T1_S, (0.8, 2.0)), (PROTON_DENSITY, (0.6, 1.0)))
    ]
    fluid = (draw.patient((0, 1)) < 0.15).expand(shape)
    t1[..., Tissue.FAT] = torch.where(fluid, draw.patient(EFFUSION_T1_S), t1[..., Tissue.FAT])
    same = [*Tissue, Tissue.MYOCARDIUM]
    t1, density = t1[..., same], density[..., same]
    # T2* decay before the echo.
    decay = torch.exp(-draw.patient((-0.2, 0.4)).clamp(min=0)[..., None, None] * concentration)
    return Curves(concentration, density[..., None] * recovery.signal(concentration, t1) * decay, density)
