"""The search for the network's size, with tiny networks trained for a few steps."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from bundle_scripts import make_small_bundle

from benchmarks import search
from benchmarks.record import TRAINING, Record

FEW_STEPS = {
    "minutes": 1.0,
    "epochs": 1,
    "items_per_epoch": 2,
    "batch_size": 1,
    "num_workers": 0,
    "patch_size": 32,
    "validation_patients#size": 32,
    "train#dataset#patients": 1,
    "train#dataset#shuffle": 0,
}


def test_a_search_that_was_stopped_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {"released": ((4, 4), (2,)), "paper": ((8, 8, 8), (2, 3))}
    tiny = {"KNOWN": known, "WIDTHS": (4, 8), "RESOLUTIONS": (2, 3), "NETWORK_SIZE": 32, "REPEATS": 1}
    for name, value in tiny.items():
        monkeypatch.setattr(search, name, value)
    bundle, folder = make_small_bundle(tmp_path / "bundle"), tmp_path / "search"

    first = search.search(folder, 1, FEW_STEPS, bundle, n_patients=1)
    assert [trial.params for trial in search.finished(first)] == [search.parameters((4, 4), (2,))]
    search.draw_size(first.ask())  # as if the machine had been switched off within the second trial
    study = search.search(folder, 2, FEW_STEPS, bundle, n_patients=1)
    assert search.finished(study)[1].params == search.parameters((8, 8, 8), (2, 3))
    assert len(search.finished(search.search(folder, 2, FEW_STEPS, bundle, n_patients=1))) == 2

    small, large = search.finished(study)
    assert small.user_attrs["parameters"] < large.user_attrs["parameters"]
    assert all(0 <= trial.values[0] <= 1 and trial.values[1] > 0 for trial in (small, large))
    search.report(Record("search", "benchmarks.search", False, TRAINING), study)
    printed = capsys.readouterr().out
    assert "| 4/4 | 2 |" in printed
    assert "| 8/8/8 | 2/3 |" in printed


def test_what_is_searched_holds_the_released_network_and_the_papers() -> None:
    for widths, blocks in search.KNOWN.values():
        fixed = optuna.trial.FixedTrial(search.parameters(widths, blocks))
        assert search.draw_size(fixed) == (widths, blocks)
