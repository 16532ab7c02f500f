"""`satellite worker`: who runs the jobs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from satellite.cli.output import AsJSON, print_json, print_line, print_table
from satellite.cli.session import open_client

if TYPE_CHECKING:
    from satellite.client import Worker

app = typer.Typer(help="Look at the workers, drain and resume them.", no_args_is_help=True)

WORDS = {"up": "ok", "deaf": "not consuming"}
"""What people are told of states that the platform has other words for."""

Name = Annotated[str, typer.Argument(help="Name of the worker.")]


@app.command("list")
def list_workers(as_json: AsJSON = False) -> None:
    """List the live workers."""
    with open_client() as client:
        page = client.list_workers()
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    rows = [
        (
            worker.name,
            worker.host,
            ",".join(worker.worker_class.runtimes),
            ",".join(worker.serves),
            ",".join(f"{key}={value}" for key, value in sorted(worker.labels.items())),
            len(worker.running),
            f"{worker.slots_taken}/{worker.slots}",
            f"{worker.free.cpus:g}/{worker.total.cpus:g}",
            f"{worker.free.memory_mib}/{worker.total.memory_mib}",
            _cards(worker),
            _loaded(worker),
            WORDS.get(worker.state, worker.state),
        )
        for worker in page.items
    ]
    heads = ["name", "host", "runtime", "queues", "labels", "running", "slots"]
    print_table([*heads, "free cpus", "free MiB", "gpus", "loaded", "state"], rows)
    if away := sorted(set(page.drained) - {worker.name for worker in page.items}):
        print_line(f"Drained and away: {', '.join(away)}.")


@app.command()
def drain(name: Name) -> None:
    """Let a worker take no further jobs, also after a restart; those that it runs go on."""
    with open_client() as client:
        client.drain_worker(name)
        running = sum(len(worker.running) for worker in client.list_workers().items if worker.name == name)
    print_line(f"{name} is drained: {running} jobs run there and go on.")


@app.command()
def resume(name: Name) -> None:
    """Let a worker take jobs again, at once or when it is back."""
    with open_client() as client:
        client.resume_worker(name)
    print_line(f"{name} takes jobs again.")


def _cards(worker: Worker) -> str:
    kinds = Counter(card.name or "unnamed" for card in worker.cards)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "0"


def _loaded(worker: Worker) -> str:
    """Name the server plugins and versions of models that a worker has loaded, each with its replicas."""
    counts = Counter(plugin.model or f"{plugin.name} {plugin.version}" for plugin in worker.loaded)
    return ", ".join(f"{plugin} x{count}" if count > 1 else plugin for plugin, count in counts.items()) or "-"
