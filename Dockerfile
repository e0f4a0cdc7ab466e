# The image of reseat: the command alone, for any user id, on any Debian-like base with Python 3.11 or later.
# BASE_IMAGE takes a name with a digest too: --build-arg BASE_IMAGE=python:3.11-slim-bookworm@sha256:…
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
COPY . /source
WORKDIR /source
# A virtual environment of its own: Debian's Python takes no packages from pip. Versions are those of constraints.txt.
RUN python3 -m venv /opt/reseat \
 && /opt/reseat/bin/python -m pip install --no-cache-dir --no-compile --disable-pip-version-check -c constraints.txt .
# The demo compiles exactly the modules that are used, and proves that what was installed works: it ends with 3, NO-GO.
RUN code=0; /opt/reseat/bin/reseat demo --directory /tmp/demo > /tmp/demo.txt 2>&1 || code=$?; \
    if [ "$code" -ne 3 ]; then cat /tmp/demo.txt; echo "reseat demo ended with $code instead of 3"; exit 1; fi; \
    /opt/reseat/bin/reseat --help > /tmp/help.txt \
 && /opt/reseat/bin/python -m pip uninstall --quiet --yes --root-user-action ignore setuptools pip

FROM ${BASE_IMAGE}
ARG VERSION=0.3.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="reseat" \
      org.opencontainers.image.description="Moves every holder of a retiring Microsoft 365 SKU to its successor, and proves it before anything is cancelled." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/reseat /opt/reseat
# Group 0 may write as well: some platforms run an image with a user id of their own choice and group 0.
RUN mkdir -p /runs && chown 10001:0 /runs && chmod 0775 /runs
ENV PATH=/opt/reseat/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
USER 10001:10001
WORKDIR /runs
VOLUME /runs
ENTRYPOINT ["reseat"]
