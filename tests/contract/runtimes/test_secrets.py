"""What every runtime does with secrets: gives them to one run, and masks them in all that it writes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.port import RunResult, RunStatus
from analysis_server.runtimes.secrets.errors import SecretMissing, SecretsUnavailable
from analysis_server.runtimes.secrets.place import SecretPlace
from analysis_server.runtimes.standby.limits import StandbyLimits
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import ErrorKind, StartKind
from tests.contract.runtimes.bench import STACK, Bench, Ear, containers
from tests.fixtures.servers import wait_until

ADA, GRACE = 1, 2
VALUE = 'canary-of-ada "quoted" é\nits second line'
OTHER = "canary-of-grace-without-more"
FILE = [{"name": "TOKEN"}]
VARIABLE = [{"name": "TOKEN", "via": "environment"}]
OWN_FOLDER = SecretPlace(stack_id=STACK).path


class Keeper:
    """Gives what the owner of an attempt has stored, as the API does."""

    def __init__(self) -> None:
        self.owners: dict[AttemptKey, int] = {}
        self.stored: dict[int, dict[str, str]] = {ADA: {"TOKEN": VALUE}, GRACE: {"TOKEN": OTHER}}
        self.fault: Exception | None = None
        self.asked = 0

    def fetch(self, key: AttemptKey) -> Mapping[str, str]:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return self.stored[self.owners[key]]


@pytest.fixture
def stored() -> Keeper:
    return Keeper()


@pytest.fixture
def standby() -> StandbyLimits:
    return StandbyLimits(memory_reserve_mib=0)


@pytest.fixture
def keeper(stored: Keeper, bench: Bench) -> Iterator[Keeper]:
    yield stored
    # What stands has its folder as long as it stands.
    bench.runtime.close()
    assert left_files() == []


def left_files() -> list[Path]:
    return [path for path in OWN_FOLDER.rglob("secrets/*") if path.is_file()]


def run(bench: Bench, keeper: Keeper, job: dict[str, Any], **options: Any) -> tuple[RunResult, Ear]:
    ear = Ear()
    request = bench.request(job, **options)
    keeper.owners[request.key] = request.owner_id
    return bench.runtime.run(request, ear), ear


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True)
    return done.stdout + done.stderr


def shell(script: str) -> dict[str, Any]:
    return {"how": "shell", "script": script}


def answer(result: RunResult) -> Any:
    assert result.status is RunStatus.COMPLETED, result
    return json.loads(result.result_json or b"")["answer"]


def told(result: RunResult, ear: Ear) -> str:
    return f"{result} {result.log.text() if result.log else ''} {ear.lines} {ear.fractions}"


def test_a_file_is_the_runs_alone_and_in_no_description_of_it(bench: Bench, keeper: Keeper) -> None:
    manifest = bench.manifest(secrets=FILE)
    look = 'cd "$SATELLITE_SECRETS_DIR"; wc -c < TOKEN; env | grep -c canary; touch x; id -u'
    ear = Ear()
    request = bench.request({**shell(look), "after_s": 3}, manifest=manifest)
    keeper.owners[request.key] = ADA
    running = bench.start(request, ear)
    wait_until(left_files)
    if isinstance(bench.used, ContainerRuntime):
        wait_until(containers)
        described = docker("inspect", *containers())
        assert "canary" not in described
        assert '"Destination": "/run/secrets"' in described
        # What the engine would keep of its output is not masked.
        assert "canary" not in docker("logs", *containers())
    search = shell("echo $SATELLITE_SECRETS_DIR; ls /dev/shm /run/secrets")
    others, _ = run(bench, keeper, search, owner_id=GRACE)
    size, variables, *refused, user = answer(running.result(60)).split()

    assert (int(size), variables) == (len(VALUE.encode()), "0")
    assert refused or user == str(os.geteuid())
    if user != str(os.geteuid()):
        assert "satellite" not in answer(others)
    assert keeper.asked == 1
    wait_until(lambda: not left_files())


def test_a_variable_where_the_manifest_says_so(bench: Bench, keeper: Keeper) -> None:
    manifest = bench.manifest(secrets=VARIABLE)
    result, _ = run(
        bench, keeper, shell('printf %s "$TOKEN" | wc -c; echo ".$SATELLITE_SECRETS_DIR."'), manifest=manifest
    )

    assert answer(result).split() == [str(len(VALUE.encode())), ".."]


def test_what_it_writes_of_it_is_masked_everywhere(bench: Bench, keeper: Keeper) -> None:
    manifest = bench.manifest(secrets=FILE)
    result, ear = run(bench, keeper, {"how": "tell secret", "name": "TOKEN"}, manifest=manifest)

    said = told(result, ear)
    assert answer(result)["raw"] == "***"
    assert "canary" not in said
    assert base64.b64encode(VALUE.encode()).decode()[4:-4] not in said
    assert VALUE.encode().hex() not in said
    assert "its second line" not in said
    assert result.log is not None
    assert "log: ***" in result.log.text()
    assert any("progress ***" in message for _, message in ear.fractions), ear.fractions
    assert "log: ***" in ear.lines


def test_an_error_shows_masks_too(bench: Bench, keeper: Keeper) -> None:
    manifest = bench.manifest(secrets=FILE)
    failed, ear = run(bench, keeper, {"how": "fail by secret", "name": "TOKEN"}, manifest=manifest)
    unfit, _ = run(bench, keeper, {"how": "write secret", "name": "TOKEN"}, manifest=manifest)

    for result in (failed, unfit):
        assert result.error is not None
        assert "canary" not in told(result, ear)
    assert (failed.error.kind, failed.error.stderr_tail) == (ErrorKind.EXIT, "cannot log in by ***\n")
    assert unfit.error.kind is ErrorKind.OUTPUT
    assert "***" in unfit.error.message


def test_a_secret_of_the_worker_is_masked_as_well(bench: Bench, stored: Keeper) -> None:
    manifest = bench.manifest(secrets=["LONG_TOKEN"])
    result = bench.run({"how": "variable", "name": "LONG_TOKEN"}, manifest=manifest)

    assert (answer(result), stored.asked) == ("***", 0)


def test_a_plugin_without_secrets_asks_nobody(bench: Bench, stored: Keeper) -> None:
    assert answer(bench.run({"how": "echo", "value": "canary"})) == "canary"
    assert stored.asked == 0


def test_a_spare_is_given_the_secrets_of_whose_job_comes(bench: Bench, keeper: Keeper) -> None:
    manifest = bench.manifest(secrets=FILE, standby=1)
    job = {"how": "tell secret", "name": "TOKEN"}
    run(bench, keeper, job, manifest=manifest)
    for owner, value in ((GRACE, OTHER), (ADA, VALUE)):
        wait_until(lambda: bench.used.spares() == 1)
        asked = keeper.asked
        result, ear = run(bench, keeper, job, manifest=manifest, owner_id=owner)
        assert result.start is StartKind.STANDBY
        assert answer(result)["bytes"] == len(value.encode())
        assert "canary" not in told(result, ear)
        assert keeper.asked == asked + 1


def test_a_server_has_what_it_was_loaded_with_each_owner_their_own(bench: Bench, keeper: Keeper) -> None:
    manifest = bench.server("secret_server.py", secrets=FILE)
    for owner, value in ((ADA, VALUE), (GRACE, OTHER), (ADA, VALUE)):
        result, ear = run(bench, keeper, {"name": "TOKEN"}, manifest=manifest, owner_id=owner)
        found = answer(result)
        assert (found["bytes"], found["raw"]) == (len(value.encode()), "***")
        assert "canary" not in told(result, ear)
        assert result.log is not None
        assert "*** logged" in result.log.text()
        keeper.stored[ADA] = {"TOKEN": "canary-of-ada-changed-meanwhile"}
    assert keeper.asked == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (SecretMissing("no TOKEN for it"), ErrorKind.RESOURCES),
        (SecretsUnavailable("away"), ErrorKind.INTERNAL),
    ],
)
def test_what_cannot_be_had_fails_the_job_and_leaves_nothing(
    bench: Bench, keeper: Keeper, fault: Exception, kind: ErrorKind
) -> None:
    oneshot, server = bench.manifest(secrets=FILE, standby=1), bench.server("secret_server.py", secrets=FILE)
    keeper.fault = fault
    for manifest in (oneshot, server):
        result, _ = run(bench, keeper, {"how": "echo"}, manifest=manifest)
        assert result.error is not None
        assert (result.error.kind, result.error.message) == (kind, str(fault))
    wait_until(lambda: bench.used.spares() == 1)
    result, _ = run(bench, keeper, {"how": "echo"}, manifest=oneshot)
    assert result.error is not None
    assert result.error.kind is kind
    assert left_files() == []
