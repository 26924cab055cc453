# kaogan in a container, with a GPU or without:
#
#     docker build --tag kaogan .
#     docker build --tag kaogan:cuda --build-arg DEVICE=cuda .

ARG PYTHON=3.12

# What the page draws with: npm fetches it.
FROM node:22-bookworm AS page
WORKDIR /kaogan
COPY tools/page_runtime.py tools/
COPY src/kaogan/page/runtime src/kaogan/page/runtime
RUN python3 tools/page_runtime.py

FROM python:${PYTHON}-slim
# cpu: PyTorch's CPU build. cuda: the one that pip finds on Linux, with the libraries of the GPU.
ARG DEVICE=cpu
WORKDIR /opt/kaogan
COPY constraints.txt ./
# Before kaogan's own files, so that a change of them does not fetch PyTorch again. Its version is
# that of constraints.txt.
# hadolint ignore=DL3013
RUN version="$(sed -n 's/^torch==//p' constraints.txt)" \
    && case "${DEVICE}" in \
        cpu) set -- --index-url https://download.pytorch.org/whl/cpu "torch==${version}" ;; \
        cuda) set -- "torch==${version}" ;; \
        *) echo "DEVICE is ${DEVICE}; use cpu or cuda" >&2; exit 1 ;; \
    esac \
    && pip install --no-cache-dir "$@"
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY --from=page /kaogan/src/kaogan/page/runtime src/kaogan/page/runtime
RUN pip install --no-cache-dir -c constraints.txt '.[faces,formats,hub,onnx]' \
    && useradd --create-home --uid 1000 kaogan \
    && mkdir /work \
    && chown 1000 /work
USER 1000
WORKDIR /work
# Caches lie in the folder that is mounted there, whoever runs the container.
ENV HOME=/work
ENTRYPOINT ["kaogan"]
CMD ["--help"]
