"""What every runtime does with a server that loads a version of a model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis_server.runtimes.port import ModelFolder, RunResult, RunStatus
from satellite.contracts.model_version import artifact_digest
from satellite.contracts.outcome import ErrorKind, StartKind
from satellite.contracts.plugin_manifest import PluginManifest
from tests.contract.runtimes.bench import FILES, STACK, Bench

MakeVersion = Callable[..., ModelFolder]


@pytest.fixture
def version() -> Iterator[MakeVersion]:
    """Make a version of a model in a folder of its own, where a worker has them."""
    made: list[ModelFolder] = []

    def make(factor: float, *, output_schema_json: str = "{}", **files: str) -> ModelFolder:
        contents = {
            "factor.json": json.dumps(factor),
            **{f"{name}.json": text for name, text in files.items()},
        }
        hashes = {role: hashlib.sha256(text.encode()).hexdigest() for role, text in contents.items()}
        folder = FILES / STACK / "models" / artifact_digest(hashes)
        folder.mkdir(parents=True, exist_ok=True)
        for role, text in contents.items():
            (folder / role).write_text(text)
            (folder / role).chmod(0o444)
        made.append(
            ModelFolder(
                name="multiplier",
                version=len(made) + 1,
                digest=folder.name,
                folder=str(folder),
                files=tuple(hashes.items()),
                output_schema_json=output_schema_json,
            )
        )
        return made[-1]

    yield make
    for each in made:
        for path in Path(each.folder).glob("*"):
            path.unlink()


def ask(bench: Bench, manifest: PluginManifest, model: ModelFolder, number: float = 3) -> RunResult:
    return bench.run({"data": number}, manifest=manifest, model=model)


def answer_of(result: RunResult) -> Any:
    assert result.status is RunStatus.COMPLETED, result
    return json.loads(result.result_json or b"")


def error_of(result: RunResult) -> tuple[ErrorKind, str]:
    assert result.error is not None
    return result.error.kind, result.error.message


def test_two_versions_are_two_servers_of_one_plugin(bench: Bench, version: MakeVersion) -> None:
    manifest, double, triple = bench.server("model_server.py"), version(2), version(3)
    results = [ask(bench, manifest, model) for model in (double, triple, double, triple)]

    assert [answer_of(result)["answer"] for result in results] == [6, 9, 6, 9]
    assert [result.start for result in results] == [StartKind.COLD] * 2 + [StartKind.WARM] * 2
    assert not any(answer_of(result)["writable"] for result in results)
    loaded = {server.model for server in bench.runtime.residents().servers}
    assert loaded == {"multiplier@1", "multiplier@2"}


def test_a_version_that_misses_a_golden_example_is_never_ready_and_others_go_on(
    bench: Bench, version: MakeVersion
) -> None:
    golden = json.dumps([{"input": {"data": 1}, "output": {"answer": 99}}])
    manifest, good, bad = bench.server("model_server.py"), version(2), version(5, golden=golden)
    assert answer_of(ask(bench, manifest, good))["answer"] == 6
    kind, message = error_of(ask(bench, manifest, bad))

    assert kind is ErrorKind.IMAGE
    assert message.startswith("The model multiplier@2 did not become ready: ")
    assert "golden example 1 of 1" in message
    assert ask(bench, manifest, good).start is StartKind.WARM


def test_changed_files_start_nothing(bench: Bench, version: MakeVersion) -> None:
    manifest, model = bench.server("model_server.py"), version(2)
    file = Path(model.folder) / "factor.json"
    file.chmod(0o644)
    file.write_text("7")
    kind, message = error_of(ask(bench, manifest, model))

    assert (kind, Path(model.folder).exists()) == (ErrorKind.INTERNAL, False)
    assert "factor.json of multiplier@1 was changed on this worker" in message
    # Fetched anew, it is what it was.
    assert answer_of(ask(bench, manifest, version(2)))["answer"] == 6


def test_an_answer_obeys_the_signature_of_its_model_too(bench: Bench, version: MakeVersion) -> None:
    manifest = bench.server("model_server.py")
    model = version(2, output_schema_json='{"properties": {"answer": {"maximum": 100}}}')
    assert answer_of(ask(bench, manifest, model, 50))["answer"] == 100
    kind, message = error_of(ask(bench, manifest, model, 51))

    assert kind is ErrorKind.OUTPUT
    assert "/answer: 102 is greater than the maximum of 100" in message
