"""`satellite workflow export` and `import`: workflows as text."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.exit_codes import ExitCode
from satellite.cli.output import print_line, print_log
from satellite.cli.session import open_client
from satellite.cli.workflow_named import Named, find_named


class Format(StrEnum):
    """In what a definition is written."""

    YAML = "yaml"
    JSON = "json"


class Style(StrEnum):
    """Who runs the tasks of a DAG that a workflow is exported as."""

    MIRROR = "mirror"
    NATIVE = "native"


Form = Annotated[Format, typer.Option("--format", help="In what it is written.")]


def export(
    workflow: Named,
    form: Form = Format.YAML,
    version: Annotated[int | None, typer.Option(min=1, help="This version [as it is being edited].")] = None,
    airflow: Annotated[
        Style | None,
        typer.Option(help="What is deployed as a DAG: run by Satellite (mirror) or there (native)."),
    ] = None,
) -> None:
    """Print a workflow as a file that `apply` takes; the same workflow is the same file."""
    if airflow is not None and version is not None:
        raise BadUsage("--airflow prints the version that is deployed; leave out --version.")
    with open_client() as client:
        found = find_named(client, workflow)
        if airflow is not None:
            print_log(client.export_dag(found.id, style=airflow))
            return
        if version is None:
            document = client.get_draft(found.id).document
        else:
            document = client.get_workflow_version(found.id, version)
    print_log(text_of(document, form))


def import_dag(
    file: Annotated[Path, typer.Argument(help="A file with a DAG of Airflow.", exists=True, dir_okay=False)],
    form: Form = Format.YAML,
) -> None:
    """Print the workflow that a DAG of Airflow is, or each line that cannot be one; nothing of it is run."""
    from satellite.workflow_import.dag_file import read_dag  # noqa: PLC0415  # Slow to import.
    from satellite.workflow_import.faults import NotImportable  # noqa: PLC0415

    try:
        print_log(text_of(read_dag(file.read_text(encoding="utf-8")), form))
    except UnicodeDecodeError as error:
        raise BadUsage(f"{file} is not text in UTF-8.") from error
    except NotImportable as refused:
        for line, message in refused.faults:
            print_line(f"{file}:{line}: {message}", to_stderr=True)
        raise typer.Exit(ExitCode.REFUSED) from refused


def text_of(document: dict[str, Any], form: Format = Format.YAML) -> str:
    """Return a definition as text."""
    from satellite.authoring.workflow_text import write_yaml  # noqa: PLC0415  # Slow to import.

    if form is Format.JSON:
        return json.dumps(document, indent=2, ensure_ascii=False)
    return write_yaml(document)
