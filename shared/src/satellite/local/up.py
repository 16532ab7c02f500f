"""`satellite up`: the whole platform from nothing to a first result, and down again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console

from satellite.errors import SatelliteError
from satellite.local.announcer import Announcer
from satellite.local.disk_watch import watch_disk
from satellite.local.home import StackHome
from satellite.local.leftovers import (
    end_leftover_processes,
    kill_strays,
    record_processes,
    remove_leftover_containers,
)
from satellite.local.plugin_folders import find_plugin_dir
from satellite.local.postgres_place import find_place
from satellite.local.runtime import RuntimeDecision, RuntimeOption, decide_runtime
from satellite.local.stack import INFERENCE_KEY, Stack, StackOptions, StackPorts
from satellite.local.supervisor import Supervisor
from satellite.visible_text import make_visible

if TYPE_CHECKING:
    from satellite.client import SatelliteClient

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class UpRequest:
    """What the command line asked for."""

    home: Path
    options: StackOptions
    runtime: RuntimeOption = RuntimeOption.AUTO
    wants_demo: bool = True


async def run_up(request: UpRequest, console: Console) -> None:
    """Run the platform until SIGINT, SIGTERM or SIGHUP; a second signal kills at once.

    Raises:
        StackError: it cannot be started; the message says what to do.
    """
    home = StackHome(path=request.home.expanduser().absolute())
    home.prepare()
    lock = home.lock()
    try:
        await _Run(request, home, Announcer(console)).run()
    finally:
        os.close(lock)


class _Run:
    """One start of the platform."""

    def __init__(self, request: UpRequest, home: StackHome, announcer: Announcer) -> None:
        self.request = request
        self.home = home
        self.say = announcer
        self.plugin_dir = find_plugin_dir()
        self.runtime: asyncio.Task[RuntimeDecision] | None = None

    async def run(self) -> None:
        found = await asyncio.to_thread(end_leftover_processes, self.home)
        if found:
            self.say.note(f"Ended {found} processes that an earlier start left behind")
        ports = StackPorts.choose(self.request.options)
        place = await asyncio.to_thread(find_place, self.home)
        if place.remark:
            self.say.note(place.remark)
        stack = Stack(
            home=self.home,
            options=self.request.options,
            ports=ports,
            postgres_place=place,
            worker_environment=self._worker_environment,
        )
        supervisor = Supervisor(
            stack.processes(),
            log_dir=self.home.logs,
            listener=self.say.part,
            recorder=lambda process_ids: record_processes(self.home, process_ids),
        )
        self.runtime = asyncio.create_task(self._prepare_runtime())
        await self._until_told_to_stop(stack, supervisor)

    async def _until_told_to_stop(self, stack: Stack, supervisor: Supervisor) -> None:
        told = asyncio.Event()

        def on_signal() -> None:
            if told.is_set():
                supervisor.kill()
            told.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, on_signal)
        supervisor.start()
        work = asyncio.create_task(self._serve(stack, supervisor))
        stop = asyncio.create_task(told.wait())
        disk = asyncio.create_task(watch_disk(self.home.path, warn=self.say.warn, note=self.say.note))
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            await self._stop(supervisor, work, stop, disk)

    async def _stop(self, supervisor: Supervisor, *tasks: asyncio.Task[Any]) -> None:
        self.say.is_stopping = True
        self.say.note("Stopping; a second Ctrl-C kills at once")
        used_containers = self.runtime is not None and self._used_containers(self.runtime)
        for task in (*tasks, self.runtime):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in (*tasks, self.runtime) if task), return_exceptions=True)
        await supervisor.stop()
        kill_strays(self.home.stack_id)
        if used_containers:
            with contextlib.suppress(Exception):
                await asyncio.to_thread(remove_leftover_containers, self.home.stack_id)
        self.home.processes.unlink(missing_ok=True)
        shutil.rmtree(self.home.scratch, ignore_errors=True)

    async def _serve(self, stack: Stack, supervisor: Supervisor) -> None:
        """Bring everything up, run the demo, then wait for ever."""
        await supervisor.wait_ready("api")
        self.home.write_credentials(stack.url)
        client = await in_thread(self._log_in, stack.url)
        plugins = await in_thread(self._register, client)
        self.say.ready(stack.url)
        await supervisor.wait_ready()
        self.say.note(f"All parts run ({self.say.elapsed_s:.1f} s)")
        await stack.redis.compact()
        if self.request.wants_demo and self.plugin_dir is not None:
            await in_thread(self._demo, client)
        await in_thread(client.close)
        self._print_addresses(stack, plugins)
        await asyncio.Event().wait()

    async def _prepare_runtime(self) -> RuntimeDecision:
        """Decide on the runtime, clean up behind an earlier start, and make the plugins' images."""
        decision = decide_runtime(self.request.runtime)
        if decision.runtime.has_containers:
            try:
                await in_thread(remove_leftover_containers, self.home.stack_id)
                if self.plugin_dir is not None:
                    await in_thread(self._build_images, self.plugin_dir)
            except Exception as error:  # noqa: BLE001  # Whatever an engine says, jobs can still run.
                if self.request.runtime is not RuntimeOption.AUTO:
                    self.say.warn(f"The plugins' images could not be made: {_sentence(error)}")
                else:
                    reason = f"the plugins' images could not be made: {_sentence(error)}"
                    decision = RuntimeDecision(runtime=RuntimeOption.PROCESS, reason=reason)
        self.say.note(f"Plugins run in the {decision.runtime} runtime: {decision.reason}")
        if decision.runtime is not RuntimeOption.CONTAINER:
            self.say.note(
                "The process runtime limits resources but isolates nothing: run only plugins you trust"
            )
        return decision

    async def _worker_environment(self) -> Mapping[str, str]:
        if self.runtime is None:
            return {}
        decision = await asyncio.shield(self.runtime)
        environment = {"SATELLITE_WORKER_RUNTIME": str(decision.runtime)}
        if self.plugin_dir is not None:
            environment["SATELLITE_WORKER_PLUGIN_DIR"] = str(self.plugin_dir)
        return environment

    def _build_images(self, plugin_dir: Path) -> None:
        from satellite.local.plugin_images import build_missing_images  # noqa: PLC0415

        build_missing_images(plugin_dir)

    def _used_containers(self, runtime: asyncio.Task[RuntimeDecision]) -> bool:
        if not runtime.done() or runtime.cancelled() or runtime.exception() is not None:
            return False
        return runtime.result().runtime.has_containers

    def _log_in(self, url: str) -> SatelliteClient:
        from satellite.client import SatelliteClient  # noqa: PLC0415  # Its import overlaps with the boot.

        client = SatelliteClient(url)
        client.login(*self.home.admin())
        return client

    def _register(self, client: SatelliteClient) -> list[str]:
        from satellite.local.demo import register_plugins  # noqa: PLC0415

        if self.plugin_dir is None:
            return []
        names, problems = register_plugins(client, self.plugin_dir)
        for problem in problems:
            self.say.warn(problem)
        return names

    def _demo(self, client: SatelliteClient) -> None:
        from satellite.local.demo import DEMO_PLUGIN, example_input, run_demo, timings_line  # noqa: PLC0415

        input_data = example_input(self.plugin_dir) if self.plugin_dir is not None else None
        if input_data is None:
            return
        console = self.say.console
        self.say.note(f"Running {DEMO_PLUGIN} on real rows of its data set")
        try:
            job = run_demo(client, console, input_data)
        except SatelliteError as error:
            self.say.warn(f"The demo job did not succeed: {error}")
            return
        if job.error_message or job.result is None:
            self.say.warn(f"Job {job.id} {job.status}: {job.error_message or 'no result'}")
            return
        result = json.dumps(job.result, indent=2, ensure_ascii=False)
        console.print(make_visible(result, keep="\n"), markup=False, emoji=False, soft_wrap=True)
        self.say.note(f"Job {job.id} {job.status} ({timings_line(job)})")
        self.say.note(f"First result after {self.say.elapsed_s:.1f} s")

    def _print_addresses(self, stack: Stack, plugins: list[str]) -> None:
        example = "example-classifier" if "example-classifier" in plugins else "PLUGIN"
        home = "" if self.home.path == Path.cwd() / ".satellite" else f"SATELLITE_HOME={self.home.path} "
        self.say.console.print(
            f"\n   API docs    {stack.url}/docs\n"
            f"   Dashboard   {stack.url}/\n"
            f"   Flower      {stack.flower_url} (same login)\n"
            f"   Inference   {stack.inference_url}, X-API-Key in {self.home.path / INFERENCE_KEY}\n"
            f"   Login       {self.home.admin()[0]}, password in {self.home.credentials}\n"
            f"   Logs        {self.home.logs}\n\n"
            f"   Next job:   {home}satellite run {example} --input-file FILE --wait\n"
            f"   Ctrl-C stops everything; the data stays in {self.home.path}\n",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        self.say.console.file.flush()


async def in_thread(function: Callable[..., Answer], *arguments: Any) -> Answer:
    """Await a blocking call in a thread that does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Answer] = loop.create_future()

    def settle(set_outcome: Callable[[Any], None], outcome: Any) -> None:
        if not future.done():
            set_outcome(outcome)

    def work() -> None:
        try:
            outcome: tuple[Callable[[Any], None], Any] = (future.set_result, function(*arguments))
        except BaseException as error:  # noqa: BLE001  # Handed over to the one who awaits.
            outcome = (future.set_exception, error)
        with contextlib.suppress(RuntimeError):  # The loop is gone, and so is the one who awaited.
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=work, daemon=True, name=f"up-{function.__name__}").start()
    return await future


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
