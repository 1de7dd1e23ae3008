"""A scene, its contrast and its motion become the frames of one slice."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from operators.series import Label
from perf_app.phantom.acquisition import Encoder, Matrix
from perf_app.phantom.anatomy import Tissue
from perf_app.phantom.coils import sensitivities
from perf_app.phantom.contrast import Contrast, at_times
from perf_app.phantom.motion import Motion, warp
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.relaxation import BLOOD, FIELDS, PROTON_DENSITY
from perf_app.phantom.scene import Scene
from perf_app.phantom.sequence import Readout, decay, proton_density, saturation_recovery
from perf_app.phantom.tissue_flow import territory_share


class Camera:
    """Films slices with one sequence.

    Args:
        scene: what is there.
        patient: whose.
        contrast: Gd in the tissues.
        flow: MBF on the scene's grid [mL/min/g], shape (slice, row, col); tells which myocardial curve is where.
        matrix: what is sampled.
        readout: the sequence.
        device: where to compute.
    """

    def __init__(
        self,
        scene: Scene,
        patient: DigitalPatient,
        contrast: Contrast,
        flow: Tensor,
        matrix: Matrix,
        readout: Readout,
        device: torch.device | str,
    ) -> None:
        self.scene, self.contrast, self.readout, self.matrix, self.device = scene, contrast, readout, matrix, device
        self.field = FIELDS[patient.field_strength_t]
        self.size = (matrix.fine_rows, matrix.fine_columns)
        self.fractions = F.adaptive_avg_pool2d(scene.fractions, self.size)
        muscle = scene.fractions[:, Tissue.MYOCARDIUM]
        self.flow = self._carried(muscle, flow)
        self.later = 0.0 if patient.defect is None else patient.defect.delay
        self.late = self._carried(muscle, territory_share(patient, scene.septal_angle)) if self.later else None

    def _carried(self, muscle: Tensor, values: Tensor) -> Tensor:
        """Mean over the muscle in each pixel, where the grid is coarser than the scene's."""
        total = F.adaptive_avg_pool2d((muscle * values)[None], self.size)[0]
        return total / self.fractions[:, Tissue.MYOCARDIUM].clamp(min=1e-6)

    def encoder(self, k: int) -> Encoder:
        plane, middle = self.scene.planes[k], self.scene.torso_middle
        return Encoder(self.matrix, lambda size: sensitivities(plane.affine(size), size, middle), self.device)

    def film(
        self, k: int, times: Tensor, motion: Motion, n_density: int, noise: float, chance: torch.Generator
    ) -> list[Tensor]:
        """Pictures (time, row, col) of slice k for each echo; the first frames are proton density."""
        sources, encoder = motion.sources(self.size), self.encoder(k)
        echoes = []
        for echo_time in self.readout.echo_times:
            still = self._magnetisation(k, times, n_density, echo_time)
            moved = warp(still[:, None], sources)[:, 0]
            echoes.append(encoder.picture(moved, noise, chance))
        return echoes

    def noise(self, tissue: Tissue, target: float, k: int) -> float:
        """SD of the noise that makes Gd in a tissue of slice k scatter by `target` [mmol/L] before the bolus."""
        step = 0.01
        signal = self._signal(tissue, torch.tensor([0.0, step], dtype=torch.float64), self.readout.echo_times[0])
        slope = float(signal[1] - signal[0]) / step
        encoder = self.encoder(k)
        label = Label.LV_CAVITY if tissue is Tissue.LV_BLOOD else Label.MYOCARDIUM
        inside = F.adaptive_avg_pool2d(
            (self.scene.labels[k] == label)[None].float(), (self.matrix.rows, self.matrix.columns)
        )
        factor = (encoder.noise_factor() / encoder.shading)[inside[0] > 0.5].mean()
        return target * slope / float(factor)

    def _signal(self, tissue: Tissue, gadolinium: Tensor, echo_time: float, *, saturated: bool = True) -> Tensor:
        """Of a pixel full of a tissue, for Gd of any shape."""
        field = self.field
        rate = 1 / field.t1[tissue] + field.relaxivity * gadolinium
        decay_rate = field.decay[tissue] + gadolinium * (field.decay_blood if tissue in BLOOD else field.decay_tissue)
        magnetisation = (saturation_recovery if saturated else proton_density)(rate, self.readout)
        return PROTON_DENSITY[tissue] * magnetisation * decay(decay_rate, echo_time)

    def _curve(self, tissue: Tissue, gadolinium: Tensor, n_density: int, echo_time: float) -> Tensor:
        """Signal over frames (…, time)."""
        before = self._signal(tissue, gadolinium[..., :n_density], echo_time, saturated=False)
        after = self._signal(tissue, gadolinium[..., n_density:], echo_time)
        return torch.cat([before, after], -1).float().to(self.device)

    def _magnetisation(self, k: int, times: Tensor, n_density: int, echo_time: float) -> Tensor:
        """Of slice k with the heart in its reference position, fine grid, shape (time, row, col)."""
        contrast = self.contrast
        gadolinium = at_times(contrast.tissues, contrast.times, times)
        curves = torch.stack([self._curve(t, gadolinium[t], n_density, echo_time) for t in Tissue])
        curves[Tissue.MYOCARDIUM] = 0
        image = torch.einsum("kt,krc->trc", curves, self.fractions[k])
        muscle = self.fractions[k, Tissue.MYOCARDIUM]
        there = muscle > 0
        signal = self._muscle(times, self.flow[k][there], n_density, echo_time)
        if self.late is not None:
            late = self._muscle(times - self.later, self.flow[k][there], n_density, echo_time)
            signal = torch.lerp(signal, late, self.late[k][there][:, None])
        image[:, there] += (signal * muscle[there][:, None]).T
        return image

    def _muscle(self, times: Tensor, flow: Tensor, n_density: int, echo_time: float) -> Tensor:
        """Signal of muscle by its flow [mL/min/g], shape (pixel, time)."""
        contrast = self.contrast
        table = self._curve(
            Tissue.MYOCARDIUM, at_times(contrast.myocardium, contrast.times, times), n_density, echo_time
        )
        position = flow / float(contrast.flows[1])
        below = position.long().clamp(0, len(table) - 2)
        return torch.lerp(table[below], table[below + 1], (position - below)[:, None])
