#!/usr/bin/env bash
# Build the MAP image with whatever engine answers: docker, podman, buildah. Environment:
#   TAG                  image name                   (default localhost/perf_app:VERSION)
#   BASE                 base image with Python 3.11  (default python:3.11-slim)
#   TORCH_SPEC, PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS   where torch comes from, passed on to pip
#   ENGINE, ENGINE_OPTIONS, BUILD_OPTIONS             force an engine; options before and after its build command
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml | head -1)
tag=${TAG:-localhost/perf_app:$version}
stage=build/map

rm -rf "$stage"
mkdir -p "$stage/src" "$stage/models" "$stage/docs" "$stage/map"
cp pyproject.toml "$stage/"
cp -R pyproject.toml README.md LICENSE perf_app operators "$stage/src/"
cp -R bundle "$stage/models/bundle"
cp README.md LICENSE "$stage/docs/"
if [ -d docs ]; then cp -R docs/. "$stage/docs/"; fi
cp deploy/map/app.json deploy/map/pkg.json deploy/map/entrypoint app.yaml "$stage/map/"
find "$stage" -name __pycache__ -prune -exec rm -rf {} +

read -r -a engine_options <<< "${ENGINE_OPTIONS:-}"
read -r -a build_options <<< "${BUILD_OPTIONS:-}"
engine=${ENGINE:-}
if [ -z "$engine" ]; then
    for candidate in docker podman buildah; do
        if command -v "$candidate" > /dev/null && "$candidate" info > /dev/null 2>&1; then engine=$candidate; break; fi
    done
fi
if [ -z "$engine" ]; then
    echo "build_map: no container engine answers; install docker, podman or buildah, or start the one you have" >&2
    exit 2
fi

arguments=(--build-arg "VERSION=$version")
for name in BASE TORCH_SPEC PIP_EXTRA_INDEX_URL PIP_FIND_LINKS; do
    if [ -n "${!name:-}" ]; then arguments+=(--build-arg "$name=${!name}"); fi
done
command=build
if [ "$engine" = buildah ]; then command=bud; fi
"$engine" "${engine_options[@]}" "$command" "${build_options[@]}" "${arguments[@]}" -t "$tag" -f Dockerfile "$stage"
echo "built $tag with $engine"
