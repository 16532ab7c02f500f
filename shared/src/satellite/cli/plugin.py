"""`satellite plugin`: what the server can run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.output import AsJSON, print_json, print_table
from satellite.cli.session import open_client

app = typer.Typer(help="List and register plugins.", no_args_is_help=True)


@app.command("list")
def list_plugins(
    name: Annotated[str | None, typer.Option(help="Only this plugin.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    as_json: AsJSON = False,
) -> None:
    """List the registered plugins."""
    with open_client() as client:
        page = client.list_plugins(name=name, limit=limit)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    rows = [(plugin.name, plugin.version, plugin.description[:80]) for plugin in page.items]
    print_table(["name", "version", "description"], rows)


@app.command()
def register(
    path: Annotated[Path, typer.Argument(help="A plugin.json, or the folder that holds it.")],
    as_json: AsJSON = False,
) -> None:
    """Register a version of a plugin."""
    manifest = read_manifest(path)
    with open_client() as client:
        plugin = client.register_plugin(manifest)
    if as_json:
        print_json(plugin.model_dump(mode="json"))
    else:
        print(f"Registered {plugin.name} {plugin.version}.")


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest at `path` as the server will judge it.

    Raises:
        BadUsage: it cannot be read or is no JSON object.
    """
    from satellite.contracts.json_text import JSONRefused, parse_json  # noqa: PLC0415  # Slow to import.

    file = path / "plugin.json" if path.is_dir() else path
    try:
        manifest = parse_json(file.read_bytes(), bytes_max=None)
    except OSError as error:
        raise BadUsage(f"{file} cannot be read: {error.strerror}.") from error
    except JSONRefused as refusal:
        raise BadUsage(f"{file} is not a manifest: {refusal}.") from refusal
    if not isinstance(manifest, dict):
        raise BadUsage(f"{file} is not a JSON object.")
    return manifest
