"""The bundle as a federated client, in a process of its own: weights out, a round of training, evaluation.

Usage: run_federated.py BUNDLE
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

_, hard = resource.getrlimit(resource.RLIMIT_STACK)
resource.setrlimit(resource.RLIMIT_STACK, (hard if hard != resource.RLIM_INFINITY else 64 << 20, hard))
os.chdir(sys.argv[1])
sys.path.insert(0, str(Path.cwd()))

import torch  # noqa: E402
from monai.fl.client import MonaiAlgo  # noqa: E402
from monai.fl.utils.constants import ExtraItems  # noqa: E402
from monai.fl.utils.exchange_object import ExchangeObject  # noqa: E402

overrides = {"epochs": 1, "batch_size": 2, "num_workers": 0}
client = MonaiAlgo(
    bundle_root=".",
    local_epochs=1,
    config_evaluate_filename=["configs/inference.json", "configs/evaluate.json"],
    eval_workflow_name="inference",
    train_kwargs=overrides,
    send_weight_diff=False,
)
client.initialize(extra={ExtraItems.CLIENT_NAME: "site"})
before = {name: tensor.clone() for name, tensor in client.get_weights().weights.items()}
assert before, "no weights"
client.train(ExchangeObject(weights=before), extra={})
after = client.get_weights().weights
assert before.keys() == after.keys()
assert any(not torch.equal(torch.as_tensor(before[name]), torch.as_tensor(after[name])) for name in before)
metrics = client.evaluate(ExchangeObject(weights=after), extra={}).metrics
print("metrics", metrics)
assert metrics, "no metrics"
client.finalize()
