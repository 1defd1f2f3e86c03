# Epochs on a CPU, serving on port 7860 without the network.
#   docker build -t epochs . && docker run --rm -p 7860:7860 epochs
# With a graphics card: add `--build-arg PIP_EXTRA_INDEX_URL=` to the first, `--gpus all` to the second.
FROM python:3.12-slim

# torch built for CPUs is a tenth of the size of the CUDA build that Linux gets otherwise.
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_ANALYTICS_ENABLED=False \
    HF_HUB_OFFLINE=1 \
    HF_HUB_DISABLE_TELEMETRY=1

RUN useradd --create-home --uid 1000 epochs
WORKDIR /home/epochs/app

COPY requirements.txt .
RUN pip install -r requirements.txt

COPY --chown=epochs:epochs . .
USER epochs

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/', timeout=4)"]
CMD ["python", "app.py"]
