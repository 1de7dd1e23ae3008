"""Laws that hold whatever the network has learnt."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest
from bundle_scripts import make_small_bundle
from first_pass import first_pass, gadolinium_series
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.errors import IncompleteSeriesError
from operators.segmentation.inference import Segmenter

SERIES = first_pass((96, 90), 2.0, noise=0.005)[0]


@pytest.fixture(scope="module")
def random_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bundle that draws nonsense, always the same; not to be changed."""
    return make_small_bundle(tmp_path_factory.mktemp("models") / "random")


@pytest.fixture(scope="module")
def random_segmenter(random_bundle: Path) -> Segmenter:
    return Segmenter(random_bundle)


@pytest.mark.parametrize(
    ("shape", "spacing"), [((50, 47), (1.9, 1.9)), ((120, 80), (2.4, 1.6)), ((200, 210), (0.9, 0.9))]
)
def test_every_slice_is_labelled_on_its_own_grid(
    random_segmenter: Segmenter, shape: tuple[int, int], spacing: tuple[float, float]
) -> None:
    series, _ = first_pass(shape, spacing[0])
    result = random_segmenter.segment(gadolinium_series(np.stack([series, series[:, ::-1]]), spacing))
    assert result.labels.shape == (2, *shape)
    assert result.labels.dtype == np.uint8
    assert result.probabilities.shape == (2, 4, *shape)
    np.testing.assert_allclose(result.probabilities.sum(1), 1, atol=1e-5)
    assert result.bundle_version == random_segmenter.bundle_version
    assert result.model_sha256 == random_segmenter.model_sha256


def test_beyond_the_crop_there_is_background(random_segmenter: Segmenter) -> None:
    series, _ = first_pass((160, 160), 2.0)
    result = random_segmenter.segment(gadolinium_series(series[None]))
    np.testing.assert_array_equal(result.probabilities[0, 0, :20], 1)
    assert not result.labels[0, :20].any()


@settings(max_examples=4, deadline=None)
@given(gain=st.floats(1e-2, 1e3), offset=st.floats(-5, 5))
def test_the_unit_of_the_series_changes_nothing(random_segmenter: Segmenter, gain: float, offset: float) -> None:
    changed = (np.float32(gain) * (SERIES + np.float32(offset))).astype(np.float32)
    before, after = (random_segmenter.segment(gadolinium_series(s[None])) for s in (SERIES, changed))
    np.testing.assert_allclose(after.probabilities, before.probabilities, atol=5e-3)


def test_a_slice_is_labelled_the_same_in_any_company(random_segmenter: Segmenter) -> None:
    other = first_pass((96, 90), 2.0, (10, -12))[0]
    alone = random_segmenter.segment(gadolinium_series(SERIES[None]))
    together = random_segmenter.segment(gadolinium_series(np.stack([other, SERIES])))
    np.testing.assert_array_equal(together.probabilities[1], alone.probabilities[0])
    np.testing.assert_array_equal(together.labels[1], alone.labels[0])


def test_two_runs_give_the_same_bytes(random_segmenter: Segmenter, random_bundle: Path) -> None:
    series = gadolinium_series(SERIES[None])
    first, again, anew = (s.segment(series) for s in (random_segmenter, random_segmenter, Segmenter(random_bundle)))
    assert first.probabilities.tobytes() == again.probabilities.tobytes() == anew.probabilities.tobytes()


def test_only_the_first_48_frames_count_and_short_series_are_held(random_segmenter: Segmenter) -> None:
    long = np.concatenate([SERIES, SERIES[::-1]])
    short = SERIES[:30]
    held = np.concatenate([short, np.repeat(short[-1:], 18, axis=0)])
    for one, other in ((SERIES, long), (short, held)):
        first, second = (random_segmenter.segment(gadolinium_series(s[None])) for s in (one, other))
        np.testing.assert_array_equal(first.labels, second.labels)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_blank_slice_is_refused(random_segmenter: Segmenter, value: float) -> None:
    frames = np.stack([SERIES, np.full_like(SERIES, value)])
    with pytest.raises(IncompleteSeriesError, match="Slice 2") as caught:
        random_segmenter.segment(gadolinium_series(frames))
    assert caught.value.where == "1.2.3"


def test_the_interpreter_is_left_as_it_was(random_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("scripts.")]:
        monkeypatch.delitem(sys.modules, name)
    other = types.ModuleType("scripts")
    monkeypatch.setitem(sys.modules, "scripts", other)
    path = list(sys.path)
    Segmenter(random_bundle).segment(gadolinium_series(SERIES[None]))
    assert sys.modules["scripts"] is other
    assert not [name for name in sys.modules if name.startswith("scripts.")]
    assert sys.path == path


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = make_small_bundle(tmp_path / "bundle")
    before = sorted(bundle.rglob("*"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Segmenter(bundle).segment(gadolinium_series(SERIES[None]))
    assert not list(Path.cwd().iterdir())
    assert sorted(bundle.rglob("*")) == before
