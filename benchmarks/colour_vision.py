"""How the report's colours look to readers of any colour vision: ``python -m benchmarks.colour_vision``.

A deficiency is simulated as the lack of one kind of cone (Machado, Oliveira and Fernandes, IEEE TVCG 2009); differences
are distances in CAM02-UCS (Luo, Cui and Li, Color Res Appl 2006), where about 1 can just be seen.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from colorspacious import cspace_convert
from matplotlib import colormaps
from matplotlib.colors import to_rgb

from operators.report.colours import TERRITORY_COLOURS, TERRITORY_INKS, flow_scale
from operators.series import FloatArray

VISIONS = {
    "full": None,
    "no long-wave cones": "protanomaly",
    "no middle-wave cones": "deuteranomaly",
    "no short-wave cones": "tritanomaly",
}
"""Kinds of colour vision, and the deficiency's name in the simulation."""
OTHERS = ("viridis", "jet")
"""Scales to compare with: another perceptually uniform one, and the rainbow that flow maps often have."""


def seen(colours: FloatArray, vision: str) -> FloatArray:
    """What sRGB colours (..., 3), 0 to 1, look like to that vision, as colours again."""
    kind = VISIONS[vision]
    if kind is None:
        return colours
    space = {"name": "sRGB1+CVD", "cvd_type": kind, "severity": 100}
    return np.asarray(np.clip(cspace_convert(colours, space, "sRGB1"), 0, 1))


def uniform(colours: FloatArray, vision: str) -> FloatArray:
    """CAM02-UCS coordinates (..., 3) of what is seen of colours; the first is lightness, 0 to 100."""
    return np.asarray(cspace_convert(seen(colours, vision), "sRGB1", "CAM02-UCS"))


def steps(colormap: str, vision: str, count: int) -> tuple[FloatArray, FloatArray]:
    """Differences and rises in lightness from one to the next of count + 1 colours along a scale, shape (count,)."""
    seen_so = uniform(colormaps[colormap](np.linspace(0, 1, count + 1))[:, :3], vision)
    return np.linalg.norm(np.diff(seen_so, axis=0), axis=1), np.diff(seen_so[:, 0])


def apart(colours: dict[str, str], vision: str) -> float:
    """Difference of the two that are most alike."""
    found = [uniform(np.array(to_rgb(colour)), vision) for colour in colours.values()]
    return min(float(np.linalg.norm(one - other)) for one, other in combinations(found, 2))


def main() -> None:
    """Print both tables."""
    scale = flow_scale([], "mL/min/g")
    count = round((scale.high - scale.low) / 0.5)
    print("| scale | colour vision | lightness only rises | smallest, largest difference by 0.5 mL/min/g |")
    print("|---|---|---|---|")
    for name in (scale.colormap, *OTHERS):
        for vision in VISIONS:
            differences, rises = steps(name, vision, count)
            rising = "yes" if np.all(rises > 0) else "no"
            print(f"| {name} | {vision} | {rising} | {differences.min():.1f}, {differences.max():.1f} |")
    print("\n| territories | " + " | ".join(VISIONS) + " |")
    print("|---|" + "---|" * len(VISIONS))
    for name, colours in (("contours and keys", TERRITORY_COLOURS), ("curves on white", TERRITORY_INKS)):
        print(f"| {name} | " + " | ".join(f"{apart(colours, vision):.0f}" for vision in VISIONS) + " |")


if __name__ == "__main__":
    main()
