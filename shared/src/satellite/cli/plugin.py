"""`satellite plugin`: what the server can run, and what authors do before that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from satellite.cli import plugin_authoring
from satellite.cli.errors import BadUsage
from satellite.cli.json_input import read_json_file
from satellite.cli.output import AsJSON, print_json, print_line, print_table
from satellite.cli.plugin_reports import find_report
from satellite.cli.session import open_client
from satellite.client.models import Page, Plugin, PluginTrial

Name = Annotated[str, typer.Argument(help="The plugin's name.")]

app = typer.Typer(help="Write, try, build, register and pause plugins.", no_args_is_help=True)
app.command("init")(plugin_authoring.init)
app.command("test")(plugin_authoring.try_out)
app.command("dev")(plugin_authoring.dev)
app.command("build")(plugin_authoring.build)


@app.command("list")
def list_plugins(
    name: Annotated[str | None, typer.Option(help="Only this plugin.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    as_json: AsJSON = False,
) -> None:
    """List the registered plugins."""
    with open_client() as client:
        page = client.list_plugins(name=name, limit=limit)
    _print_page(page, as_json=as_json)


@app.command()
def versions(name: Name, as_json: AsJSON = False) -> None:
    """List the versions of a plugin, newest first."""
    with open_client() as client:
        page = client.list_plugin_versions(name)
    _print_page(page, as_json=as_json)


@app.command()
def pause(name: Name) -> None:
    """Let jobs of a plugin wait; those that run go on."""
    with open_client() as client:
        client.pause_plugin(name)
    print_line(f"Paused {name}.")


@app.command()
def resume(name: Name) -> None:
    """Let jobs of a plugin run again."""
    with open_client() as client:
        client.resume_plugin(name)
    print_line(f"Resumed {name}.")


@app.command()
def register(
    path: Annotated[Path, typer.Argument(help="A plugin.json, or the folder that holds it.")],
    as_json: AsJSON = False,
) -> None:
    """Register a version of a plugin, with the report of the last `test` of exactly these files."""
    manifest = read_manifest(path)
    report = find_report(path if path.is_dir() else path.parent, manifest)
    with open_client() as client:
        plugin = client.register_plugin(manifest)
        if report is not None:
            client.send_plugin_report(plugin.name, plugin.version, report)
    if as_json:
        print_json(plugin.model_dump(mode="json"))
        return
    print_line(f"Registered {plugin.name} {plugin.version}.")
    print_line("No report: these files were not tested." if report is None else list(report.lines())[-1])


def _print_page(page: Page[Plugin], *, as_json: bool) -> None:
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    rows = [
        (plugin.name, plugin.version, _told(plugin.report), plugin.description[:80]) for plugin in page.items
    ]
    print_table(["name", "version", "tested", "description"], rows)


def _told(report: PluginTrial | None) -> str:
    if report is None:
        return "-"
    return f"{report.when:%Y-%m-%d}: " + ("passed" if report.passed else f"{report.findings} found")


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest at `path` as the server will judge it.

    Raises:
        BadUsage: it cannot be read or is no JSON object.
    """
    file = path / "plugin.json" if path.is_dir() else path
    manifest = read_json_file(file)
    if not isinstance(manifest, dict):
        raise BadUsage(f"{file} is not a JSON object.")
    return manifest
