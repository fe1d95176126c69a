# One image; web, worker and release are commands of it (compose.yaml). Try everything at once, on embedded stores:
#   docker build -t ticktree . && docker run --rm -p 8000:8000 ticktree run --host 0.0.0.0
ARG PYTHON=3.12.8-slim-bookworm
ARG NODE=24.19.0-bookworm-slim

FROM node:${NODE} AS screen
WORKDIR /source
COPY web/ui/package.json web/ui/package-lock.json web/ui/.npmrc /source/
RUN npm ci --no-audit --no-fund
COPY web/ui /source
RUN npm run build

FROM python:${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/ticktree
COPY requirements/runtime.txt /source/requirements/
RUN /opt/ticktree/bin/pip install --only-binary=:all: --require-hashes -r /source/requirements/runtime.txt
COPY pyproject.toml README.md LICENSE /source/
COPY requirements/runtime.in /source/requirements/
COPY config /source/config
COPY engine /source/engine
COPY actors /source/actors
COPY web /source/web
COPY ticktree_client /source/ticktree_client
COPY --from=screen /source/dist /source/web/ui/dist
RUN /opt/ticktree/bin/pip install --no-deps --no-build-isolation /source

FROM python:${PYTHON}
RUN useradd --uid 10001 --create-home --home-dir /var/lib/ticktree ticktree
COPY --from=build /opt/ticktree /opt/ticktree
ENV PATH=/opt/ticktree/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TICKTREE_HOST=0.0.0.0 \
    TICKTREE_DATA_DIR=/var/lib/ticktree/data \
    PORT=8000
USER 10001
WORKDIR /var/lib/ticktree
EXPOSE 8000
# Of the web; a worker that is worth nothing ends by itself and is started again, so compose.yaml turns it off there.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
ENTRYPOINT ["ticktree"]
CMD ["run", "--role", "web"]
