"""The bundle's folder, and small bundles made of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

BUNDLE = Path(__file__).resolve().parents[1] / "bundle"


def make_small_bundle(folder: Path) -> Path:
    """Copy the bundle to `folder`, with fewer filters and random weights, always the same."""
    import torch
    from scripts.networks import create_network
    from scripts.weights import record_digest

    shutil.copytree(BUNDLE, folder, ignore=shutil.ignore_patterns("__pycache__", "*.pt", "*.sha256"))
    (folder / "models").mkdir(exist_ok=True)
    for name in ("inference.json", "train.json"):
        path = folder / "configs" / name
        config = json.loads(path.read_text())
        config["network_def"]["widths"] = [4, 4, 4]
        path.write_text(json.dumps(config))
    settings = {key: value for key, value in config["network_def"].items() if key != "_target_"}
    torch.manual_seed(1)
    torch.save(create_network(**settings).state_dict(), folder / "models/model.pt")
    record_digest(folder / "models/model.pt")
    return folder
