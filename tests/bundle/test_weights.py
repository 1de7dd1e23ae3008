"""Only the recorded weights are loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from bundle_scripts import BUNDLE
from scripts.weights import WeightsError, check_digest, load_weights, record_digest
from torch import nn


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    torch.save(nn.Linear(2, 3).state_dict(), path)
    record_digest(path)
    return path


def test_recorded_weights_are_loaded(checkpoint: Path) -> None:
    network = nn.Linear(2, 3)
    assert load_weights(network, checkpoint) == check_digest(checkpoint)
    torch.testing.assert_close(network.weight, torch.load(checkpoint, weights_only=True)["weight"])


def test_the_digest_is_what_sha256sum_checks(checkpoint: Path) -> None:
    subprocess.run(
        ["sha256sum", "--check", "--strict", "model.sha256"], cwd=checkpoint.parent, check=True, capture_output=True
    )


def test_altered_missing_and_foreign_weights_are_refused(checkpoint: Path) -> None:
    with pytest.raises(WeightsError, match="2 tensors differ, such as bias"):
        load_weights(nn.Linear(2, 4), checkpoint)
    checkpoint.write_bytes(checkpoint.read_bytes() + b"\0")
    with pytest.raises(WeightsError, match="says otherwise"):
        load_weights(nn.Linear(2, 3), checkpoint)
    checkpoint.with_suffix(".sha256").unlink()
    with pytest.raises(WeightsError, match=r"model\.sha256 is missing"):
        load_weights(nn.Linear(2, 3), checkpoint)


def test_a_checkpoint_that_would_run_code_is_refused(checkpoint: Path) -> None:
    torch.save({"weight": subprocess.run}, checkpoint)
    record_digest(checkpoint)
    with pytest.raises(WeightsError, match="more than tensors"):
        load_weights(nn.Linear(2, 3), checkpoint)


def test_the_digest_can_be_recorded_from_the_command_line(checkpoint: Path) -> None:
    recorded = checkpoint.with_suffix(".sha256")
    before = recorded.read_text()
    recorded.unlink()
    subprocess.run(
        [sys.executable, str(BUNDLE / "scripts/weights.py"), str(checkpoint)], check=True, capture_output=True
    )
    assert recorded.read_text() == before


def test_the_shipped_weights_are_the_recorded_ones() -> None:
    check_digest(BUNDLE / "models/model.pt")
