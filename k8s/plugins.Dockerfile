# A worker that brings plugins, for clusters, where they run as processes of the worker's pod. The context is the folder
# whose folders are plugins:
#   docker build -f k8s/plugins.Dockerfile -t satellite/analysis-server-plugins:0.1.0 plugins
ARG WORKER=satellite/analysis-server:0.1.0
FROM ${WORKER}
COPY . /opt/plugins
