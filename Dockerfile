# The light core with the server store; EXTRAS=server,torch for the profiles that need torch.
FROM python:3.12-slim
ARG EXTRAS=server
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /octavo
COPY . .
RUN pip install --no-cache-dir -c requirements/constraints.txt ".[${EXTRAS}]" \
 && useradd --create-home octavo && mkdir -p /data /models && chown octavo /data
USER octavo
WORKDIR /data
EXPOSE 8000
CMD ["octavo", "serve", "--host", "0.0.0.0"]
