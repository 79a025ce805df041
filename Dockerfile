# Pinned by tag, not by digest: the tag keeps Python and Debian where they are and still brings
# their security fixes with every build, and a digest would name one architecture's build only.
FROM python:3.13-slim-bookworm AS build

# Wheels only: the image has no compiler, and a build from source should fail here, loudly.
COPY requirements.txt ./
RUN python -m venv /opt/venv
RUN /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes -r requirements.txt

# What browsers load of others. The server gives out one file of it; its license goes along.
FROM node:24-bookworm-slim AS browser

WORKDIR /web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --omit=dev && find node_modules -type f ! -name hls.light.min.mjs ! -name package.json ! -name LICENSE -delete

FROM python:3.13-slim-bookworm

# The embedded Redis, for a container that runs without YELLOWCART_REDIS_URL.
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin yellowcart && install -d -o yellowcart -m 0700 /data

WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY base ./base
COPY store ./store
COPY shop ./shop
COPY cart ./cart
COPY checkout ./checkout
COPY affiliate ./affiliate
COPY live ./live
COPY web ./web
COPY --from=browser /web/node_modules ./web/node_modules
COPY sandbox ./sandbox
COPY bots ./bots
COPY server.py ./
RUN /opt/venv/bin/python -m compileall -q .

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    YELLOWCART_HOST=0.0.0.0 \
    YELLOWCART_PORT=8080 \
    YELLOWCART_DATA_DIR=/data

USER yellowcart
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.environ['YELLOWCART_PORT']}/healthz\", timeout=2)"]
ENTRYPOINT ["python", "server.py"]
CMD ["serve"]
