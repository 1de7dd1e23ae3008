#!/usr/bin/env bash
# Run the MAP on one study: run_map.sh IN OUT [options of python -m perf_app]. No network, read-only root, no privileges.
# Environment: TAG, ENGINE, ENGINE_OPTIONS as in build_map.sh; RUN_OPTIONS more options of the engine's run command.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
if [ $# -lt 2 ]; then echo "usage: run_map.sh IN OUT [options]" >&2; exit 2; fi
input=$(realpath "$1")
mkdir -p "$2"
output=$(realpath "$2")
shift 2

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/pyproject.toml" | head -1)
engine=${ENGINE:-}
if [ -z "$engine" ]; then
    for candidate in docker podman; do
        if command -v "$candidate" > /dev/null && "$candidate" info > /dev/null 2>&1; then engine=$candidate; break; fi
    done
fi
if [ -z "$engine" ]; then
    echo "run_map: no container engine answers; install docker or podman, or start the one you have" >&2
    exit 2
fi
read -r -a engine_options <<< "${ENGINE_OPTIONS:-}"
read -r -a run_options <<< "${RUN_OPTIONS:-}"
exec "$engine" "${engine_options[@]}" run --rm --network none --read-only --tmpfs /tmp --cap-drop ALL \
    --user "$(id -u):$(id -g)" "${run_options[@]}" \
    -v "$input:/var/holoscan/input:ro" -v "$output:/var/holoscan/output" \
    "${TAG:-localhost/perf_app:$version}" "$@"
