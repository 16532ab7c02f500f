"""`satellite admin`: backups of a whole installation, by whoever has its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satellite.cli.credentials import default_home
from satellite.cli.errors import BadUsage
from satellite.cli.output import print_line

if TYPE_CHECKING:
    from satellite.backup.installation import Installation

app = typer.Typer(help="Back a whole installation up, and bring it back.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="The backup's folder.", file_okay=False)]
Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the local stack [.satellite].", file_okay=False)
]
Compose = Annotated[
    Path | None,
    typer.Option(
        "--compose", help="Folder of a deployment by Compose, instead of a local stack.", exists=True
    ),
]
KeysFolder = Annotated[
    Path | None, typer.Option("--keys", help="Folder of the keys, if not in the backup's.", file_okay=False)
]


@app.command()
def backup(folder: Folder, home: Home = None, compose: Compose = None, keys: KeysFolder = None) -> None:
    """Write database, files and keys into a new folder, while everything goes on."""
    from satellite.backup.making import make_backup  # noqa: PLC0415

    manifest = make_backup(_installation(home, compose), folder, keys_folder=keys, tell=_tell)
    size = sum(part.size_bytes for part in [*manifest.parts, *manifest.keys])
    print_line(f"Wrote {folder} ({size} bytes).")
    if keys is None:
        print_line("It holds the keys to what is in it: let nobody else read it, or use --keys.")


@app.command()
def verify(folder: Folder, keys: KeysFolder = None) -> None:
    """Read a whole backup and compare it with its digests."""
    from satellite.backup.restoring import check_backup  # noqa: PLC0415

    manifest = check_backup(folder, keys_folder=keys)
    print_line(f"{folder} is what was written on {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")


@app.command()
def restore(  # noqa: PLR0917
    folder: Annotated[Path | None, typer.Argument(help="The backup's folder.", file_okay=False)] = None,
    home: Home = None,
    compose: Compose = None,
    keys: KeysFolder = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="Let everything work on the database that was brought back.")
    ] = False,
    nothing_lost: Annotated[
        bool,
        typer.Option(
            "--nothing-lost", help="With --finish: nothing was taken back, the database is only elsewhere."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --finish: also when the database does not look recovered.")
    ] = False,
) -> None:
    """Bring a backup back, or finish what was brought back by other means, or both."""
    from satellite.backup.restoring import NEXT, restore_backup  # noqa: PLC0415

    if folder is None and not finish:
        raise BadUsage("Name the backup's folder, or --finish, or both.")
    if (nothing_lost or force) and not finish:
        raise BadUsage("--nothing-lost and --force are for --finish.")
    installation = _installation(home, compose)
    if folder is not None:
        restore_backup(installation, folder, keys_folder=keys, tell=_tell)
    if not finish:
        print_line(NEXT)
        return
    options = [word for word, is_set in (("--nothing-lost", nothing_lost), ("--force", force)) if is_set]
    with installation.replacing():
        for line in installation.finish(*options).splitlines():
            print_line(line)


def _installation(home: Path | None, compose: Path | None) -> Installation:
    if compose is not None:
        from satellite.backup.compose_installation import ComposeInstallation  # noqa: PLC0415

        return ComposeInstallation(compose)
    from satellite.backup.local_installation import LocalInstallation  # noqa: PLC0415

    return LocalInstallation(home or default_home())


def _tell(what: str) -> None:
    print_line(f"{what}.", to_stderr=True)
