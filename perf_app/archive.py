"""A DICOMweb server as source of a study and as place for its results (QIDO-RS, WADO-RS, STOW-RS)."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from requests.adapters import HTTPAdapter

from operators.errors import ArchiveReadError, NotSentError, PerfusionError, SettingError

logger = logging.getLogger(__name__)

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Before each further attempt [s]; a server that restarts is back within them."""
TIMEOUT = (10.0, 120.0)
"""To connect, and between two pieces of an answer [s]."""
TOKEN = "PERF_APP_DICOMWEB_TOKEN"
"""Environment variable with a bearer token; never an argument, which others on the machine could see."""
TEMPORARY = {408, 425, 429, 500, 502, 503, 504}
"""HTTP states that another attempt may change."""
_READ_AGAIN = (requests.RequestException, InvalidDicomError, EOFError, OSError)
_ORIGINAL = (("application/dicom", "*"),)
"""Images in the transfer syntax that they are stored in."""


class _Adapter(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = TIMEOUT
        return super().send(request, *args, **kwargs)


def connect(url: str) -> DICOMwebClient:
    """Client of the server at a URL such as ``https://archive/dicom-web``.

    Raises:
        SettingError: that is no such URL.
    """
    if not urlsplit(url).hostname or urlsplit(url).scheme not in ("http", "https"):
        raise SettingError("That is no URL of a DICOMweb server.", hint="Name one such as https://archive/dicom-web.")
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    headers = {"Authorization": f"Bearer {os.environ[TOKEN]}"} if os.environ.get(TOKEN) else None
    client = DICOMwebClient(url=url, session=session, headers=headers)
    # Attempts are made here, where a lost connection counts as well as an HTTP state; the client's log of its own
    # single one is a traceback.
    logging.getLogger("retrying").setLevel(logging.ERROR)
    client.set_http_retry_params(retry=False)
    return client


def fetch_study(url: str, study_instance_uid: str, folder: Path, waits: Sequence[float] = WAITS) -> int:
    """Retrieve a study's MR images into a folder and return how many there are.

    After a lost connection only what is missing is asked for again.

    Raises:
        ArchiveReadError: the server doesn't answer, refuses, has no such MR images, or gives fewer than it lists.
    """
    have: set[str] = set()
    client = connect(url)

    def attempt() -> bool:
        wanted = _mr_images(client, study_instance_uid)
        if not wanted:
            raise _unreadable(url, "The DICOMweb server has no MR images of that study.", "Check the study's UID.")
        for series, images in wanted.items():
            if not images <= have:
                for dataset in client.iter_series(study_instance_uid, series, media_types=_ORIGINAL):
                    if (uid := str(dataset.SOPInstanceUID)) not in have:
                        # Numbered: a name from outside could be anything.
                        dataset.save_as(folder / f"{len(have) + 1:06d}.dcm", enforce_file_format=True)
                        have.add(uid)
        return all(images <= have for images in wanted.values())

    try:
        complete = _persevere(attempt, waits, _READ_AGAIN)
    except _READ_AGAIN as error:
        what = f"The study couldn't be read from the DICOMweb server ({_reason(error)}; {len(have)} images came)."
        raise _unreadable(url, what, "Check the URL and the server, then run again.") from error
    if not complete:
        what = f"The DICOMweb server lists more images than the {len(have)} that it gives."
        raise _unreadable(url, what, "Look into the server's log.")
    logger.info("retrieved %d images from %s", len(have), place(url))
    return len(have)


def send_objects(url: str, paths: Iterable[Path], waits: Sequence[float] = WAITS) -> None:
    """Store objects one by one, and ask the server afterwards whether it has them: its word alone isn't enough.

    Raises:
        NotSentError: some couldn't be stored.
    """
    pending = {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID): path for path in paths}
    total = len(pending)
    client = connect(url)

    def attempt() -> bool:
        _drop_stored(client, pending)
        for path in pending.values():
            client.store_instances([dcmread(path)])
        _drop_stored(client, pending)
        return not pending

    try:
        _persevere(attempt, waits, (requests.RequestException,))
        reason = "not found there after sending"
    except requests.RequestException as error:
        reason = _reason(error)
    if pending:
        raise NotSentError(
            f"{len(pending)} of {total} objects couldn't be stored on the DICOMweb server ({reason}).",
            where=place(url),
            hint="The results are complete in the output folder; perf-app send sends them once the server is well.",
        )
    logger.info("stored %d objects on %s", total, place(url))


def place(url: str) -> str:
    """The URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _persevere(attempt: Callable[[], bool], waits: Sequence[float], again: tuple[type[Exception], ...]) -> bool:
    """Whether an attempt succeeded; the last one's error where each failed, another's at once where it won't pass."""
    for wait in (*waits, None):
        try:
            if attempt():
                return True
        except again as error:
            if wait is None or not _may_pass(error):
                raise
            logger.warning("DICOMweb server: %s; next attempt in %.0f s", _reason(error), wait)
        if wait is not None:
            time.sleep(wait)
    return False


def _may_pass(error: Exception) -> bool:
    response = getattr(error, "response", None)
    return response is None or response.status_code in TEMPORARY


def _mr_images(client: DICOMwebClient, study: str) -> dict[str, set[str]]:
    """SOP instance UIDs of each MR series of a study."""
    series = client.search_for_series(study, search_filters={"Modality": "MR"}, get_remaining=True)
    return {uid: _instances(client, study, uid) for one in series if (uid := _value(one, "0020000E"))}


def _instances(client: DICOMwebClient, study: str, series: str | None = None) -> set[str]:
    found = client.search_for_instances(study, series, get_remaining=True)
    return {_value(one, "00080018") for one in found}


def _drop_stored(client: DICOMwebClient, pending: dict[str, Path]) -> None:
    """Take out of `pending` what the server has."""
    studies = {str(dcmread(path, stop_before_pixels=True).StudyInstanceUID) for path in pending.values()}
    for study in studies:
        for uid in _instances(client, study):
            pending.pop(uid, None)


def _value(found: dict[str, Any], tag: str) -> str:
    values = found.get(tag, {}).get("Value", [])
    return str(values[0]) if values else ""


def _reason(error: Exception) -> str:
    """What went wrong, without the answer's text or a full URL."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return "no connection" if isinstance(error, requests.ConnectionError) else "a broken answer"


def _unreadable(url: str, what: str, hint: str) -> PerfusionError:
    return ArchiveReadError(what, where=place(url), hint=hint)
