"""An archive that knows nothing of us takes source and results, finds them, and gives them back as they were."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from dicomweb_client.web import DICOMwebClient
from pydicom import Dataset, dcmread
from servers import orthanc
from typer.testing import CliRunner
from written_objects import Written, tool, write_sources

from benchmarks.orthanc import Orthanc
from operators.errors import ArchiveReadError, NotSentError
from perf_app.archive import connect, fetch_study, send_objects
from perf_app.cli import people

pytestmark = pytest.mark.xdist_group("archive")
QUICK = (0.2, 0.2)


@pytest.fixture(scope="module")
def sources(written: Written, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_sources(written.result, tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


@pytest.fixture
def own_archive(tmp_path: Path) -> Iterator[Orthanc]:
    """For tests that break it."""
    folder = tmp_path / "orthanc"
    folder.mkdir()
    with orthanc(folder) as server:
        yield server


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    monkeypatch.setattr("perf_app.archive.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture(scope="module")
def filled(archive: Orthanc, written: Written, sources: list[Path]) -> Orthanc:
    """The archive with sources (by C-STORE) and results (by STOW-RS)."""
    tool("dcmsend", "-aec", "ORTHANC", "127.0.0.1", str(archive.dicom.port), *sources)
    send_objects(archive.dicomweb, written.paths, QUICK)
    return archive


def uid_of(path: Path) -> str:
    return str(dcmread(path, stop_before_pixels=True).SOPInstanceUID)


def test_it_finds_sources_and_results(filled: Orthanc, written: Written, sources: list[Path]) -> None:
    client = connect(filled.dicomweb)
    study = written.result.study.study_instance_uid
    found = {one["00080018"]["Value"][0] for one in client.search_for_instances(study, get_remaining=True)}
    assert found == {uid_of(path) for path in (*written.paths, *sources)}
    series = [Dataset.from_json(one) for one in client.search_for_series(study, get_remaining=True)]
    assert {"SEG", "SR", "MR", "OT", "DOC"} == {one.Modality for one in series}


def test_it_gives_back_what_it_took_unchanged(filled: Orthanc, written: Written, sources: list[Path]) -> None:
    study = written.result.study.study_instance_uid
    for path in (*written.paths, *sources[:3]):
        sent = dcmread(path)
        # A connection of its own each: the server ends one that idled, and no further attempt is made here.
        got = connect(filled.dicomweb).retrieve_instance(
            study, sent.SeriesInstanceUID, sent.SOPInstanceUID, media_types=(("application/dicom", "*"),)
        )
        assert got == sent, path.name
        assert got.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID


def test_results_are_taken_by_c_store_too(own_archive: Orthanc, written: Written) -> None:
    tool("dcmsend", "-aec", "ORTHANC", "127.0.0.1", str(own_archive.dicom.port), *written.paths)
    assert own_archive.count() == len(written.paths)


def test_a_study_comes_as_its_mr_images(filled: Orthanc, written: Written, sources: list[Path], tmp_path: Path) -> None:
    count = fetch_study(filled.dicomweb, written.result.study.study_instance_uid, tmp_path, QUICK)
    got = {uid_of(path): dcmread(path) for path in tmp_path.iterdir()}
    assert count == len(got)
    maps = {uid_of(path) for path in written.of("parametric-map")}
    assert set(got) == {uid_of(path) for path in sources} | maps
    assert all(got[uid_of(path)] == dcmread(path) for path in sources)


def test_a_study_that_is_not_there_is_said_so(archive: Orthanc, tmp_path: Path) -> None:
    with pytest.raises(ArchiveReadError, match="no MR images"):
        fetch_study(archive.dicomweb, "1.2.3.4", tmp_path, QUICK)


def test_no_server_is_said_so_without_what_is_secret(written: Written, tmp_path: Path) -> None:
    url = "http://user:secret@127.0.0.1:9/dicom-web"
    with pytest.raises(ArchiveReadError, match="no connection") as reading:
        fetch_study(url, "1.2.3.4", tmp_path, QUICK)
    with pytest.raises(NotSentError, match="no connection") as sending:
        send_objects(url, written.paths[:1], QUICK)
    assert not any("secret" in str(error.value) for error in (reading, sending))


class Crash:
    """Ends a server, and starts it again, while the third of a client's calls is under way."""

    def __init__(self, server: Orthanc, call: Callable[..., Any], patch: pytest.MonkeyPatch) -> None:
        self.server, self.call, self.calls = server, call, 0
        self.again = threading.Thread(target=self._fall_and_rise)
        patch.setattr(DICOMwebClient, call.__name__, lambda *args, **kwargs: self._count(*args, **kwargs))

    def _count(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls == 3:
            self.again.start()
        return self.call(*args, **kwargs)

    def _fall_and_rise(self) -> None:
        self.server.kill()
        self.server.start()


PATIENT = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def test_a_server_that_dies_while_objects_come_in_loses_none(
    own_archive: Orthanc, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = Crash(own_archive, DICOMwebClient.store_instances, monkeypatch)
    send_objects(own_archive.dicomweb, written.paths, PATIENT)
    crash.again.join()
    assert crash.calls > len(written.paths)
    client = connect(own_archive.dicomweb)
    found = client.search_for_instances(written.result.study.study_instance_uid, get_remaining=True)
    assert {one["00080018"]["Value"][0] for one in found} == {uid_of(path) for path in written.paths}
    for path in written.paths:
        sent = dcmread(path)
        assert sent == client.retrieve_instance(
            sent.StudyInstanceUID,
            sent.SeriesInstanceUID,
            sent.SOPInstanceUID,
            media_types=(("application/dicom", "*"),),
        )


def test_a_server_that_dies_while_a_study_goes_out_loses_no_image(
    own_archive: Orthanc, sources: list[Path], written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("dcmsend", "-aec", "ORTHANC", "127.0.0.1", str(own_archive.dicom.port), *sources, *written.paths)
    crash = Crash(own_archive, DICOMwebClient.iter_series, monkeypatch)
    (tmp_path / "study").mkdir()
    fetch_study(own_archive.dicomweb, written.result.study.study_instance_uid, tmp_path / "study", PATIENT)
    crash.again.join()
    got = [uid_of(path) for path in (tmp_path / "study").iterdir()]
    assert len(got) == len(set(got))
    assert set(got) == {uid_of(path) for path in (*sources, *written.of("parametric-map"))}


@pytest.mark.usefixtures("no_waiting")
def test_what_a_dead_server_lacks_is_sent_later(own_archive: Orthanc, written: Written) -> None:
    send_objects(own_archive.dicomweb, written.paths[:2], QUICK)
    own_archive.kill()
    failed = CliRunner().invoke(people, ["send", str(written.folder), "http://127.0.0.1:9/dicom-web"])
    assert failed.exit_code == 4
    assert f"{len(written.paths)} of {len(written.paths)} objects" in failed.stderr
    own_archive.start()
    done = CliRunner().invoke(people, ["send", str(written.folder), own_archive.dicomweb])
    assert done.exit_code == 0
    assert own_archive.count() == len(written.paths)


def test_sending_again_changes_nothing(filled: Orthanc, written: Written) -> None:
    before = requests.get(f"{filled.url}/statistics", timeout=10).json()
    send_objects(filled.dicomweb, written.paths, QUICK)
    assert requests.get(f"{filled.url}/statistics", timeout=10).json() == before
