"""What an attempt is on a cluster: which files go there, and what is submitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import ValidationError

from analysis_server.connector.agent_messages import GitSource, Setup, SubmitRequest, SubmittedKey
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.process.command import DEFAULT_COMMAND
from analysis_server.runtimes.process.environment import sdk_folder
from analysis_server.runtimes.process.source import PluginSource, PluginSources
from analysis_server.runtimes.run.inputs import with_paths
from satellite.contracts.cluster_handle import folder_of
from satellite.contracts.cluster_needs import ClusterNeeds
from satellite.contracts.gpu_job import GPU_JOB, ExistingCode, GitCode, GpuJobInput, LocalCode
from satellite.contracts.identity import AttemptKey
from satellite.contracts.plugin_manifest import PluginManifest

CODE: Final = "code"
STDIN: Final = "data/.satellite-input.json"
STDOUT: Final = "logs/.satellite-output.json"
SDK: Final = ".satellite-sdk"
"""Below the code: what a plugin imports of Satellite."""
KILL_GRACE_S: Final = 10


class PlanUnfit(Exception):
    """The input says what cannot be run on a cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTree:
    """A folder of this machine that becomes a folder of the job, as far as it belongs to what it is."""

    source: Path
    target: str
    is_archive: bool = False
    """Whether `source` is an archive of the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """All that is brought to a cluster for an attempt, and what is asked for then."""

    files: Mapping[str, Path] = field(default_factory=dict)
    """Files of this machine by their paths in the job's folder."""
    texts: Mapping[str, bytes] = field(default_factory=dict)
    """Contents by such paths."""
    trees: tuple[LocalTree, ...] = ()
    secrets: tuple[str, ...] = ()
    submit: SubmitRequest


def plan_of(request: RunRequest, sources: PluginSources) -> RunPlan:
    """Return the plan of an attempt.

    Raises:
        PlanUnfit: its input cannot be run.
        PluginSourceMissing: this connector has no source of the plugin.
    """
    if request.manifest.name == GPU_JOB:
        return _of_gpu_job(request)
    return _of_plugin(request, sources.get(request.manifest, digest=request.plugin_digest))


def is_gpu_job(request: RunRequest) -> bool:
    """Tell whether the job itself brings the command along."""
    return request.manifest.name == GPU_JOB


def _of_gpu_job(request: RunRequest) -> RunPlan:
    try:
        job = GpuJobInput.model_validate_json(request.input_json)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise PlanUnfit(f"The input cannot be run: {place}: {first['msg']}") from error
    fetched = dict(_places(request))
    code = fetched.pop("/code/file", None)
    if isinstance(job.code, LocalCode) and code is None:
        raise PlanUnfit("The input names code that was not fetched.")
    setup = Setup(
        git=GitSource(url=job.code.url, ref=job.code.ref) if isinstance(job.code, GitCode) else None,
        existing=job.code.path if isinstance(job.code, ExistingCode) else None,
        requirements=f"{CODE}/{job.requirements_path}" if job.requirements_path else None,
    )
    limits_s = [limit for limit in (job.time_limit_s, request.timeout_s) if limit is not None]
    return RunPlan(
        files={pointer.lstrip("/"): path for pointer, path in fetched.items()},
        trees=() if code is None else (LocalTree(source=code, target=CODE, is_archive=True),),
        secrets=tuple(job.secrets),
        submit=_submit(
            request.key,
            job.needs,
            command=tuple(job.command),
            env=job.environment,
            setup=setup,
            time_limit_s=int(min(limits_s)),
            kill_grace_s=int(job.kill_grace_s),
        ),
    )


def _of_plugin(request: RunRequest, source: PluginSource) -> RunPlan:
    manifest = request.manifest
    fetched = request.inputs
    inputs = (
        {} if fetched is None else {each.path: Path(fetched.folder) / each.path for each in fetched.places}
    )
    named = with_paths(request, PurePosixPath("../data"))
    has_requirements = source.requirements.exists()
    return RunPlan(
        files={f"data/{name}": path for name, path in inputs.items()},
        texts={STDIN: named.input_json},
        trees=(
            LocalTree(source=source.folder, target=CODE),
            LocalTree(source=sdk_folder(), target=f"{CODE}/{SDK}/satellite/plugin"),
        ),
        secrets=tuple(wish.name for wish in manifest.stored_secrets),
        submit=_submit(
            request.key,
            ClusterNeeds.of(manifest.resources),
            command=_command(manifest, has_requirements=has_requirements),
            env={"PYTHONPATH": SDK, **manifest.env},
            setup=Setup(requirements=f"{CODE}/requirements.txt" if has_requirements else None),
            time_limit_s=int(request.timeout_s),
            kill_grace_s=KILL_GRACE_S,
        ).model_copy(update={"stdin_path": STDIN, "stdout_path": STDOUT}),
    )


def _command(manifest: PluginManifest, *, has_requirements: bool) -> tuple[str, ...]:
    program, *arguments = manifest.command or DEFAULT_COMMAND
    # Only an environment of its own, and many an image, calls it so.
    program = "python3" if program == "python" and not has_requirements else program
    return (program, *arguments)


def _submit(
    key: AttemptKey,
    needs: ClusterNeeds,
    *,
    command: tuple[str, ...],
    env: Mapping[str, str],
    setup: Setup,
    time_limit_s: int,
    kill_grace_s: int,
) -> SubmitRequest:
    return SubmitRequest(
        name=folder_of(key),
        key=SubmittedKey(job_id=key.job_id, attempt=key.attempt, uid=str(key.uid)),
        command=command,
        env=dict(env),
        setup=setup,
        gpus=needs.gpus or 0,
        gpu_memory_mib=needs.gpu_memory_mib or None,
        memory_mib=needs.memory_mib,
        cpus=None if needs.cpus is None else max(1, round(needs.cpus)),
        time_limit_s=max(1, time_limit_s),
        kill_grace_s=kill_grace_s,
    )


def _places(request: RunRequest) -> Iterator[tuple[str, Path]]:
    """Yield where in the input a file goes, as a pointer without escapes, and where it lies here."""
    if request.inputs is None:
        return
    for place in request.inputs.places:
        for pointer in place.pointers:
            yield _unescaped(pointer), Path(request.inputs.folder) / place.path


def _unescaped(pointer: str) -> str:
    # `/data/images~1a.png` is the member `images/a.png` of `data`, and so the path that it is to have.
    return pointer.replace("~1", "/").replace("~0", "~")
