"""The models of the direct lane, each in one process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from collections.abc import AsyncIterator
from typing import Final

import structlog

from analysis_server.execution.gpu_inventory import detect_cards
from analysis_server.inference.errors import ModelUnknown, TooManyWaiting
from analysis_server.inference.model_faults import as_error
from analysis_server.inference.model_folders import make_model_folders, manifest_of
from analysis_server.inference.room import ModelRoom
from analysis_server.inference.served_model import ServedModel
from analysis_server.inference.settings import ALL, InferenceSettings
from analysis_server.models.catalog import find_models
from analysis_server.runtimes.port import RunResult, SilentListener
from analysis_server.runtimes.process.environment import OwnEnvironment
from analysis_server.runtimes.process.runtime import ProcessRuntime
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.serving.drivers import EventLoop
from analysis_server.runtimes.serving.fleet import ServerFleet
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.run import ServerRun
from satellite.errors import SatelliteError

LOOK_EVERY_S: Final = 0.5
NEVER_IDLE_S: Final = 366 * 86_400.0

logger = structlog.get_logger(__name__)


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
            plugin_dirs=[folders],
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
        self.models = {
            name: ServedModel.of(source, manifests[name], settings) for name, source in sources.items()
        }
        self._numbers = itertools.count(1)
        self._asked = 0
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
        if self._asked >= self._settings.waiting_max:
            raise TooManyWaiting
        self._asked += 1
        try:
            hold = await self._room.enter(model.manifest, model.template.resident)
            try:
                result = await self._run(model, input_json, hold.allocation.gpu_ids)
            finally:
                self._room.leave(hold)
        finally:
            self._asked -= 1
        if result.result_json is None:
            raise as_error(model.name, result.error)
        return result.result_json

    async def _run(self, model: ServedModel, input_json: bytes, gpu_ids: tuple[str, ...]) -> RunResult:
        answered: asyncio.Future[RunResult] = self._loop.create_future()
        request = model.request(next(self._numbers), input_json, gpu_ids)

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
                    await self.ask(model, model.first_golden())
                    logger.info("model loaded", model=model.name, seconds=round(time.monotonic() - began, 3))
                except SatelliteError as error:
                    logger.warning("model not loaded", model=model.name, error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    def _kept_names(self) -> set[str]:
        wanted = self._settings.preload
        return set(self.models) if ALL in wanted else set(wanted)


def _settle(answered: asyncio.Future[RunResult], result: RunResult) -> None:
    if not answered.done():
        answered.set_result(result)
