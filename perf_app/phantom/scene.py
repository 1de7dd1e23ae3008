"""A digital patient's heart in its torso, on the fine grid that pictures are taken of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from operators.series import Label, State
from perf_app.phantom.acquisition import AIF_MATRIX, MAIN_MATRIX, Matrix
from perf_app.phantom.anatomy import draw_anatomy
from perf_app.phantom.geometry import FIELD_OF_VIEW_MM, HEART_FROM_TORSO, Plane, positions, short_axis_stack
from perf_app.phantom.patient import DigitalPatient
from perf_app.phantom.population import PLAUSIBLE, Population
from perf_app.phantom.territories import segments
from perf_app.phantom.tissue_flow import myocardial_flow
from perf_app.phantom.torso import enclose

HEART_LPS_MM = (28.0, -42.0, 15.0)
"""Middle of the left ventricle in the scanner."""


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of a study is simulated."""

    n_beats: int = 60
    """Saturation-recovery frames."""
    n_proton_density: int = 3
    """Frames before them."""
    main: Matrix = MAIN_MATRIX
    aif: Matrix = AIF_MATRIX


FULL = Detail()
QUICK = Detail(
    n_beats=40,
    main=Matrix(columns=96, lines=54, acceleration=2, rows=72, fine_rows=144, fine_columns=192),
    aif=Matrix(columns=32, lines=18, acceleration=2, rows=24, fine_rows=72, fine_columns=96),
)
"""Coarse and short, for tests."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Basal, mid and apical slice; tensors on one device."""

    planes: tuple[Plane, ...]
    torso_middle: Tensor
    """LPS mm, shape (3,)."""
    fractions: Tensor
    """Shares of tissues, (slice, tissue, row, col) on the fine grid; nothing in air."""
    labels: Tensor
    """`Label` on the fine grid, uint8, shape (slice, row, col)."""
    septal_angle: Tensor
    """From the middle between the RV's insertions, positive towards anterior [rad], fine grid, (slice, row, col)."""
    wall_depth: Tensor
    """0 endocardial to 1 epicardial, fine grid, (slice, row, col)."""


def stream(patient: DigitalPatient, purpose: str, device: torch.device | str) -> torch.Generator:
    """Random numbers of one patient for one purpose, the same each time."""
    digest = hashlib.sha256(f"{patient.seed} {purpose}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:7], "little"))


def build_scene(
    patient: DigitalPatient,
    detail: Detail = FULL,
    device: torch.device | str = "cpu",
    ranges: Population = PLAUSIBLE,
) -> Scene:
    """Draw the patient's anatomy from a population and lay the slices through it."""
    size = (detail.main.fine_rows, detail.main.fine_columns)
    anatomy = draw_anatomy(
        1,
        ranges,
        size=size,
        spacing_mm=FIELD_OF_VIEW_MM[0] / size[0],
        generator=stream(patient, "anatomy", device),
        device=device,
    )
    heart = torch.tensor(HEART_LPS_MM, dtype=torch.float64)
    torso = heart - torch.tensor(HEART_FROM_TORSO, dtype=torch.float64)
    planes = short_axis_stack(torch.tensor(patient.tilt), heart, patient.slice_gap_mm)
    affines = torch.stack([plane.affine(size) for plane in planes]).to(device)
    fractions, body = enclose(anatomy.fractions[0], affines, torso)
    septum = anatomy.insertions[0].mean(-1)
    # A slice without a right ventricle takes its neighbours' septum.
    septum = torch.where(septum.isnan(), septum[~septum.isnan()].mean().nan_to_num(0.0), septum)
    angle = torch.remainder(anatomy.wall_angle[0] - septum[:, None, None] + torch.pi, 2 * torch.pi) - torch.pi
    return Scene(planes, torso, fractions * body[:, None], anatomy.labels[0], angle, anatomy.wall_depth[0])


def flow_map(scene: Scene, patient: DigitalPatient, state: State) -> Tensor:
    """MBF at each place as if it were myocardium [mL/min/g], fine grid, shape (slice, row, col)."""
    patchiness = stream(patient, "patchiness", scene.labels.device)
    return myocardial_flow(patient, state, scene.septal_angle, scene.wall_depth, patchiness)


def to_picture(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Mean of a fine quantity (slice, row, col) over the pixels of a picture."""
    return F.adaptive_avg_pool2d(values[None].float(), size)[0]


def picture_labels(scene: Scene, size: tuple[int, int]) -> Tensor:
    """`Label` that fills most of each pixel of a picture, uint8, shape (slice, row, col)."""
    shares = torch.stack([to_picture(scene.labels == label, size) for label in Label])
    # A tie of two labels falls to the one that fills more of the neighbourhood.
    shares = shares + 0.01 * F.avg_pool2d(shares, 3, stride=1, padding=1)
    return shares.argmax(0).to(torch.uint8)


def picture_segments(scene: Scene, size: tuple[int, int]) -> Tensor:
    """AHA segment in the myocardium of a picture, 0 elsewhere, uint8, shape (slice, row, col)."""
    angle = torch.atan2(to_picture(scene.septal_angle.sin(), size), to_picture(scene.septal_angle.cos(), size))
    return segments(angle) * (picture_labels(scene, size) == Label.MYOCARDIUM)


def cavity(scene: Scene, k: int) -> tuple[Tensor, float]:
    """Centre (down, right) from the middle of the field of view and radius of what the endocardium encloses [mm]."""
    size = (scene.labels.shape[-2], scene.labels.shape[-1])
    pool = scene.wall_depth[k] <= 0
    area = float(pool.sum()) * FIELD_OF_VIEW_MM[0] * FIELD_OF_VIEW_MM[1] / (size[0] * size[1])
    return positions(size, pool.device)[:, pool].mean(1), (area / torch.pi) ** 0.5
