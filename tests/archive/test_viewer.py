"""A viewer that knows nothing of us shows the contours on the frame they were drawn on, the maps and the numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from browser import chromium
from pydicom import dcmread
from servers import ohif, orthanc
from written_objects import Written, tool, write_sources

from benchmarks.browser import WEBGL
from benchmarks.ohif_page import Viewer
from operators.dicom_writing.sources import reference_headers
from operators.series import Label

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def viewer(written: Written, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """The study, open in the viewer."""
    sources = write_sources(written.result, tmp_path_factory.mktemp("sources"))
    with orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        tool("dcmsend", "-aec", "ORTHANC", "127.0.0.1", str(server.dicom.port), *sources, *written.paths)
        with ohif(server.dicomweb) as url, chromium(WEBGL) as browser:
            yield Viewer(browser, url, written.result.study.study_instance_uid)


def test_all_series_are_listed(viewer: Viewer, written: Written) -> None:
    listed, series = viewer.listed(), {dcmread(path).SeriesInstanceUID for path in written.paths}
    for word in ("SEG", "SR", "OT", "DOC"):
        assert any(one.startswith(word) for one in listed), word
    assert sum("research use only" in one for one in listed) == len(series)


def test_contours_lie_on_the_frame_they_were_drawn_on(viewer: Viewer, written: Written) -> None:
    viewer.show("Segmentation stress")
    scan = written.result.scans[0]
    frames = [str(header.SOPInstanceUID) for header in reference_headers(scan)]
    found = viewer.segment_pixels()
    for name, label in (("LV cavity", Label.LV_CAVITY), ("LV myocardium", Label.MYOCARDIUM), ("RV", Label.RV)):
        expected = {uid: int(mask.sum()) for uid, mask in zip(frames, scan.segmentation.labels == label, strict=True)}
        assert found[name] == expected, name
    assert viewer.current_image() in frames
    assert viewer.outlines_drawn()


def test_maps_in_colour_are_shown_as_they_were_written(viewer: Viewer, written: Written) -> None:
    viewer.show("Perfusion map in colour stress")
    shown = {str(d.SOPInstanceUID): d for d in written.read("map-picture", "stress")}[viewer.current_image()]
    height, width, rgb = viewer.current_pixels()
    assert (height, width) == (shown.Rows, shown.Columns)
    np.testing.assert_array_equal(rgb, shown.pixel_array)


def test_numbers_are_in_the_page(viewer: Viewer, written: Written) -> None:
    viewer.show("Perfusion measurements stress")
    text = viewer.text("Imaging Measurements")
    sectors = written.result.scans[0].sectors
    for statistics in (sectors.whole, *sectors.by_sector.values(), *sectors.by_territory.values()):
        assert statistics is not None
        assert f"{statistics.mean:.6g} ml/min/g" in text
    assert "Research use only. Not verified by a reader." in text
