# The agent's image: the device's install only, not root, one folder for its state.
#     docker build -t fieldproof .
#     docker run --rm -v fieldproof:/var/lib/fieldproof fieldproof --help
# Python 3.11 because tflite-runtime, which also runs on 32-bit boards, ends there; Bookworm
# because its glibc is the oldest that the Arm wheels accept.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY agent agent
COPY tools tools
COPY firmware_profiles firmware_profiles
RUN python -m venv /opt/fieldproof && /opt/fieldproof/bin/pip install --no-cache-dir .
# A container has no windows and no libGL: OpenCV's headless build of the same version, never both.
RUN version=$(/opt/fieldproof/bin/pip list --format=freeze | sed -n 's/^opencv-python==//p') \
    && /opt/fieldproof/bin/pip uninstall --yes opencv-python \
    && /opt/fieldproof/bin/pip install --no-cache-dir "opencv-python-headless==$version" \
    && /opt/fieldproof/bin/python -c 'import cv2' \
    && /opt/fieldproof/bin/fieldproof --version \
    && /opt/fieldproof/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 fieldproof \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/fieldproof --create-home fieldproof
COPY --from=build /opt/fieldproof /opt/fieldproof
ENV PATH=/opt/fieldproof/bin:$PATH PYTHONUNBUFFERED=1
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
VOLUME /var/lib/fieldproof
WORKDIR /var/lib/fieldproof
ENTRYPOINT ["fieldproof"]
CMD ["--help"]
