"""`satellite file`: what is too large for a job's input."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from satellite.cli.output import AsJSON, print_json, print_line, print_table
from satellite.cli.session import open_client

app = typer.Typer(help="Store and fetch files.", no_args_is_help=True)

FileId = Annotated[str, typer.Argument(help="The file's id.")]


@app.command()
def put(
    path: Annotated[Path, typer.Argument(help="The file to store.", exists=True, dir_okay=False)],
    name: Annotated[str | None, typer.Option(help="Its name there; the same unless given.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Store a file; what broke off goes on."""
    with open_client() as client:
        file = client.upload_file(path, name=name)
    if as_json:
        print_json(file.model_dump(mode="json"))
    else:
        print_line(f"Stored {file.name} ({file.size_bytes} bytes) as {file.id}.")


@app.command()
def get(
    file_id: FileId,
    path: Annotated[Path | None, typer.Argument(help="Where to write it; its own name unless given.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Fetch a file."""
    with open_client() as client:
        # A name that the server tells never leads out of this folder.
        target = path or Path(Path(client.get_file(file_id).name).name or "file")
        file = client.download_file(file_id, target)
    if as_json:
        print_json({**file.model_dump(mode="json"), "path": str(target)})
    else:
        print_line(f"Wrote {target} ({file.size_bytes} bytes).")


@app.command("list")
def list_files(
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    as_json: AsJSON = False,
) -> None:
    """List the stored files, newest first."""
    with open_client() as client:
        page = client.list_files(limit=limit)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    rows = [(file.id, file.name, file.size_bytes, file.media_type, file.created_at) for file in page.items]
    print_table(["id", "name", "bytes", "type", "stored"], rows)


@app.command()
def delete(file_id: FileId) -> None:
    """Delete a file."""
    with open_client() as client:
        client.delete_file(file_id)
    print_line(f"Deleted {file_id}.")
