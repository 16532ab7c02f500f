"""`satellite up`: the whole platform from nothing to a first result, and down again."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console

from satellite.errors import SatelliteError
from satellite.local.announcer import Announcer
from satellite.local.disk_watch import watch_disk
from satellite.local.home import StackHome
from satellite.local.leftovers import (
    STACK_VARIABLE,
    end_leftover_processes,
    kill_strays,
    record_processes,
    remove_leftover_containers,
)
from satellite.local.plugin_folders import VARIABLE as PLUGINS_VARIABLE
from satellite.local.plugin_folders import find_plugin_dirs
from satellite.local.postgres_place import find_place
from satellite.local.runtime import RuntimeDecision, RuntimeOption, decide_runtime
from satellite.local.stack import INFERENCE_KEY, Stack, StackOptions, StackPorts
from satellite.local.supervisor import Supervisor
from satellite.visible_text import make_visible

if TYPE_CHECKING:
    from satellite.client import SatelliteClient
    from satellite.local.later_plugins import LaterPlugins
    from satellite.local.model_plugins import ModelPlugin

Answer = TypeVar("Answer")
FIRST_COMMAND = """run example-processor --input '{"csv": "name,age\\n Ada ,36\\nBob,"}' --wait"""


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
        self.plugin_dirs = find_plugin_dirs()
        self.later: asyncio.Task[list[Path]] | None = None
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
        self.later = asyncio.create_task(self._find_later())
        self.runtime = asyncio.create_task(self._prepare_runtime(self.later))
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
        running = [task for task in (*tasks, self.later, self.runtime) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
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
        later = [] if self.later is None else await asyncio.shield(self.later)
        plugins = await in_thread(self._register, client, later)
        self.say.ready(stack.url)
        await supervisor.wait_ready()
        self.say.note(f"All parts run ({self.say.elapsed_s:.1f} s)")
        await stack.redis.compact()
        if self.request.wants_demo:
            await in_thread(self._demo, client)
        self._print_addresses(stack, plugins)
        # Last, because nobody waits for them who does not know them yet, and an image takes its time.
        for folder in later:
            await self._install_later(client, folder)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._install_models(client))
            if self.request.wants_demo:
                group.create_task(in_thread(self._run_workflow, client))
        await in_thread(client.close)
        await asyncio.Event().wait()

    async def _install_later(self, client: SatelliteClient, folder: Path) -> None:
        with_image = self.runtime is not None and self._used_containers(self.runtime)
        try:
            await in_thread(lambda: self._later_plugins.install(client, folder, with_image=with_image))
        except SatelliteError as error:
            self.say.warn(f"Plugin {folder.name} does not work: {error}")
            return
        self.say.note(f"Plugin {folder.name} has its image ({self.say.elapsed_s:.1f} s)")

    async def _install_models(self, client: SatelliteClient) -> None:
        from satellite.local.model_plugins import make_model_plugins  # noqa: PLC0415

        # What is left of it at the end is found by this.
        environment = {STACK_VARIABLE: self.home.stack_id}
        try:
            models = await in_thread(lambda: make_model_plugins(self.home.models, environment=environment))
        except SatelliteError as error:
            self.say.warn(f"No models are installed: {error}")
            return
        labels = [label for model in models if (label := await self._install(client, model))]
        if labels:
            self.say.note(f"Models answer: {', '.join(labels)} ({self.say.elapsed_s:.1f} s)")

    async def _install(self, client: SatelliteClient, model: ModelPlugin) -> str | None:
        from satellite.local.model_plugins import install_model  # noqa: PLC0415
        from satellite.local.plugin_images import build_image  # noqa: PLC0415

        try:
            if self.runtime is not None and self._used_containers(self.runtime):
                await in_thread(build_image, model.plugin_folder)
            installed = await in_thread(install_model, client, model)
        except SatelliteError as error:
            self.say.warn(f"The model {model.name} is not installed: {error}")
            return None
        return f"{model.name}@{installed.champion or installed.version}"

    async def _find_later(self) -> list[Path]:
        """Return the folders of the plugins whose images are made after the first job."""
        if not decide_runtime(self.request.runtime).runtime.has_containers:
            return []
        return await in_thread(lambda: self._later_plugins.find(self.plugin_dirs))

    @functools.cached_property
    def _later_plugins(self) -> LaterPlugins:
        from satellite.local.later_plugins import LaterPlugins  # noqa: PLC0415

        return LaterPlugins(self.home.path)

    async def _prepare_runtime(self, later: asyncio.Task[list[Path]]) -> RuntimeDecision:
        """Decide on the runtime, clean up behind an earlier start, and make the plugins' images."""
        decision = decide_runtime(self.request.runtime)
        if decision.runtime.has_containers:
            try:
                await in_thread(remove_leftover_containers, self.home.stack_id)
                await in_thread(self._build_images, await asyncio.shield(later))
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
        folders = [*self.plugin_dirs, self.home.models]
        return {
            "SATELLITE_WORKER_RUNTIME": str(decision.runtime),
            PLUGINS_VARIABLE: os.pathsep.join(map(str, folders)),
        }

    def _build_images(self, later: Sequence[Path]) -> None:
        from satellite.local.plugin_images import build_missing_images, missing_images  # noqa: PLC0415

        if missing := [name for folder in self.plugin_dirs for name in missing_images(folder, but=later)]:
            self.say.note(f"Making the images of {', '.join(missing)}, once: about a minute")
        for plugin_dir in self.plugin_dirs:
            build_missing_images(plugin_dir, but=later)

    def _used_containers(self, runtime: asyncio.Task[RuntimeDecision]) -> bool:
        if not runtime.done() or runtime.cancelled() or runtime.exception() is not None:
            return False
        return runtime.result().runtime.has_containers

    def _log_in(self, url: str) -> SatelliteClient:
        from satellite.client import SatelliteClient  # noqa: PLC0415  # Its import overlaps with the boot.

        client = SatelliteClient(url)
        client.login(*self.home.admin())
        return client

    def _register(self, client: SatelliteClient, later: Sequence[Path]) -> list[str]:
        from satellite.local.demo import register_plugins  # noqa: PLC0415

        names, problems = register_plugins(client, self.plugin_dirs)
        for folder in later:
            if folder.name in names:
                self._later_plugins.pause(client, folder)
        for problem in problems:
            self.say.warn(problem)
        return names

    def _demo(self, client: SatelliteClient) -> None:
        from satellite.local.demo import DEMO_PLUGIN, example_input, run_demo, timings_line  # noqa: PLC0415

        input_data = example_input(self.plugin_dirs)
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

    def _run_workflow(self, client: SatelliteClient) -> None:
        from satellite.local.first_workflow import result_lines, run_first_workflow  # noqa: PLC0415

        try:
            run = run_first_workflow(client, self.plugin_dirs)
            if run is None:
                return
            lines = list(result_lines(client, run))
        except SatelliteError as error:
            self.say.warn(f"The first workflow did not run: {error}")
            return
        took_s = (run.completed_at - run.created_at).total_seconds() if run.completed_at else 0.0
        self.say.note(f"Run {run.id} of the workflow {run.workflow_name} {run.status} ({took_s:.1f} s)")
        for line in lines:
            self.say.note(line)

    def _print_addresses(self, stack: Stack, plugins: list[str]) -> None:
        example = FIRST_COMMAND if "example-processor" in plugins else "plugin list"
        home = "" if self.home.path == Path.cwd() / ".satellite" else f"SATELLITE_HOME={self.home.path} "
        self.say.console.print(
            f"\n   API docs    {stack.url}/docs\n"
            f"   Dashboard   {stack.url}/\n"
            f"   Flower      {stack.flower_url} (same login)\n"
            f"   Inference   {stack.inference_url}, X-API-Key in {self.home.path / INFERENCE_KEY}\n"
            f"   Login       {self.home.admin()[0]}, password in {self.home.credentials}\n"
            f"   Logs        {self.home.logs}\n\n"
            f"   Next, in another terminal:\n"
            f"               {home}{_command()} {example}\n"
            f"               {home}{_command()} demo    fills it with something to look at\n"
            f"   Ctrl-C stops everything; the data stays in {self.home.path}\n",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        self.say.console.file.flush()


def _command() -> str:
    """Return how `satellite` is called here: by its name, where the shell finds this one by it."""
    this = Path(sys.executable).with_name("satellite")
    if shutil.which("satellite") == str(this):
        return "satellite"
    return str(this.relative_to(Path.cwd()) if this.is_relative_to(Path.cwd()) else this)


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
