"""Results of the demo's digital (simulated) patient in the OHIF viewer, from an Orthanc archive.

``perf-app demo``, then ``python -m benchmarks.viewer_picture [DEMO]``.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.browser import WEBGL, chromium
from benchmarks.demo import demo
from benchmarks.ohif import ohif
from benchmarks.ohif_page import Viewer
from benchmarks.orthanc import orthanc
from benchmarks.surroundings import REPOSITORY
from perf_app.archive import send_objects

SIZE = (1000, 640)
"""Of the picture [pixel]."""


def main() -> None:
    """Send study and results to an archive, and look at them there."""
    made = demo()
    with TemporaryDirectory() as scratch, orthanc(Path(scratch)) as server:
        send_objects(server.dicomweb, [*made.images(), *made.objects()])
        (study,) = server.studies()
        print(f"{server.count()} objects in the archive", flush=True)
        with ohif(server.dicomweb) as url, chromium(WEBGL) as browser:
            viewer = Viewer(browser, url, study, *SIZE)
            viewer.show("Segmentation stress")
            viewer.photograph(REPOSITORY / "docs" / "viewer.png")
    print("docs/viewer.png")


if __name__ == "__main__":
    main()
