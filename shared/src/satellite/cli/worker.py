"""`satellite worker`: who runs the jobs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import typer

from satellite.cli.output import AsJSON, print_json, print_table
from satellite.cli.session import open_client

if TYPE_CHECKING:
    from satellite.client import Worker

app = typer.Typer(help="Look at the workers.", no_args_is_help=True)


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
            "draining" if worker.draining else "ok" if worker.consumer_ok else "not consuming",
        )
        for worker in page.items
    ]
    heads = ["name", "host", "runtime", "queues", "labels", "running", "slots"]
    print_table([*heads, "free cpus", "free MiB", "gpus", "loaded", "state"], rows)


def _cards(worker: Worker) -> str:
    kinds = Counter(card.name or "unnamed" for card in worker.cards)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "0"


def _loaded(worker: Worker) -> str:
    """Name the server plugins and versions of models that a worker has loaded, each with its replicas."""
    counts = Counter(plugin.model or f"{plugin.name} {plugin.version}" for plugin in worker.loaded)
    return ", ".join(f"{plugin} x{count}" if count > 1 else plugin for plugin, count in counts.items()) or "-"
