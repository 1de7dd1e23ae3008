"""Run the bundle in a process of its own, where the application can't be imported: inference, evaluation, training.

Usage: run_alone.py BUNDLE
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

_, hard = resource.getrlimit(resource.RLIMIT_STACK)
resource.setrlimit(resource.RLIMIT_STACK, (hard if hard != resource.RLIM_INFINITY else 64 << 20, hard))
for name in ("perf_app", "operators"):
    sys.modules[name] = None  # type: ignore[assignment]
os.chdir(sys.argv[1])
sys.path.insert(0, str(Path.cwd()))

from monai.bundle import ConfigWorkflow  # noqa: E402


def run(workflow_type: str, *names: str, **override: int) -> None:
    """Run the configurations called `names`, merged, after a look at the keys that other programs expect."""
    workflow = ConfigWorkflow(
        config_file=[f"configs/{name}.json" for name in names],
        meta_file="configs/metadata.json",
        logging_file="configs/logging.conf",
        workflow_type=workflow_type,
        **override,
    )
    workflow.initialize()
    assert not workflow.check_properties(), workflow.check_properties()
    workflow.run()
    workflow.finalize()


run("inference", "inference")
run("inference", "inference", "evaluate")
run("train", "train", epochs=1, batch_size=2, num_workers=0)
