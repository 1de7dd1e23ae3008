# The analysis as a MONAI Application Package: CPU only, no root, no network, read-only root file system.
# Built from the context that deploy/build_map.sh stages; see docs/deployment.md.
ARG BASE=python:3.11-slim
FROM ${BASE}

# Which torch, and where pip looks for it besides its default index (whose Linux wheels carry CUDA).
ARG TORCH_SPEC=torch==2.13.0
ARG PIP_EXTRA_INDEX_URL
ARG PIP_FIND_LINKS

ENV PATH=/opt/venv/bin:$PATH \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

RUN python3 -m venv /opt/venv && pip install --quiet "${TORCH_SPEC}"

COPY pyproject.toml /tmp/build/
RUN python3 -c "import tomllib; print(*tomllib.load(open('/tmp/build/pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
        > /tmp/build/requirements.txt \
    && pip install --quiet -r /tmp/build/requirements.txt \
    && find /opt/venv -name 'libcudart.so*' -printf '%h\n' | sort -u > /etc/ld.so.conf.d/cudart.conf \
    && ldconfig \
    && python3 -c "import holoscan.core"

COPY src /tmp/build/src
COPY models /opt/holoscan/models
COPY docs /opt/holoscan/docs
COPY map/app.json map/pkg.json /etc/holoscan/
COPY map/app.yaml /opt/holoscan/app/app.yaml
COPY --chmod=755 map/entrypoint /usr/local/bin/perf-app-map
RUN pip install --quiet --no-deps --upgrade --target /opt/holoscan/app /tmp/build/src \
    && rm -rf /tmp/build \
    && python3 -m compileall -q /opt/holoscan/app \
    && mkdir -p /var/holoscan/input /var/holoscan/output \
    && chmod 0777 /var/holoscan/output

# HOME and the caches: the one place that can be written when the root file system can't.
ENV PYTHONPATH=/opt/holoscan/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    CUPY_CACHE_DIR=/tmp/.cupy \
    HOLOSCAN_APPLICATION=/opt/holoscan/app \
    HOLOSCAN_INPUT_PATH=/var/holoscan/input \
    HOLOSCAN_OUTPUT_PATH=/var/holoscan/output \
    HOLOSCAN_MODEL_PATH=/opt/holoscan/models \
    HOLOSCAN_WORKDIR=/var/holoscan

ARG VERSION
LABEL org.opencontainers.image.title="perf_app" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="Myocardial perfusion from cardiac MRI. Research use only."

WORKDIR /var/holoscan
USER 1000:1000
ENTRYPOINT ["/usr/local/bin/perf-app-map"]
