# Three images, for amd64 and arm64 alike:
#     docker build --target agent -t fieldproof-agent .
#     docker build --target collector -t fieldproof-collector .
#     docker build --target dashboard -t fieldproof-dashboard .
#     docker run --rm -v fieldproof:/var/lib/fieldproof fieldproof-agent --help
# tools/deploy/compose.yaml runs them with a broker. Python 3.11 because tflite-runtime ends there;
# Bookworm because its glibc is the oldest that the Arm wheels accept. It is Debian's own Python,
# the one on a Raspberry Pi, which `make test-arm64` runs too; it brings no pip into the result.
FROM debian:bookworm-slim AS python
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3.11 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
RUN groupadd --gid 10001 fieldproof \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/fieldproof --create-home fieldproof
ENV PATH=/opt/fieldproof/bin:$PATH PYTHONUNBUFFERED=1

# pip stays in this stage: it installs into environments that have none.
FROM python AS build
RUN apt-get update && apt-get install --yes --no-install-recommends python3.11-venv ca-certificates
RUN python3.11 -m venv /opt/build && python3.11 -m venv --without-pip /opt/fieldproof
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY agent agent
COPY tools tools
COPY firmware_profiles firmware_profiles
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM build AS build-collector
RUN /opt/build/bin/pip --python /opt/fieldproof/bin/python install --no-cache-dir --no-deps \
    --requirement tools/deploy/collector.txt /wheels/fieldproof-*.whl
RUN find /opt/fieldproof -type d -name tests -prune -exec rm -rf {} + \
    && cd / && python -m tools.collector --help

FROM build AS build-dashboard
RUN /opt/build/bin/pip --python /opt/fieldproof/bin/python install --no-cache-dir --no-deps \
    --requirement tools/deploy/dashboard.txt /wheels/fieldproof-*.whl
RUN find /opt/fieldproof -type d -name tests -prune -exec rm -rf {} + \
    && cd / && fieldproof dashboard --help && python -c 'import tools.dashboard.serve, tools.report.stored'

FROM build AS build-agent
RUN /opt/build/bin/pip --python /opt/fieldproof/bin/python install --no-cache-dir --no-deps \
    --requirement tools/deploy/agent.txt /wheels/fieldproof-*.whl
RUN find /opt/fieldproof -type d -name tests -prune -exec rm -rf {} + \
    && cd / && python -c 'import cv2, tflite_runtime.interpreter' && fieldproof --version

FROM python AS collector
COPY --from=build-collector /opt/fieldproof /opt/fieldproof
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
VOLUME /var/lib/fieldproof
WORKDIR /var/lib/fieldproof
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s \
    CMD ["python", "-m", "tools.collector.health", "collector.heartbeat"]
ENTRYPOINT ["python", "-m", "tools.collector", "--heartbeat", "collector.heartbeat"]
CMD ["--help"]

FROM python AS dashboard
COPY --from=build-dashboard /opt/fieldproof /opt/fieldproof
USER 10001:10001
VOLUME /var/lib/fieldproof
WORKDIR /var/lib/fieldproof
# matplotlib keeps its list of fonts here, and makes it anew where it is gone.
ENV MPLCONFIGDIR=/dev/shm/matplotlib
EXPOSE 8080
# By HTTP: with --tls-cert give the container a check of its own.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["fieldproof", "dashboard"]
CMD ["--help"]

FROM python AS agent
COPY --from=build-agent /opt/fieldproof /opt/fieldproof
USER 10001:10001
VOLUME /var/lib/fieldproof
WORKDIR /var/lib/fieldproof
# In memory: it is written every few seconds.
ENV FIELDPROOF_HEARTBEAT=/dev/shm/agent.heartbeat
HEALTHCHECK --interval=30s --timeout=15s --start-period=180s CMD ["python", "-m", "agent", "health"]
ENTRYPOINT ["fieldproof"]
CMD ["--help"]
