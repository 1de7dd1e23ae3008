"""Results of the demo's digital (simulated) patient in the OHIF viewer: ``python -m benchmarks.viewer_picture``."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.browser import WEBGL, chromium
from benchmarks.ohif import Viewer, ohif
from benchmarks.orthanc import orthanc
from benchmarks.surroundings import REPOSITORY
from perf_app.archive import send_objects
from perf_app.cli import DEMO_SEED
from perf_app.config import read_settings
from perf_app.phantom.patient import draw_patient
from perf_app.phantom.study import write_study
from perf_app.run import run

SIZE = (1000, 640)
"""Of the picture [pixel]."""


def main() -> None:
    """Make the patient, send it to an archive, analyse it from there and back, and look at it."""
    with TemporaryDirectory() as scratch, orthanc(Path(scratch)) as server:
        folder = Path(scratch)
        write_study(folder / "study", draw_patient(DEMO_SEED))
        send_objects(server.dicomweb, (folder / "study").rglob("*.dcm"))
        (study,) = server.studies()
        archive = {"from_dicomweb": server.dicomweb, "study": study, "to_dicomweb": server.dicomweb}
        outcome = run(read_settings(output_path=folder / "out", **archive))
        if outcome.exit_code:
            sys.exit(outcome.exit_code)
        with ohif(server.dicomweb) as url, chromium(WEBGL) as browser:
            viewer = Viewer(browser, url, study, *SIZE)
            viewer.show("Segmentation stress")
            viewer.photograph(REPOSITORY / "docs" / "viewer.png")


if __name__ == "__main__":
    main()
