"""Find the DICOM files of a folder and read their headers, without trusting any of them.

Nothing of a file is believed before it is checked: links and odd files are passed over, sizes are capped, only transfer
syntaxes with a bounded cost are opened, and an element that can't be read counts as absent. Errors tell files by their
place in the sorted listing, because exported file and folder names often hold the patient's name.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.config import disable_value_validation
from pydicom.dataset import FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, MediaStorageDirectoryStorage

from operators.dicom_loading.dialects.registry import PRIVATE_TAGS
from operators.dicom_loading.headers import STANDARD_TAGS, text
from operators.dicom_loading.image_file import ImageFile
from operators.dicom_loading.multi_frame import ENHANCED_TAGS, split
from operators.errors import IncompleteSeriesError, PerfusionError, SettingError, UnsupportedSeriesError

MAX_FILES = 50_000
MAX_FILE_BYTES = 1 << 30
"""Of any file; `image_series` is stricter with those whose pixels are read."""
ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".iso")
_NAME = "Name a folder of DICOM files."
_UNPACK = "Unpack an archive first"
_EXPORT = (
    "Give the folder that the scanner or the archive exported; a DICOM file has the letters DICM after 128 bytes, and "
    "what lacks them is not read."
)
TAGS = [*STANDARD_TAGS, *ENHANCED_TAGS, *PRIVATE_TAGS]
# What damaged or hostile bytes make the parser raise; anything else is a bug of ours.
DAMAGED = (
    BytesLengthException,
    InvalidDicomError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OverflowError,
    TypeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True, slots=True, eq=False)
class FolderContents:
    """What a folder holds."""

    images: tuple[ImageFile, ...]
    """Every DICOM image (every frame of enhanced objects), each SOP instance of each patient once, in the order of the
    sorted listing."""
    passed_over: int
    """Files that are not DICOM images: other files, DICOMDIR, reports, links, doubles."""
    problems: tuple[PerfusionError, ...]
    """DICOM files that could not be read."""


def read_folder(folder: Path) -> FolderContents:
    """Read the headers of all DICOM images below a folder.

    Raises:
        SettingError: there is no such folder, or it can't be entered.
        UnsupportedSeriesError: it holds too many files, or no DICOM image.
    """
    if not folder.is_dir():
        what, hint = ("is a file", f"{_UNPACK} and name its folder.") if folder.exists() else ("does not exist", _NAME)
        raise SettingError(f"The input folder {what}.", where=str(folder), hint=hint)
    images: dict[tuple[str, ...], tuple[ImageFile, ...]] = {}
    problems: list[PerfusionError] = []
    passed_over = packed = 0
    for place, path in enumerate(_listing(folder), start=1):
        if place > MAX_FILES:
            raise UnsupportedSeriesError(
                f"The input folder holds more than {MAX_FILES} files.",
                where="input folder",
                hint="Give the folder of one study.",
            )
        try:
            found = read_images(path, f"file {place} of the sorted listing")
        except PerfusionError as error:
            problems.append(error)
            continue
        packed += path.suffix.lower() in ARCHIVES
        if not found or images.setdefault(_identity(found[0].header), found) is not found:
            passed_over += 1
    if not images and not problems:
        raise UnsupportedSeriesError(
            f"The input folder holds no DICOM image ({passed_over} other files and links were passed over).",
            where="input folder",
            hint=f"{_UNPACK}: it is not opened." if packed else _EXPORT,
        )
    return FolderContents(tuple(chain.from_iterable(images.values())), passed_over, tuple(problems))


def _identity(header: Dataset) -> tuple[str, ...]:
    """What doubles have in common; the patient is part of it, so that a mix-up is not taken for a double."""
    keywords = ("SOPInstanceUID", "StudyInstanceUID", "PatientID", "PatientName", "PatientBirthDate")
    return tuple(text(header, keyword) for keyword in keywords)


def _listing(folder: Path) -> Iterator[Path]:
    """All entries below a folder that aren't folders, sorted; linked folders are listed, not entered."""

    def refuse(error: OSError) -> None:
        raise SettingError(
            "A folder can't be read.", where="input folder or one below it", hint="Check its permissions."
        ) from error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders.sort()
        linked = [name for name in folders if (Path(parent) / name).is_symlink()]
        yield from (Path(parent) / name for name in sorted([*files, *linked]))


def read_images(path: Path, where: str) -> tuple[ImageFile, ...]:
    """The image that a file holds, or the frames of a multi-frame object; none if it isn't a DICOM image.

    Raises:
        IncompleteSeriesError: it is DICOM, but damaged or unreadable.
        UnsupportedSeriesError: it is DICOM of a kind that isn't opened.
    """
    image = read_header(path, where)
    if image is None:
        return ()
    try:
        with disable_value_validation():
            return split(image, PRIVATE_TAGS)
    except RecursionError as error:
        raise _too_deep(where) from error
    except DAMAGED as error:
        raise _damaged(where) from error


def read_header(path: Path, where: str) -> ImageFile | None:
    """Header of one file; None if it isn't a DICOM image.

    Raises:
        IncompleteSeriesError: it is DICOM, but damaged or unreadable.
        UnsupportedSeriesError: it is DICOM of a kind that isn't opened.
    """
    try:
        if path.is_symlink() or not path.is_file() or path.name == "DICOMDIR":
            return None
        with path.open("rb") as file:
            if file.read(132)[128:] != b"DICM":
                return None
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise UnsupportedSeriesError(
                f"A DICOM file is larger than {MAX_FILE_BYTES >> 20} MiB.", where=where, hint="Leave it out."
            )
        with disable_value_validation():  # a warning would quote the value, a birth date perhaps
            meta, header = _parse(path, where)
    except OSError as error:
        raise IncompleteSeriesError("A file can't be read.", where=where, hint="Check its permissions.") from error
    except RecursionError as error:
        raise _too_deep(where) from error
    except DAMAGED as error:
        raise _damaged(where) from error
    if header is None:
        return None
    if not (text(header, "SOPInstanceUID") and text(header, "SeriesInstanceUID") and text(header, "SOPClassUID")):
        raise _damaged(where)
    if "Rows" not in header and text(header, "Modality") != "MR":
        return None
    return ImageFile(path, header, UID(text(meta, "TransferSyntaxUID")), size)


def _too_deep(where: str) -> UnsupportedSeriesError:
    return UnsupportedSeriesError(
        "A DICOM file nests sequences deeper than any scanner does.", where=where, hint="Leave the file out."
    )


def _damaged(where: str) -> IncompleteSeriesError:
    return IncompleteSeriesError("A DICOM file is damaged or truncated.", where=where, hint="Export the study again.")


def _parse(path: Path, where: str) -> tuple[FileMetaDataset, Dataset | None]:
    meta = read_file_meta_info(path)
    if meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        return meta, None
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        # It would have to be inflated, however large, before a single element could be checked.
        raise UnsupportedSeriesError("A DICOM file is deflated.", where=where, hint="Export the study uncompressed.")
    header = dcmread(path, stop_before_pixels=True, specific_tags=TAGS)
    # Convert all elements now, so that none surprises later; those that can't be converted count as absent.
    for tag in list(header.keys()):
        try:
            header[tag]
        except (*DAMAGED, RecursionError):
            del header[tag]
    return meta, header
