"""Other programs' motion correction, as a user would set them up: a displacement for each frame of a slice.

SimpleITK and elastix register each frame to the reference frame, after the same local contrast normalisation as ours,
without which both fail: SimpleITK by demons, elastix by B-splines and mutual information. MIA (Wollny et al., Med Image
Anal 2012) aligns a series by independent components; it writes images and no displacement, so each of its images is
registered to its own original, which has the same contrast.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from operators.motion_correction.correction import scale
from operators.motion_correction.demons import Level, Spacing, register
from operators.motion_correction.local_contrast import normalise
from operators.series import FloatArray

Corrector = Callable[[FloatArray, int, Spacing], FloatArray]
"""Displacement [mm] (time, 2, row, col) for images (time, row, col), the reference's index and the pixel spacing."""

MIA = "mia-2dmyoica-nonrigid"
GREYS = 4000
"""What the images' bright end becomes where a program wants whole numbers."""
FINE = (Level(7.5, 20), Level(3.75, 20), Level(1.9, 20))
"""For images of equal contrast."""


def peers() -> dict[str, Corrector]:
    """Those that are installed, by name; what is missing is said in a line."""
    wanted: dict[str, tuple[bool, Corrector]] = {
        "SimpleITK demons": (find_spec("SimpleITK") is not None, by_demons),
        "elastix B-spline": (find_spec("itk") is not None, by_elastix),
        "MIA myoica-nonrigid": (shutil.which(MIA) is not None, by_mia),
    }
    for name, (there, _) in wanted.items():
        if not there:
            print(f"{name} isn't installed here: pip install '.[bench]', apt-get install mia-tools")
    return {name: corrector for name, (there, corrector) in wanted.items() if there}


def by_demons(images: FloatArray, reference: int, spacing: Spacing) -> FloatArray:
    """SimpleITK's symmetric demons, three levels."""
    sitk = import_module("SimpleITK")
    sharp = normalise(scale(images), spacing).numpy()

    def wrap(values: FloatArray) -> Any:
        image = sitk.GetImageFromArray(np.asarray(values, np.float32))
        image.SetSpacing(spacing[::-1])
        return image

    fixed, fields = wrap(sharp[reference]), []
    for frame in sharp:
        moving, field = wrap(frame), None
        for factor in (4, 2, 1):
            small = sitk.Shrink(sitk.SmoothingRecursiveGaussian(fixed, factor * 0.7 * spacing[0]), [factor] * 2)
            blurred = sitk.SmoothingRecursiveGaussian(moving, factor * 0.7 * spacing[0])
            demons = sitk.FastSymmetricForcesDemonsRegistrationFilter()
            demons.SetNumberOfIterations(40)
            demons.SetSmoothDisplacementField(True)
            demons.SetStandardDeviations(2.5)
            start = sitk.Transform(2, sitk.sitkIdentity) if field is None else sitk.DisplacementFieldTransform(field)
            initial = sitk.TransformToDisplacementField(
                start, sitk.sitkVectorFloat64, small.GetSize(), small.GetOrigin(), small.GetSpacing()
            )
            field = demons.Execute(small, sitk.Resample(blurred, small), initial)
            field = sitk.Cast(field, sitk.sitkVectorFloat64)
        whole = sitk.Resample(field, fixed, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkVectorFloat64)
        fields.append(np.moveaxis(sitk.GetArrayFromImage(whole)[..., ::-1], -1, 0))
    return np.asarray(fields)


def by_elastix(images: FloatArray, reference: int, spacing: Spacing) -> FloatArray:
    """elastix' B-splines with Mattes mutual information and a bending penalty, four levels, control points 40 mm apart.

    With points 25 mm apart, or with correlation, it left twice to six times as much motion on slices of other patients.
    """
    itk = import_module("itk")
    parameters = itk.ParameterObject.New()
    chosen = itk.ParameterObject.GetDefaultParameterMap("bspline", 4, 40.0)
    chosen["MaximumNumberOfIterations"] = ["120"]
    chosen["Metric"] = ["AdvancedMattesMutualInformation", "TransformBendingEnergyPenalty"]
    chosen["Metric0Weight"], chosen["Metric1Weight"] = ["1"], ["1"]
    parameters.AddParameterMap(chosen)

    def wrap(values: FloatArray) -> Any:
        image = itk.image_from_array(np.ascontiguousarray(values, np.float32))
        image.SetSpacing(spacing[::-1])
        return image

    sharp = normalise(scale(images), spacing).numpy()
    fixed, fields = wrap(sharp[reference]), []
    for index, frame in enumerate(sharp):
        if index == reference:
            fields.append(np.zeros((2, *frame.shape)))
            continue
        _, found = itk.elastix_registration_method(
            fixed, wrap(frame), parameter_object=parameters, log_to_console=False
        )
        with tempfile.TemporaryDirectory() as folder:
            field = itk.transformix_deformation_field(wrap(frame), found, output_directory=folder)
        fields.append(np.moveaxis(itk.array_from_image(field)[..., ::-1], -1, 0))
    return np.asarray(fields)


def by_mia(images: FloatArray, reference: int, spacing: Spacing) -> FloatArray:  # noqa: ARG001  # it finds its own
    """MIA with its own defaults."""
    scaled = scale(images)
    grey = (scaled.clamp(0, 1.3).numpy() * GREYS).astype(np.uint16)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workset = ET.Element("workset")
        for index, frame in enumerate(grey):
            Image.fromarray(frame).save(folder / f"frame{index:04d}.png")
            ET.SubElement(workset, "frame", image=f"frame{index:04d}.png")
        ET.ElementTree(workset).write(folder / "in.set", encoding="utf-8", xml_declaration=True)
        command = [MIA, "-i", "in.set", "-o", "out.set", "-r", "reg", "-k", "0", "--threads", "2"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=1800)
        files = sorted(folder.glob("reg*.png"))
        moved = np.stack([np.asarray(Image.open(file), np.float32) for file in files]) / GREYS
    return between(scaled, torch.from_numpy(moved), spacing)


def between(original: torch.Tensor, moved: torch.Tensor, spacing: Spacing) -> FloatArray:
    """The displacement by which images (time, row, col) were moved, from both [mm], shape (time, 2, row, col)."""
    nothing = original.new_zeros(len(original), 2, *original.shape[1:])
    found = register(normalise(original, spacing), normalise(moved, spacing), nothing, spacing, FINE)
    return np.asarray(found.numpy())
