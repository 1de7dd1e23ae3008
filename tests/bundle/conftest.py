"""The bundle's scripts, imported from its own folder."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

BUNDLE = Path(__file__).resolve().parents[2] / "bundle"
sys.path.insert(0, str(BUNDLE))

# MONAI loads the graph framework, which warns of a small stack.
soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
resource.setrlimit(resource.RLIMIT_STACK, (hard if hard != resource.RLIM_INFINITY else 64 << 20, hard))
