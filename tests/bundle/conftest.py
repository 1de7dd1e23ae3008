"""The bundle's scripts, imported from its own folder, and small copies of the bundle to run."""

from __future__ import annotations

import json
import resource
import shutil
import sys
from pathlib import Path

import pytest

BUNDLE = Path(__file__).resolve().parents[2] / "bundle"
sys.path.insert(0, str(BUNDLE))

# MONAI loads the graph framework, which warns of a small stack.
_, hard = resource.getrlimit(resource.RLIMIT_STACK)
resource.setrlimit(resource.RLIMIT_STACK, (hard if hard != resource.RLIM_INFINITY else 64 << 20, hard))


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The bundle as it is shipped."""
    return BUNDLE


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped bundle with fewer filters and random weights, in a folder of its own."""
    import torch
    from scripts.networks import create_network
    from scripts.weights import record_digest

    root = tmp_path_factory.mktemp("small") / "bundle"
    shutil.copytree(BUNDLE, root, ignore=shutil.ignore_patterns("__pycache__", "*.pt", "*.sha256"))
    (root / "models").mkdir(exist_ok=True)
    for name in ("inference.json", "train.json"):
        path = root / "configs" / name
        config = json.loads(path.read_text())
        config["network_def"]["widths"] = [4, 4, 4]
        path.write_text(json.dumps(config))
    settings = {key: value for key, value in config["network_def"].items() if key != "_target_"}
    torch.manual_seed(0)
    torch.save(create_network(**settings).state_dict(), root / "models/model.pt")
    record_digest(root / "models/model.pt")
    return root
