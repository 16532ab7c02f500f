"""The models of the direct lane, each in one process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog

from analysis_server.execution.gpu_inventory import detect_cards
from analysis_server.inference.errors import (
    AnswerLate,
    InputInvalid,
    ModelFailed,
    ModelUnavailable,
    ModelUnknown,
    TooManyWaiting,
)
from analysis_server.inference.model_folders import make_model_folders, manifest_of
from analysis_server.inference.room import ModelRoom
from analysis_server.inference.settings import ALL, InferenceSettings
from analysis_server.models.catalog import ModelSource, find_models
from analysis_server.runtimes.port import RunRequest, RunResult, SilentListener
from analysis_server.runtimes.process.environment import OwnEnvironment
from analysis_server.runtimes.process.runtime import ProcessRuntime
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.serving.drivers import EventLoop
from analysis_server.runtimes.serving.fleet import ServerFleet
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.run import ServerRun
from satellite.contracts.outcome import ErrorKind, JobError
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.errors import SatelliteError
from satellite.plugin.model.golden import FILE as GOLDEN_FILE
from satellite.schemas.compiled import CompiledSchema
from satellite.schemas.faults import Fault

LOOK_EVERY_S: Final = 0.5
RESULT_BYTES_MAX: Final = 64 * 2**20
NEVER_IDLE_S: Final = 366 * 86_400.0
NO_UID: Final = UUID(int=0)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A model that may be asked."""

    source: ModelSource
    signature: dict[str, Any]
    manifest: PluginManifest
    schema: CompiledSchema
    template: RunRequest

    @property
    def name(self) -> str:
        """Return the name that callers know."""
        return self.source.name

    @property
    def version(self) -> str:
        """Return the version."""
        return self.manifest.version

    def check(self, request: object) -> None:
        """Let a request pass that fits; raise `InputInvalid` for another."""
        if not self.schema.is_valid(request):
            raise InputInvalid(self.schema.faults(request, list_all=True))


class ModelServers:
    """Asks models, and loads them when they are asked first. For one event loop."""

    def __init__(self, settings: InferenceSettings) -> None:
        """Start no model yet; called on the loop that asks them."""
        self._settings = settings
        sources = find_models()
        manifests = {name: manifest_of(source, settings) for name, source in sources.items()}
        folders = make_model_folders(settings.state_dir / "models", manifests.values())
        self._runtime = ProcessRuntime(
            stack_id=settings.stack_id,
            state_dir=settings.state_dir,
            plugin_dir=folders,
            environments=OwnEnvironment(),
        )
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._fleet = ServerFleet(
            self._runtime,
            ServerLimits(idle_ttl_s=NEVER_IDLE_S, ready_timeout_s=settings.ready_timeout_s),
            driver=EventLoop(self._loop),
        )
        cards = detect_cards()
        self.has_cards = bool(cards)
        self._room = ModelRoom(settings, self._fleet, cards)
        self.models = {name: _served(source, manifests[name], settings) for name, source in sources.items()}
        self._numbers = itertools.count(1)
        self._waiting: set[ServerRun] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep watch, and the models that are to stay loaded, until the block ends."""
        self._runtime.sweep_orphans()
        watch = asyncio.create_task(self._watch())
        keep = [asyncio.create_task(self._keep_loaded(self.get(name))) for name in self._kept_names()]
        try:
            yield
        finally:
            for task in (watch, *keep):
                task.cancel()
            self._room.close()
            await asyncio.to_thread(self._fleet.close)
            await asyncio.to_thread(self._runtime.close)

    def get(self, name: str) -> ServedModel:
        """Return a model; raise `ModelUnknown` if there is none of this name."""
        try:
            return self.models[name]
        except KeyError:
            known = ", ".join(sorted(self.models)) or "none"
            raise ModelUnknown(f"There is no model {name!r}; there are: {known}.") from None

    def loaded(self) -> set[str]:
        """Return the names of the models that answer at once."""
        ready = set(self._fleet.loaded())
        return {
            name for name, model in self.models.items() if f"{model.manifest.name} {model.version}" in ready
        }

    @property
    def is_ready(self) -> bool:
        """Tell whether all models that are to stay loaded are."""
        return self._kept_names() <= self.loaded()

    async def ask(self, model: ServedModel, input_json: bytes) -> bytes:
        """Return the answer of a model, a JSON text, to a request that was checked.

        Raises:
            InputInvalid: the model refuses it.
            ModelFailed, AnswerLate, ModelUnavailable, TooManyWaiting: there is no answer.
        """
        if len(self._waiting) >= self._settings.waiting_max:
            raise TooManyWaiting
        hold = await self._room.enter(model.manifest, model.template.resident)
        try:
            result = await self._run(model, input_json, hold.allocation.gpu_ids)
        finally:
            self._room.leave(hold)
        if result.result_json is None:
            raise _as_error(result.error)
        return result.result_json

    async def _run(self, model: ServedModel, input_json: bytes, gpu_ids: tuple[str, ...]) -> RunResult:
        answered: asyncio.Future[RunResult] = self._loop.create_future()
        request = _request(model.template, next(self._numbers), input_json, gpu_ids)

        def told(result: RunResult) -> None:
            # Nearly always on the loop; of a server that has ended its thread tells.
            if threading.get_ident() == self._thread:
                _settle(answered, result)
            else:
                self._loop.call_soon_threadsafe(_settle, answered, result)

        run = ServerRun(request, listener=SilentListener(), control=RunControl(), told=told)
        self._waiting.add(run)
        try:
            self._fleet.begin(run)
            return await answered
        finally:
            self._waiting.discard(run)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._room.settle()
            for run in list(self._waiting):
                self._fleet.attend(run)

    async def _keep_loaded(self, model: ServedModel) -> None:
        """Ask a model something whenever it is not loaded, by which it is."""
        while True:
            if model.name not in self.loaded():
                began = time.monotonic()
                try:
                    await self.ask(model, _first_golden(model.source.files))
                    logger.info("model loaded", model=model.name, seconds=round(time.monotonic() - began, 3))
                except SatelliteError as error:
                    logger.warning("model not loaded", model=model.name, error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    def _kept_names(self) -> set[str]:
        wanted = self._settings.preload
        return set(self.models) if ALL in wanted else set(wanted)


def _served(source: ModelSource, manifest: PluginManifest, settings: InferenceSettings) -> ServedModel:
    return ServedModel(
        source=source,
        signature=source.signature(),
        manifest=manifest,
        schema=CompiledSchema(manifest.input_schema),
        template=RunRequest(
            job_id=0,
            attempt=1,
            uid=NO_UID,
            owner_id=0,
            worker="inference",
            plugin_digest=manifest.digest(),
            manifest_json=manifest.model_dump_json(),
            input_json=b"",
            timeout_s=settings.timeout_s,
            max_result_bytes=RESULT_BYTES_MAX,
            max_log_bytes=0,
            stack_id=settings.stack_id,
        ),
    )


def _request(template: RunRequest, number: int, input_json: bytes, gpu_ids: tuple[str, ...]) -> RunRequest:
    # By hand: `dataclasses.replace` looks at each field, and takes a tenth of what a small model does.
    return RunRequest(
        job_id=number,
        attempt=1,
        uid=NO_UID,
        owner_id=template.owner_id,
        worker=template.worker,
        plugin_digest=template.plugin_digest,
        manifest_json=template.manifest_json,
        input_json=input_json,
        timeout_s=template.timeout_s,
        gpu_ids=gpu_ids,
        max_result_bytes=template.max_result_bytes,
        max_log_bytes=template.max_log_bytes,
        stack_id=template.stack_id,
    )


def _settle(answered: asyncio.Future[RunResult], result: RunResult) -> None:
    if not answered.done():
        answered.set_result(result)


def _first_golden(files: Path) -> bytes:
    file = files / GOLDEN_FILE
    examples = json.loads(file.read_bytes()) if file.is_file() else []
    return json.dumps(examples[0]["input"] if examples else {"data": None}).encode()


def _as_error(error: JobError | None) -> SatelliteError:
    """Return what a caller is told; how a process died is for the log alone."""
    if error is None:
        return ModelUnavailable("The server is being stopped.")
    if error.kind is ErrorKind.INPUT:
        pointer, _, message = error.message.partition(" ")
        is_placed = pointer.startswith("/")
        return InputInvalid([Fault(pointer, message) if is_placed else Fault("/data", error.message)])
    logger.warning("model failed", kind=error.kind, error=error.message, stderr=error.stderr_tail)
    if error.kind is ErrorKind.TIMEOUT:
        return AnswerLate()
    if error.kind in {ErrorKind.EXIT, ErrorKind.OUTPUT} and error.exit_code is None:
        return ModelFailed(f"The model failed at this request: {error.message}")
    return ModelUnavailable()
