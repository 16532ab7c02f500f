"""`satellite worker`: who runs the jobs."""

from __future__ import annotations

import typer

from satellite.cli.output import AsJSON, print_json, print_table
from satellite.cli.session import open_client

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
            worker.runtime,
            len(worker.running),
            f"{worker.slots_taken}/{worker.slots}",
            f"{worker.free.cpus:g}/{worker.total.cpus:g}",
            f"{worker.free.memory_mib}/{worker.total.memory_mib}",
            len(worker.cards),
            "draining" if worker.draining else "ok" if worker.consumer_ok else "not consuming",
        )
        for worker in page.items
    ]
    print_table(
        ["name", "host", "runtime", "running", "slots", "free cpus", "free MiB", "gpus", "state"], rows
    )
