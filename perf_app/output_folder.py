"""Results appear all at once or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operators.errors import OutputError
from operators.report.results import FILE_NAME as RESULTS_FILE

ERROR_FILE = "error.json"


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A hidden folder inside `folder` to write into; its files move into `folder` when all went well.

    The staging folder lies inside so that a move is a rename on one file system, also where `folder` is a mount.

    Raises:
        OutputError: the folder can't be made or written to, before any work is done or at the end.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        yield staging
        _publish(staging, folder)
    except OSError as error:
        if str(folder) in str(error.filename):
            raise _cannot_write(folder, error) from error
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, folder: Path) -> None:
    """Move every file; results.json last, so that whoever waits for it finds everything else in place.

    What an earlier run wrote goes, lest its objects be taken for this one's; nothing else is touched.
    """
    earlier = files_of_run(folder)
    (folder / ERROR_FILE).unlink(missing_ok=True)
    for file in sorted(staging.iterdir(), key=lambda file: (file.name == RESULTS_FILE, file.name)):
        file.replace(folder / file.name)
    for name in set(earlier) - set(files_of_run(folder)):
        (folder / name).unlink(missing_ok=True)


def files_of_run(folder: Path) -> tuple[str, ...]:
    """Names of the files here that the last run wrote beside its results.json; none where there is no such list."""
    # The list could have been edited: it never names what lies elsewhere.
    there = {path.name for path in folder.glob("*") if path.is_file()}
    try:
        return tuple(name for name in json.loads((folder / RESULTS_FILE).read_text())["files"] if name in there)
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def written_files(folder: Path) -> tuple[Path, ...]:
    """What the last run wrote; all files that are there where it left no list of them."""
    listed = files_of_run(folder)
    there = sorted(path for path in folder.glob("*") if path.is_file())
    return tuple(path for path in there if not listed or path.name in (*listed, RESULTS_FILE))


def refuse_other_study(folder: Path, study_instance_uid: str) -> None:
    """One folder holds one study's results.

    Raises:
        OutputError: the folder holds another study's.
    """
    try:
        there = json.loads((folder / RESULTS_FILE).read_text())["study"]["study_instance_uid"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if there != study_instance_uid:
        raise OutputError(
            "The output folder holds another study's results.",
            where=str(folder),
            hint="Give each study an output folder of its own.",
        )


def write_error(folder: Path, code: str, message: str, where: str, hint: str) -> None:
    """Leave error.json {code, message, where, hint} in the folder, where that is possible at all."""
    error = {"code": code, "message": message, "where": where, "hint": hint}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ERROR_FILE).write_text(json.dumps(error, indent=2) + "\n")
    except OSError:
        # The error itself is in the log and in the exit code; there's no better place left.
        return


def _cannot_write(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The results can't be written ({error.strerror}).",
        where=str(folder),
        hint="Name an output folder that can be written to, on a disk with space left.",
    )
