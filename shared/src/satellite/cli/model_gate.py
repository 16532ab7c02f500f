"""`satellite model evaluate`, `evaluations`, `gate`: how good versions are, what an alias asks of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.output import AsJSON, print_fields, print_json, print_line, print_table
from satellite.cli.session import open_client
from satellite.contracts.model_version import CHAMPION, DIGEST_PATTERN

if TYPE_CHECKING:
    from satellite.client import Evaluation, Gate

Name = Annotated[str, typer.Argument(help="The model's name.")]
Version = Annotated[int, typer.Argument(min=1, help="One of its versions.")]
DATA_HELP = "The data: a file of this machine, or its SHA-256 in hexadecimal."


def evaluate(  # noqa: PLR0917 - typer reads options from parameters
    name: Name,
    version: Version,
    data: Annotated[str, typer.Option(help=DATA_HELP)],
    metrics: Annotated[
        list[str], typer.Option("--metric", metavar="NAME=NUMBER", help="What was measured; may be repeated.")
    ],
    data_name: Annotated[str | None, typer.Option(help="What people call the data.")] = None,
    job_id: Annotated[int | None, typer.Option("--job", min=1, help="The job that measured it.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Keep how good a version is on some data."""
    measured = read_metrics(metrics)
    digest = digest_of(data)
    with open_client() as client:
        kept = client.evaluate(
            name, version, measured, data_digest=digest, data_name=data_name or _name_of(data), job_id=job_id
        )
    if as_json:
        print_json(kept.model_dump(mode="json"))
    else:
        print_line(f"{name}@{version} has {_words(kept.metrics)} on {kept.data_name or digest}.")


def evaluations(name: Name, version: Version, as_json: AsJSON = False) -> None:
    """List the evaluations of a version, the newest first."""
    with open_client() as client:
        page = client.list_evaluations(name, version)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    rows = [_row(each) for each in page.items]
    print_table(["id", "data", "SHA-256", "metrics", "job", "at"], rows)


def gate(  # noqa: PLR0917 - typer reads options from parameters
    name: Name,
    metric: Annotated[str | None, typer.Option(help="The metric that counts.")] = None,
    data: Annotated[str | None, typer.Option(help=DATA_HELP)] = None,
    at_least: Annotated[float | None, typer.Option(help="It has to be so much or more.")] = None,
    at_most: Annotated[float | None, typer.Option(help="It has to be so much or less.")] = None,
    not_worse: Annotated[
        float | None,
        typer.Option(min=0, help="By how much it may be worse than what the alias names; 0 is not at all."),
    ] = None,
    lower_is_better: Annotated[bool, typer.Option("--lower-is-better", help="As of errors.")] = False,
    alias: Annotated[str, typer.Option(help="The alias that the gate guards.")] = CHAMPION,
    remove: Annotated[bool, typer.Option("--remove", help="Let the alias move freely again.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Show the gate of a model; with --metric and --data set it, with --remove remove it."""
    if remove:
        with open_client() as client:
            client.delete_gate(name)
        print_line(f"The model {name} has no gate any more.")
        return
    if (metric is None) != (data is None):
        raise BadUsage("Give --metric and --data together: a gate asks for a metric on some data.")
    with open_client() as client:
        if metric is None or data is None:
            found = client.get_gate(name)
        else:
            found = client.set_gate(
                name,
                metric=metric,
                data_digest=digest_of(data),
                alias=alias,
                at_least=at_least,
                at_most=at_most,
                not_worse_than_champion=not_worse,
                higher_is_better=not lower_is_better,
            )
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_fields(_fields(found))


def read_metrics(options: Sequence[str]) -> dict[str, float]:
    """Return the numbers that the options name.

    Raises:
        BadUsage: one is no number.
    """
    measured: dict[str, float] = {}
    for option in options:
        name, _, value = option.partition("=")
        try:
            measured[name] = float(value)
        except ValueError as error:
            raise BadUsage(f"--metric {option}: write NAME=NUMBER, such as mae=4.53.") from error
    return measured


def digest_of(data: str) -> str:
    """Return the SHA-256 of a file, or the one that is written out.

    Raises:
        BadUsage: it is neither.
    """
    if re.fullmatch(DIGEST_PATTERN, data):
        return data
    if not Path(data).is_file():
        raise BadUsage(f"--data {data}: it is neither a file nor a SHA-256 in hexadecimal.")
    with Path(data).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name_of(data: str) -> str | None:
    return Path(data).name[:200] if Path(data).is_file() else None


def _row(each: Evaluation) -> tuple[Any, ...]:
    at = each.created_at.isoformat(timespec="seconds")
    return each.id, each.data_name, each.data_digest[:12], _words(each.metrics), each.job_id, at


def _fields(found: Gate) -> list[tuple[str, Any]]:
    better = "higher" if found.higher_is_better else "lower"
    return [
        ("alias", found.alias),
        ("metric", f"{found.metric}, {better} is better"),
        ("data", found.data_digest),
        ("at least", found.at_least),
        ("at most", found.at_most),
        ("not worse by", found.not_worse_than_champion),
    ]


def _words(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in metrics.items())
