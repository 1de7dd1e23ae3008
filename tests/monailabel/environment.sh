#!/usr/bin/env bash
# An environment for MONAI Label and nothing else: environment.sh FOLDER. Its pins don't go with the application's.
set -euo pipefail
folder=${1:?name the folder of the environment}
python=${PYTHON:-python3.11}
here=$(cd "$(dirname "$0")" && pwd)
test -x "$folder/bin/python" || "$python" -m venv "$folder"
pip() { "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -c "$here/constraints.txt" "$@"; }
pip torch
pip torchvision setuptools wheel ninja numpy
# sam2, a dependency of the server that is never used here, else compiles CUDA code and installs a torch of its own.
SAM2_BUILD_CUDA=0 pip --no-build-isolation monailabel
pip "pydicom<3" "pynetdicom<3" "dicomweb-client<0.60" pytorch-ignite tensorboard nibabel
