"""Whether one uninterrupted series shows several injections of contrast agent, as dual-bolus protocols make them."""

from __future__ import annotations

from operators.arterial_input.blood_pool import EDGE, EDGE_LINEAR, find_largest_pool, pool_curve
from operators.arterial_input.onset import bolus_peaks
from operators.series import AifSeries, ImageSeries, QualityFlag

EQUAL = 0.5
"""From this share of the last injection's signal on, the first is no weak one that serves as arterial input."""


def injection_flags(perfusion: ImageSeries, aif: AifSeries | None) -> tuple[QualityFlag, ...]:
    """A flag where the LV's blood fills more than once in the AIF images, or with none in the main images.

    The images are taken as they are, with the heart moving: what is told is plain to see in them.
    """
    series, edge = (perfusion, EDGE) if aif is None else (aif.first_echo, EDGE_LINEAR)
    if (found := find_largest_pool(series, edge)) is None:
        return ()
    k, pool = found
    curve, times = pool_curve(series.pixels[k], pool), series.times[k]
    peaks = bolus_peaks(curve, times)
    if len(peaks) < 2:
        return ()
    moments = " and ".join(f"{times[peak] - times[0]:.0f}" for peak in peaks)
    share = float((curve[peaks[0]] - curve.min()) / (curve[peaks[-1]] - curve.min()))
    if share < EQUAL:
        what = (
            f"The first is weak ({share:.0%} of the last one's signal), as in dual-bolus protocols. Their calculation, "
            "which takes the weak one for the arterial input, is not done: the strong one is analysed alone, and what "
            "the weak one left in blood and tissue may put flow somewhat off."
        )
    else:
        what = "They are analysed as one, from the onset of the first."
    text = f"This one series shows {len(peaks)} injections of contrast agent, with peaks after {moments} s. {what}"
    return (QualityFlag("several_injections", "warning", text),)
