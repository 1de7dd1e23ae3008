"""Import this before MONAI or the bundle's scripts: it puts the bundle's folder on the path and makes small bundles.

MONAI loads the graph framework, which warns of a small stack; it is enlarged here.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
from pathlib import Path

BUNDLE = Path(__file__).resolve().parents[1] / "bundle"
STACK_BYTES = 64 << 20

_, _hard = resource.getrlimit(resource.RLIMIT_STACK)
resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES if _hard == resource.RLIM_INFINITY else _hard, _hard))
if str(BUNDLE) not in sys.path:
    sys.path.insert(0, str(BUNDLE))


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
