"""What `k8s/` tells the processes: by settings and secrets that there are, and commands that can be run."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import annotated_types
import pytest
import yaml

import analysis_server.inference.settings
import analysis_server.settings
import operation_server.kafka.settings
import operation_server.settings
from operation_server import cli
from operation_server.accounts.access import ROUTES
from operation_server.startup_checks import require_secrets
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.settings.broker import BrokerSettings
from satellite.settings.group import FILE_SUFFIX, SettingsGroup, variables_of
from tests.deployment.images import ROOT
from tests.deployment.kubernetes import Manifest, Pod, Rendered
from tests.deployment.pod_policy import PROBES

MOUNTED = "/run/secrets/"
OF_OTHERS = {"FORWARDED_ALLOW_IPS", "FLOWER_BASIC_AUTH", "CUDA_VISIBLE_DEVICES"}
"""Of uvicorn, Flower and CUDA."""
OF_RAY = "RAY_"
OF_THE_SYSTEM = {"test"}
SERVERS = ("satellite/operation-server:", "satellite/analysis-server")
METRIC = re.compile(r'^(?P<name>\w+)\{status="(?P<status>\w+)"\}$')


def known_variables() -> set[str]:
    groups = SettingsGroup.__subclasses__()
    names = {
        variable for group in groups for name in group.model_fields for variable in variables_of(group, name)
    }
    return names | {name + FILE_SUFFIX for name in names} | OF_OTHERS


def ours(rendered: Rendered) -> list[Pod]:
    return [pod for pod in rendered.pods if pod.spec["containers"][0]["image"].startswith(SERVERS)]


def secret_keys(pod: Pod) -> set[tuple[str, str]]:
    """Return which keys of which secrets a pod is given."""
    keys = {
        (volume["secret"]["secretName"], item["key"])
        for volume in pod.spec["volumes"]
        if "secret" in volume
        for item in volume["secret"]["items"]
    }
    references = [
        variable["valueFrom"]["secretKeyRef"]
        for container in pod.containers
        for variable in container.get("env", [])
        if "valueFrom" in variable and "secretKeyRef" in variable["valueFrom"]
    ]
    return keys | {(reference["name"], reference["key"]) for reference in references}


def commands(container: Manifest) -> list[list[str]]:
    """Return what is run in a container: by probes, and in place of its entrypoint."""
    probes = [container[name]["exec"]["command"] for name in PROBES if "exec" in container.get(name, {})]
    return [*probes, *([container["command"]] if "command" in container else [])]


def test_each_variable_is_a_setting(rendered: Rendered) -> None:
    known = known_variables()
    for pod in ours(rendered):
        unknown = {
            name for name in rendered.environment(pod) if name not in known and not name.startswith(OF_RAY)
        }
        assert unknown == set(), pod.name


def test_each_file_of_a_secret_is_mounted(rendered: Rendered) -> None:
    for pod in ours(rendered):
        files = {
            f"{folder}/{item['path']}"
            for folder, volume in pod.mounts.items()
            for item in volume.get("secret", {}).get("items", ())
        }
        environment = rendered.environment(pod)
        for variable, path in environment.items():
            if variable.endswith(FILE_SUFFIX):
                assert path is not None
                assert path in files, f"{pod.name}: {variable}"


def test_each_key_of_a_secret_exists(rendered: Rendered, dev: Rendered, external: Rendered) -> None:
    """Keys of `satellite` are made in `dev` and listed for the External Secrets Operator."""
    made = set(dev.one("Secret", "satellite")["data"])
    listed = {entry["secretKey"] for entry in external.one("ExternalSecret", "satellite")["spec"]["data"]}
    used = {each for pod in rendered.pods for each in secret_keys(pod)}
    common = {key for secret, key in used if secret == "satellite"}
    document = (ROOT / "DEPLOYMENT.md").read_text()

    assert common <= made
    assert common - {"postgres-password", "redis.conf"} <= listed
    for secret, key in used:
        assert secret == "satellite" or {f"`{secret}`", f"`{key}`"} <= set(re.findall(r"`[\w.-]+`", document))


def test_processes_accept_what_dev_gives_them(
    dev: Rendered, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: dict[str, Callable[[], Any]] = {
        "operation-api": lambda: (
            operation_server.settings.OperationSettings(),
            require_secrets(signs=True),
        ),
        "dispatcher": lambda: require_secrets(signs=True),
        "results": lambda: require_secrets(signs=False),
        "notifications": lambda: (
            require_secrets(signs=False),
            operation_server.settings.NotificationSettings(),
            operation_server.settings.SmtpSettings(),
        ),
        "migrations": lambda: require_secrets(signs=False),
        "keep-audit": lambda: require_secrets(signs=False),
        "flower": BrokerSettings,
        "analysis-worker": analysis_server.settings.AnalysisSettings,
    }
    assert starts.keys() == {pod.name for pod in ours(dev)}
    for name, start in starts.items():
        with monkeypatch.context() as patch:
            for variable in known_variables():
                patch.delenv(variable, raising=False)
            for variable, value in dev.environment(dev.pod(name)).items():
                if value is not None:
                    patch.setenv(variable, value.replace(MOUNTED, f"{secrets}/"))
            start()


def test_a_secret_that_becomes_a_variable_has_no_end_of_line(secrets: Path) -> None:
    assert not (secrets / "flower-basic-auth").read_text().endswith("\n")


def test_processes_read_the_secrets_that_compose_gives_them(base: Rendered) -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("migrations", "operation-api", "dispatcher", "results", "analysis-worker"):
        in_compose = {each for each in services[name]["environment"] if each.endswith(FILE_SUFFIX)}
        # Empty but for the profile `rabbitmq`, which is a component here.
        in_compose.discard("CELERY_BROKER_URL_FILE")
        here = {each for each in base.environment(base.pod(name)) if each.endswith(FILE_SUFFIX)}
        assert here == in_compose, name


def test_what_workers_give_away_fits_into_their_pods(rendered: Rendered) -> None:
    for pod in rendered.pods:
        environment = rendered.environment(pod)
        if (
            "SATELLITE_WORKER_MEMORY_MIB" in environment
            and environment["SATELLITE_WORKER_RUNTIME"] == "process"
        ):
            # Plugins are processes of that which has the most; a worker with its Ray is 420 MiB at rest, and
            # checks of schemas may take as much again.
            limits = [container["resources"]["limits"] for container in pod.containers]
            limit_mib = max(int(each["memory"].removesuffix("Gi")) * 1024 for each in limits)
            assert int(environment["SATELLITE_WORKER_MEMORY_MIB"] or 0) + 1536 <= limit_mib
            assert float(environment["SATELLITE_WORKER_CPUS"] or 0) + 1 <= max(
                float(each["cpu"]) for each in limits
            )


def test_each_command_is_there(rendered: Rendered) -> None:
    scripts = {script.name for script in importlib.metadata.entry_points(group="console_scripts")}
    for pod in ours(rendered):
        for container in pod.containers:
            for command in commands(container):
                if command[0] == "python":
                    assert importlib.util.find_spec(command[command.index("-m") + 1]), command
                else:
                    assert command[0] in scripts | OF_THE_SYSTEM, command
            if "command" not in container and "operation-server" in container["image"]:
                (subcommand,) = container["args"]
                assert subcommand in cli.COMMANDS


def test_probes_of_loops_and_workers_ask_themselves(base: Rendered) -> None:
    """The worker's asks for its canary (`analysis_server/lifecycle/health.py`)."""
    asked = {
        name: base.pod(name).spec["containers"][0]["livenessProbe"]["exec"]["command"]
        for name in ("dispatcher", "results", "notifications", "analysis-worker")
    }

    assert asked == {
        "dispatcher": ["operation-server", "health", "dispatcher"],
        "results": ["operation-server", "health", "results"],
        "notifications": ["operation-server", "health", "notifications"],
        "analysis-worker": ["python", "-m", "analysis_server", "health"],
    }


def test_the_ingress_leads_to_all_but_the_metrics(base: Rendered) -> None:
    routes = {route.partition(" ")[2] for route in ROUTES}
    paths = [path for ingress in base.of("Ingress") for path in ingress["spec"]["rules"][0]["http"]["paths"]]

    def leads_to(route: str) -> bool:
        return any(
            route == path["path"]
            or (path["pathType"] == "Prefix" and route.startswith(f"{path['path'].rstrip('/')}/"))
            for path in paths
        )

    assert {route for route in routes if not leads_to(route)} == {"/metrics"}


def test_flower_asks_for_a_login_only_looks_and_remembers(rendered: Rendered) -> None:
    pod = rendered.pod("flower")
    (container,) = pod.spec["containers"]
    options = dict(each.lstrip("-").partition("=")[::2] for each in container["args"])
    (written,) = [each for each in pod.mounts if options["db"].startswith(f"{each}/")]
    deployment = rendered.one("Deployment", "flower")

    assert {"FLOWER_BASIC_AUTH"} <= {each["name"] for each in container["env"]}
    assert options["url_prefix"] == "flower"
    assert {"persistent", "read_only", "state_save_interval"} <= set(options)
    assert pod.mounts[written]["persistentVolumeClaim"] == {"claimName": "flower"}
    assert rendered.one("PersistentVolumeClaim", "flower")["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


def test_keda_counts_what_is_queued_and_what_runs(keda: Rendered) -> None:
    spec = keda.one("ScaledObject", "analysis-worker")["spec"]
    names = {trigger["name"] for trigger in spec["triggers"]}
    found = [METRIC.match(trigger["metadata"]["valueLocation"]) for trigger in spec["triggers"]]
    shown = (ROOT / "operation-server/src/operation_server/metrics/platform.py").read_text()
    worker = keda.environment(keda.pod("analysis-worker"))

    assert set(re.findall(r"\w+", spec["advanced"]["scalingModifiers"]["formula"])) == names
    assert {each["status"] for each in found if each} == {"queued", "processing"}
    for each in found:
        assert each
        assert f'"{each["name"]}"' in shown
        assert f'["{each["status"]}"]' in shown
    assert spec["advanced"]["scalingModifiers"]["target"] == worker["SATELLITE_WORKER_SLOTS"]
    token = keda.one("TriggerAuthentication", "metrics-token")["spec"]["secretTargetRef"][0]
    assert ("satellite", "metrics-token") in secret_keys(keda.pod("operation-api"))
    assert (token["name"], token["key"]) == ("satellite", "metrics-token")


def test_rabbitmq_is_named_to_all_who_send_take_or_count_messages(rabbitmq: Rendered) -> None:
    named = {
        pod.name
        for pod in ours(rabbitmq)
        if rabbitmq.environment(pod).get("CELERY_BROKER_URL_FILE") == "/run/broker/url"
        and ("satellite-rabbitmq", "broker-url") in secret_keys(pod)
    }

    assert named == {"operation-api", "dispatcher", "results", "flower", "analysis-worker"}


@pytest.mark.parametrize("path", ["rabbitmq", "k8s/components/rabbitmq"])
def test_rabbitmq_waits_longer_than_any_job_and_drain_may_take(path: str) -> None:
    found = re.search(
        r"^consumer_timeout = (\d+)$", (ROOT / path / "rabbitmq.conf").read_text(), re.MULTILINE
    )
    assert found
    longest_s = sum(
        limit.le
        for field, model in (
            ("timeout_s", PluginManifest),
            ("drain_timeout_s", analysis_server.settings.WorkerSettings),
        )
        for limit in model.model_fields[field].metadata
        if isinstance(limit, annotated_types.Le)
    )

    assert longest_s > 7 * 86_400  # Of both a limit was found.
    assert int(found[1]) > longest_s * 1000
