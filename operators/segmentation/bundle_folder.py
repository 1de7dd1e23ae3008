"""Finding a MONAI bundle on disk and lending its Python to the interpreter for a while."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from operators.errors import ModelError

METADATA = "configs/metadata.json"
PARTS = (METADATA, "configs/inference.json", "models/model.pt", "models/model.sha256", "scripts/weights.py")
SCRIPTS = "scripts"
HINT = "Name the bundle's folder, or the folder that holds it and no other bundle."


def find_bundle(folder: Path) -> Path:
    """The bundle in `folder`: the folder itself, or its only subfolder that is a bundle.

    Raises:
        ModelError: there is no bundle, there are several, or part of it is missing.
    """
    if not folder.is_dir():
        raise ModelError("The model's folder does not exist.", where=str(folder), hint=HINT)
    found = [folder] if (folder / METADATA).is_file() else sorted(p.parents[1] for p in folder.glob(f"*/{METADATA}"))
    if len(found) != 1:
        holds = "several bundles" if found else f"no bundle (a folder with {METADATA})"
        raise ModelError(f"The model's folder holds {holds}.", where=str(folder), hint=HINT)
    missing = [part for part in PARTS if not (found[0] / part).is_file()]
    if missing:
        raise ModelError(
            f"The bundle is incomplete: {', '.join(missing)} missing.",
            where=str(found[0]),
            hint="Install the complete bundle of the first-pass segmentation.",
        )
    return found[0].resolve()


@contextmanager
def importable(bundle: Path) -> Iterator[None]:
    """Inside, ``import scripts`` means this bundle's scripts; afterwards all is as it was before.

    No byte code is written, so that the bundle's folder stays as it was delivered.
    """
    before, writes_nothing = _loaded(), sys.dont_write_bytecode
    for name in before:
        del sys.modules[name]
    sys.path.insert(0, str(bundle))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path.remove(str(bundle))
        sys.dont_write_bytecode = writes_nothing
        for name in _loaded():
            del sys.modules[name]
        sys.modules.update(before)


def _loaded() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == SCRIPTS}
