"""What every pod of a plugin is: no manifest relaxes it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import kubernetes_validate

from analysis_server.runtimes.kubernetes.entry_input import input_line
from analysis_server.runtimes.kubernetes.options import KubernetesOptions
from analysis_server.runtimes.kubernetes.template import active_deadline_s, job_pod, spare_pod
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.secrets.giving import GivenSecrets
from satellite.contracts.plugin_manifest import PluginManifest

OPTIONS = KubernetesOptions(entry_image="satellite/analysis-server:9")


def request(**changes: Any) -> RunRequest:
    manifest = PluginManifest.model_validate(
        {
            "name": "a-plugin",
            "version": "1",
            "docker_image": "example/a-plugin:1",
            "command": ["python", "main.py"],
            "input_schema": {},
            "output_schema": {},
            **changes,
        }
    )
    return RunRequest(
        job_id=7,
        attempt=2,
        uid=UUID(int=5),
        owner_id=1,
        worker="worker-1",
        plugin_digest=manifest.digest(),
        manifest_json=manifest.model_dump_json(),
        input_json=b'{"a":\n1}',
        timeout_s=100,
        stack_id="Stack-1",
    )


def test_kubernetes_takes_it() -> None:
    for pod in (job_pod(request(), OPTIONS), spare_pod(request(network=True), OPTIONS)):
        kubernetes_validate.validate(pod, "1.30", strict=True)


def test_it_is_restricted_and_has_no_token() -> None:
    pod = job_pod(request(), OPTIONS)["spec"]

    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"]["limits"].keys()
    assert all(volume["emptyDir"]["medium"] == "Memory" for volume in pod["volumes"])


def test_an_attempt_has_one_name_and_an_end() -> None:
    pod = job_pod(request(), OPTIONS)

    assert (
        pod["metadata"]["name"] == job_pod(request(), OPTIONS)["metadata"]["name"] == "stack-1-7-2-00000000"
    )
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["spec"]["activeDeadlineSeconds"] == active_deadline_s(request(), OPTIONS) > 100


def test_the_network_is_a_label() -> None:
    labels = [job_pod(request(network=wish), OPTIONS)["metadata"]["labels"] for wish in (False, True)]

    assert [each["satellite.network"] for each in labels] == ["false", "true"]


def test_the_input_is_one_line_and_no_secret_is_in_the_pod() -> None:
    secrets = GivenSecrets(variables={"TOKEN": "hidden"}, values=("hidden",))
    line = input_line(request(), secrets)

    assert line.count(b"\n") == 1
    assert b'"TOKEN":"hidden"' in line
    assert "hidden" not in str(job_pod(request(), OPTIONS))
