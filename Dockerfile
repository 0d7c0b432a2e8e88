# The image of `docker compose up`, and of any container host: it keeps nothing but /data.

FROM python:3.13-slim AS build
RUN python -m venv /venv
WORKDIR /src
COPY . .
# hatch_build.py fetches the browser libraries here; npm and its cache stay in this stage
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r docker/requirements.lock \
    && /venv/bin/pip install --no-cache-dir --no-deps '.[embedded]'

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /data littlechat \
    && install --directory --owner littlechat --group littlechat --mode 0700 /data
COPY --from=build /venv /venv
COPY docker/entrypoint.sh /usr/local/bin/littlechat-entrypoint
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data
USER littlechat
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT') or 8000}/healthz\", timeout=4)"]
ENTRYPOINT ["littlechat-entrypoint"]
CMD ["littlechat", "--host", "0.0.0.0"]
