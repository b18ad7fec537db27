# The shop for production: web server, workers and ticker are the same image with another command (compose.yaml).

FROM node:22-slim AS packages
WORKDIR /build
COPY package.json ./
RUN npm install --no-audit --no-fund --no-package-lock --ignore-scripts --omit=dev

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
WORKDIR /app
COPY requirements.txt ./
RUN /opt/venv/bin/pip install -r requirements.txt
COPY --from=packages /build/node_modules ./node_modules
COPY launch ./launch
COPY static ./static
RUN python -c "from launch.setup import copy_assets; copy_assets()"
COPY shop ./shop
RUN if [ -d shop/translations ]; then /opt/venv/bin/pybabel compile -d shop/translations; fi

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /app --no-create-home imprint \
    && mkdir -p /app /data/media && chown imprint /data/media
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 PORT=8000 WEB_PROCESSES=2 MEDIA_DIR=/data/media LOG_JSON=1
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app/shop ./shop
COPY --from=build /app/static ./static
COPY jobs ./jobs
COPY templates ./templates
COPY wsgi.py config.py serve.py ./
USER imprint
VOLUME /data/media
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["python", "-m", "serve"]
