"""MONAI Label's program under a PyTorch without CUDA: torchvision from PyPI is built for CUDA and looks for operators
that it can't load there. Declared, and never called, they let it be imported. Arguments are the program's own.
"""

from __future__ import annotations

import runpy

import torch

if torch.version.cuda is None:
    operators = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        schema = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        operators.define(schema)  # type: ignore[no-untyped-call]
runpy.run_module("monailabel.main", run_name="__main__", alter_sys=True)
