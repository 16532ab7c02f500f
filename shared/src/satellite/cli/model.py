"""`satellite model`: what is registered, and which version an alias names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satellite.cli import model_gate, model_rollout
from satellite.cli.credentials import default_home
from satellite.cli.errors import BadUsage
from satellite.cli.json_input import read_json_file
from satellite.cli.output import AsJSON, print_fields, print_json, print_line, print_table
from satellite.cli.session import open_client
from satellite.container_engine.address import EngineAddress
from satellite.contracts.model_version import CHAMPION, METRICS_NAME, SIGNATURE_NAME

if TYPE_CHECKING:
    from satellite.client import Model, ModelVersion

app = typer.Typer(help="Register models, and say which version is the champion.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The model's name.")]
app.command("evaluate")(model_gate.evaluate)
app.command("evaluations")(model_gate.evaluations)
app.command("gate")(model_gate.gate)
app.command("rollout")(model_rollout.rollout)

KINDS = {".onnx", ".safetensors", ".json"}


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
            f"{SIGNATURE_NAME} (of a new model) and {METRICS_NAME}.",
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
    metrics = _read_object(folder / METRICS_NAME)
    with open_client() as client:
        if (signature := _read_object(folder / SIGNATURE_NAME)) is not None:
            client.register_model(name, signature, description=description)
        version = client.register_version(name, files, plugin_name=plugin, metrics=metrics)
    if as_json:
        print_json(version.model_dump(mode="json"))
    else:
        print_line(f"Registered {name}@{version.version}.")


@app.command()
def install(
    names: Annotated[list[str] | None, typer.Argument(help="Models of the analysis server [all].")] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            help="Where the folders of their plugins go; workers that run processes look where "
            "SATELLITE_WORKER_PLUGIN_DIR says [models in the home of `satellite up`].",
            file_okay=False,
        ),
    ] = None,
    image: Annotated[
        bool | None,
        typer.Option("--image/--no-image", help="Build their images [where a container engine answers]."),
    ] = None,
    training: Annotated[
        bool, typer.Option("--training", help="Also the plugins that train them, which need PyTorch.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Let models that come with the analysis server be asked by jobs; safe to repeat."""
    from satellite.local.model_plugins import install_model, make_model_plugins  # noqa: PLC0415
    from satellite.local.plugin_images import build_image  # noqa: PLC0415

    models = make_model_plugins(into or default_home() / "models", names or (), with_training=training)
    wants_images = image if image is not None else EngineAddress.read(os.environ).problem() is None
    installed = []
    with open_client() as client:
        for model in models:
            for folder in model.plugin_folders if wants_images else ():
                build_image(folder)
            installed.append(install_model(client, model))
    if as_json:
        print_json([each.model_dump(mode="json") for each in installed])
        return
    for each in installed:
        done = "Installed" if each.is_new else "There is"
        print_line(f"{done} {each.name}@{each.version}; {CHAMPION} is version {each.champion or 'none'}.")


@app.command()
def alias(
    name: Name,
    alias_name: Annotated[str, typer.Argument(metavar="ALIAS", help="Such as champion.")],
    version: Annotated[int, typer.Argument(min=1, help="The version that it is to name.")],
    override: Annotated[
        str | None, typer.Option(metavar="REASON", help="Move it although its gate does not let it, and why.")
    ] = None,
) -> None:
    """Let an alias name a version; where a gate guards it, one that passes."""
    with open_client() as client:
        client.move_alias(name, alias_name, version, override=override)
    print_line(f"{name}@{alias_name} is version {version}.")


def find_files(folder: Path) -> dict[str, Path]:
    """Return the files of a version by their roles.

    Raises:
        BadUsage: there are none.
    """
    found = {
        path.name: path
        for path in sorted(folder.iterdir())
        if path.suffix in KINDS and path.name not in {SIGNATURE_NAME, METRICS_NAME}
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
