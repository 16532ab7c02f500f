"""`satellite model`: what is registered, and which version an alias names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.json_input import read_json_file
from satellite.cli.output import AsJSON, print_fields, print_json, print_line, print_table
from satellite.cli.session import open_client

if TYPE_CHECKING:
    from satellite.client import Model, ModelVersion

app = typer.Typer(help="Register models, and say which version is the champion.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The model's name.")]
KINDS = {".onnx", ".safetensors", ".json"}
SIGNATURE, METRICS = "signature.json", "metrics.json"
"""Files beside those of a version, which are told and not stored with it."""


@app.command("list")
def list_models(
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 100,
    as_json: AsJSON = False,
) -> None:
    """List the models, their newest versions and their aliases."""
    with open_client() as client:
        page = client.list_models(limit=limit)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    rows = [(each.name, each.latest_version, _aliases(each), each.description[:80]) for each in page.items]
    print_table(["name", "newest", "aliases", "description"], rows)


@app.command()
def show(name: Name, as_json: AsJSON = False) -> None:
    """Show a model and its versions."""
    with open_client() as client:
        model, versions = client.get_model(name), client.list_versions(name)
    if as_json:
        print_json({**model.model_dump(mode="json"), "versions": versions.model_dump(mode="json")})
        return
    print_fields([("name", model.name), ("aliases", _aliases(model)), ("signature", model.signature)])
    print_table(["version", "aliases", "plugin", "metrics", "files"], [_row(each) for each in versions.items])


@app.command()
def register(
    name: Name,
    folder: Annotated[
        Path,
        typer.Argument(
            help="The folder of a version: its ONNX, safetensors and JSON files, and beside these "
            f"{SIGNATURE} (of a new model) and {METRICS}.",
            exists=True,
            file_okay=False,
        ),
    ],
    plugin: Annotated[str, typer.Option(help="The server plugin that loads it.")] = "onnx-model",
    description: Annotated[str, typer.Option(help="Of a new model.")] = "",
    as_json: AsJSON = False,
) -> None:
    """Register a version of a model, and the model if its signature is in the folder."""
    files = find_files(folder)
    metrics = _read_object(folder / METRICS)
    with open_client() as client:
        if (signature := _read_object(folder / SIGNATURE)) is not None:
            client.register_model(name, signature, description=description)
        version = client.register_version(name, files, plugin_name=plugin, metrics=metrics)
    if as_json:
        print_json(version.model_dump(mode="json"))
    else:
        print_line(f"Registered {name}@{version.version}.")


@app.command()
def alias(
    name: Name,
    alias_name: Annotated[str, typer.Argument(metavar="ALIAS", help="Such as champion.")],
    version: Annotated[int, typer.Argument(min=1, help="The version that it is to name.")],
) -> None:
    """Let an alias name a version."""
    with open_client() as client:
        client.move_alias(name, alias_name, version)
    print_line(f"{name}@{alias_name} is version {version}.")


def find_files(folder: Path) -> dict[str, Path]:
    """Return the files of a version by their roles.

    Raises:
        BadUsage: there are none.
    """
    found = {
        path.name: path
        for path in sorted(folder.iterdir())
        if path.suffix in KINDS and path.name not in {SIGNATURE, METRICS}
    }
    if not found:
        raise BadUsage(f"{folder} has no file of a model: none ends in {', '.join(sorted(KINDS))}.")
    return found


def _read_object(file: Path) -> dict[str, Any] | None:
    if not file.is_file():
        return None
    document = read_json_file(file)
    if not isinstance(document, dict):
        raise BadUsage(f"{file} is not a JSON object.")
    return document


def _aliases(model: Model) -> str:
    return ", ".join(f"{name}={version}" for name, version in model.aliases.items())


def _row(version: ModelVersion) -> tuple[Any, ...]:
    metrics = ", ".join(f"{name} {value}" for name, value in version.metrics.items())
    files = ", ".join(str(file.get("role")) for file in version.files)
    plugin = f"{version.plugin_name} {version.plugin_version}"
    return version.version, ", ".join(version.aliases), plugin, metrics, files
