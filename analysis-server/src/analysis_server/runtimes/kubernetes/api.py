"""The API server of Kubernetes: pods are made, seen, read and removed by it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from kubernetes import client, config
from kubernetes.client import ApiClient, Configuration, CoreV1Api
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from kubernetes.stream import stream
from urllib3.exceptions import HTTPError
from websocket import WebSocketException

from analysis_server.runtimes.kubernetes.options import KubernetesOptions
from analysis_server.runtimes.kubernetes.template import CONTAINER, GRACE_S

API_FAULTS: Final = (ApiException, ConfigException, HTTPError, WebSocketException, OSError)
CALL_TIMEOUT_S: Final = 15.0
FOLLOWED_S: Final = 300.0
"""A log that is silent for so long is asked for anew, lest its connection is dead."""
CONNECTIONS: Final = 64
"""Kept open; a run that reads a log has one to itself."""
PIECE_BYTES: Final = 32 * 1024
STDIN_CHANNEL: Final = b"\x00"
_NOT_FOUND, _CONFLICT = 404, 409


class KubernetesApi:
    """Calls for the pods of one namespace. Safe to use from many threads."""

    def __init__(self, options: KubernetesOptions) -> None:
        """Read how the API server is reached; nothing is asked of it yet.

        Raises:
            ConfigException: that is not known.
        """
        self._namespace = options.namespace
        self._configuration = _configuration(options.kubeconfig)
        self._pods = CoreV1Api(ApiClient(self._configuration))

    def place(self) -> str:
        """Name the cluster and the namespace; a cluster is known by the certificate that it is trusted by."""
        authority = Path(self._configuration.ssl_ca_cert or "/dev/null").read_bytes()
        return f"{self._namespace}@{hashlib.sha256(authority).hexdigest()[:16]}"

    def create(self, pod: Any) -> None:
        """Make a pod; one of that name that is there already is the one that was meant.

        Raises:
            ApiException: it is refused.
        """
        try:
            self._pods.create_namespaced_pod(self._namespace, pod, **_plain())
        except ApiException as error:
            if error.status != _CONFLICT:
                raise

    def find(self, name: str) -> dict[str, Any] | None:
        """Return a pod, None where there is none."""
        try:
            return _parsed(self._pods.read_namespaced_pod(name, self._namespace, **_plain()))
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise
            return None

    def list(self, selector: str) -> list[dict[str, Any]]:
        """Return the pods with some labels."""
        found = self._pods.list_namespaced_pod(self._namespace, label_selector=selector, **_plain())
        pods: list[dict[str, Any]] = _parsed(found)["items"]
        return pods

    def limit(self, name: str, active_deadline_s: int) -> None:
        """Set after how long, counted from its start, a node ends a pod by itself."""
        change = {"spec": {"activeDeadlineSeconds": active_deadline_s}}
        self._pods.patch_namespaced_pod(name, self._namespace, change, **_plain())

    def delete(self, name: str) -> None:
        """End a pod; fine if it is gone."""
        try:
            self._pods.delete_namespaced_pod(name, self._namespace, grace_period_seconds=GRACE_S, **_plain())
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise

    @contextlib.contextmanager
    def log(self, name: str, *, follow: bool) -> Iterator[Iterator[bytes]]:
        """Lend what a pod has written, from its beginning, and with `follow` what it will."""
        answer: Any = self._pods.read_namespaced_pod_log(
            name,
            self._namespace,
            container=CONTAINER,
            follow=follow,
            _preload_content=False,
            _request_timeout=(CALL_TIMEOUT_S, FOLLOWED_S if follow else CALL_TIMEOUT_S),
        )
        try:
            yield answer.stream(64 * 1024)
        finally:
            # Not returned to the others: it may be in the middle of an answer.
            answer.close()

    @contextlib.contextmanager
    def attached(self, name: str) -> Iterator[PodInput]:
        """Lend the standard input of a pod; its end is not told when the block ends."""
        # `stream` changes the client that it is given for the time of the call.
        pods = CoreV1Api(ApiClient(self._configuration))
        connection = stream(
            pods.connect_get_namespaced_pod_attach,
            name,
            self._namespace,
            container=CONTAINER,
            stdin=True,
            stdout=False,
            stderr=False,
            _preload_content=False,
        )
        try:
            yield PodInput(connection.sock)
        finally:
            connection.close()
            pods.api_client.close()

    def close(self) -> None:
        """Close the connections."""
        self._pods.api_client.close()


class PodInput:
    """The standard input of a pod."""

    def __init__(self, connection: Any) -> None:
        """Take a connection of channels."""
        self._connection = connection

    def write(self, data: bytes) -> None:
        """Send it, in pieces that no server refuses."""
        for start in range(0, len(data), PIECE_BYTES):
            self._connection.send_binary(STDIN_CHANNEL + data[start : start + PIECE_BYTES])


def _configuration(kubeconfig: Path | None) -> Configuration:
    found = client.Configuration()
    if kubeconfig is None:
        config.load_incluster_config(client_configuration=found)  # type: ignore[no-untyped-call]
    else:
        config.load_kube_config(str(kubeconfig), client_configuration=found)  # type: ignore[no-untyped-call]
    found.connection_pool_maxsize = CONNECTIONS
    return found


def _plain() -> dict[str, Any]:
    # Objects of the client's classes would take much longer to make than the text to read.
    return {"_preload_content": False, "_request_timeout": CALL_TIMEOUT_S}


def _parsed(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.data)
    return found
