"""Pixels stored in a transfer syntax without loss."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from operators.errors import SettingError
from perf_app.phantom.dialect import TransferSyntax

SYNTAXES = {
    TransferSyntax.RLE: RLELossless,
    TransferSyntax.JPEG_LS: JPEGLSLossless,
    TransferSyntax.JPEG_2000: JPEG2000Lossless,
}
JPEG_ENCODER = "dcmcjpeg"
"""Of dcmtk: pydicom has none for lossless JPEG."""


def compress(dataset: FileDataset, syntax: TransferSyntax) -> FileDataset:
    """The object with its pixels in that transfer syntax.

    Raises:
        SettingError: lossless JPEG is asked for, and its encoder is not installed.
    """
    if syntax is TransferSyntax.JPEG_LOSSLESS:
        return _jpeg_lossless(dataset)
    if syntax in SYNTAXES:
        dataset.compress(SYNTAXES[syntax], generate_instance_uid=False)
    return dataset


def check_encoder(syntax: TransferSyntax) -> None:
    """Before a study is simulated that couldn't be stored.

    Raises:
        SettingError: the encoder of the transfer syntax is not installed.
    """
    if syntax is TransferSyntax.JPEG_LOSSLESS:
        _jpeg_encoder()


def _jpeg_encoder() -> str:
    encoder = shutil.which(JPEG_ENCODER)
    if encoder is None:
        raise SettingError(
            f"Lossless JPEG needs the program {JPEG_ENCODER}.", where="transfer syntax", hint="apt-get install dcmtk"
        )
    return encoder


def _jpeg_lossless(dataset: FileDataset) -> FileDataset:
    encoder = _jpeg_encoder()
    with TemporaryDirectory() as folder:
        plain, packed = Path(folder) / "plain.dcm", Path(folder) / "packed.dcm"
        dataset.save_as(plain, enforce_file_format=True)
        subprocess.run([encoder, "--encode-lossless-sv1", plain, packed], check=True, capture_output=True)
        read = dcmread(packed)
        read.PixelData  # noqa: B018  # the file is gone afterwards
        return read
