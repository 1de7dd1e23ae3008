"""When AIF and main images were taken, to the centre of k-space.

A picture shows the contrast agent at the moment at which the centre of k-space was read. By the DICOM standard an
acquisition time is that at which acquisition started; the centre comes half a readout later, and main images have the
longer readout. Unheeded, the arterial input comes too late by the difference, some 25 ms: a few percent of stress flow.
"""

from __future__ import annotations

from operators.dicom_loading import clock
from operators.gadolinium.parameters import resolve_aif, resolve_perfusion
from operators.protocol import Protocol
from operators.series import ImageSeries, PerfusionScan

STARTS = ("FrameAcquisitionDateTime", "AcquisitionTime")
"""Clocks that tell when the acquisition of an image began."""


def lead(scan: PerfusionScan, protocol: Protocol) -> float:
    """How much sooner after its time stamp the centre of k-space comes in AIF images than in main images [s].

    It is 0 where stamps are of another kind (trigger and reference times are those of the centre), where AIF and main
    images have no clock in common, and where the scanner made main images into Gd by a way of its own.

    Raises:
        SettingError: the sequence's values contradict each other.
        ValueError: the scan has no AIF images.
    """
    if scan.aif is None:
        raise ValueError("this scan has no AIF images")
    echoes: list[ImageSeries | None] = [scan.perfusion, scan.aif.first_echo, scan.aif.second_echo]
    stamps = clock.trusted_clock([row for series in echoes if series is not None for row in series.headers])
    if stamps not in STARTS or scan.perfusion.unit == "mmol/L":
        return 0.0
    main, aif = (found.readout for found in (resolve_perfusion(scan, protocol), resolve_aif(scan, protocol)))
    return main.center_line * main.repetition_time - aif.center_line * aif.repetition_time
