"""The checks of a plugin, and what each of them finds wrong."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from analysis_server.authoring.neighbours import pick_neighbours
from analysis_server.authoring.trial import Trial, on_trial
from analysis_server.runtimes.port import RunResult, RunStatus
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode
from satellite.contracts.plugin_report import Check, Checked, Finding, Report
from satellite.contracts.requires import RuntimeName
from satellite.schemas.compiled import CompiledSchema, SchemaInvalid

MORE_EXAMPLES: Final = "example-input.json"
FINDINGS_MAX: Final = 5
"""Of one check: the sixth input that fails says what the first did."""
CLOSE_TO_TIMEOUT: Final = 0.8
CANCEL_AFTER_S_MAX: Final = 2.0
CANCELLED_WITHIN_S: Final = 15.0
WARM_UP_RUNS: Final = 5
GROWTH_MIB: Final = 8.0
"""More than this after `repeats` further runs is a leak; an allocator's own noise is a few MiB."""


def check_plugin(
    folder: Path,
    manifest: PluginManifest,
    runtime: RuntimeName,
    *,
    near: int,
    repeats: int,
    seed: int,
    state_dir: Path | None = None,
) -> Report:
    """Try a plugin: `near` inputs beside its examples, `repeats` times the first of these."""
    examples = read_examples(folder, manifest)
    done = [check_manifest(manifest, examples)]
    if not done[0].findings:
        with on_trial(folder, manifest, runtime, state_dir=state_dir) as trial:
            done += _on_runtime(trial, examples, near=near, repeats=repeats, seed=seed)
    return Report(
        plugin=manifest.name,
        version=manifest.version,
        runtime=runtime,
        manifest_digest=manifest.digest(),
        tested_at=datetime.now(UTC),
        checks=tuple(done),
    )


def read_examples(folder: Path, manifest: PluginManifest) -> list[Any]:
    """Return the example inputs of the input schema, and that of `example-input.json` if there is one."""
    found = list(manifest.input_schema.get("examples", []))
    with contextlib.suppress(FileNotFoundError):
        found.append(json.loads((folder / MORE_EXAMPLES).read_bytes()))
    return found


def check_manifest(manifest: PluginManifest, examples: list[Any]) -> Checked:
    """Compile both schemas, and hold the examples to that of the input."""
    findings = []
    try:
        CompiledSchema(manifest.output_schema)
        schema = CompiledSchema(manifest.input_schema)
    except SchemaInvalid as error:
        return Checked(check=Check.MANIFEST, findings=(Finding(message=f"a schema is none: {error.fault}"),))
    if not examples:
        findings.append(Finding(message=f"no `examples` in input_schema and no {MORE_EXAMPLES}: add one"))
    for example in examples:
        findings += [
            Finding(
                message=f"an example breaks the input schema: {fault.pointer} {fault.message}", input=example
            )
            for fault in schema.faults(example, list_all=False)
        ]  # fmt: skip
    return Checked(check=Check.MANIFEST, findings=tuple(findings))


def _on_runtime(
    trial: Trial, examples: list[Any], *, near: int, repeats: int, seed: int
) -> Iterator[Checked]:
    missing = trial.prepare()
    if missing is not None:
        yield Checked(check=Check.START, findings=(Finding(message=f"{missing.kind}: {missing.message}"),))
        return
    yield Checked(check=Check.START)
    by_example = _run_all(Check.EXAMPLES, trial, examples, verdict=_not_completed)
    yield by_example
    if by_example.findings:
        return
    schema = CompiledSchema(trial.manifest.input_schema)
    inputs = pick_neighbours(examples, count=near, seed=seed, is_valid=schema.is_valid)
    yield _run_all(Check.NEIGHBOURS, trial, inputs, verdict=_not_answered)
    yield _repeat(trial, examples[0], repeats)
    yield _cancel(trial, examples[0], after_s=min(by_example.slowest_s / 2, CANCEL_AFTER_S_MAX))


def _run_all(
    check: Check, trial: Trial, inputs: Iterable[Any], *, verdict: Callable[[RunResult], str | None]
) -> Checked:
    runs, slowest_s, findings = 0, 0.0, []
    for value in inputs:
        result, took_s = trial.run(value)
        runs, slowest_s = runs + 1, max(slowest_s, took_s)
        fault = verdict(result)
        if fault is None and took_s > CLOSE_TO_TIMEOUT * trial.manifest.timeout_s:
            fault = f"took {took_s:.1f} s of a timeout_s of {trial.manifest.timeout_s:g}"
        if fault is not None:
            findings.append(
                Finding(message=fault, input=value, log=result.error and result.error.stderr_tail)
            )
        if len(findings) == FINDINGS_MAX:
            break
    return Checked(check=check, runs=runs, slowest_s=slowest_s, findings=tuple(findings))


def _not_completed(result: RunResult) -> str | None:
    if result.status is RunStatus.COMPLETED:
        return None
    return f"{result.error.kind}: {result.error.message}" if result.error else f"ended as {result.status}"


def _not_answered(result: RunResult) -> str | None:
    refused = result.error is not None and result.error.kind is ErrorKind.INPUT
    return None if refused else _not_completed(result)


def _repeat(trial: Trial, example: Any, repeats: int) -> Checked:
    warm = _run_all(Check.REPEATS, trial, [example] * min(WARM_UP_RUNS, repeats), verdict=_not_completed)
    before_mib = trial.used_mib()
    more = _run_all(Check.REPEATS, trial, [example] * (repeats - warm.runs), verdict=_not_completed)
    grown_mib = trial.used_mib() - before_mib
    findings = warm.findings + more.findings
    if trial.manifest.mode is PluginMode.SERVER and more.runs and grown_mib > GROWTH_MIB:
        findings += (
            Finding(message=f"grew by {grown_mib:.0f} MiB in {more.runs} runs of the same", input=example),
        )
    return Checked(
        check=Check.REPEATS,
        runs=warm.runs + more.runs,
        slowest_s=max(warm.slowest_s, more.slowest_s),
        findings=findings,
    )


def _cancel(trial: Trial, example: Any, *, after_s: float) -> Checked:
    result, took_s = trial.cancel(example, after_s=after_s)
    findings = []
    if result.status is RunStatus.FAILED:
        findings.append(Finding(message=f"asked to stop, it failed: {_not_completed(result)}", input=example))
    if took_s > CANCELLED_WITHIN_S:
        findings.append(Finding(message=f"went on for {took_s:.0f} s after it was to stop", input=example))
    return Checked(check=Check.CANCEL, runs=1, slowest_s=took_s, findings=tuple(findings))
