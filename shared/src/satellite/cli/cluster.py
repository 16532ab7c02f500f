"""`satellite cluster`: GPU machines that are reached by SSH alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.exit_codes import ExitCode
from satellite.cli.output import AsJSON, print_fields, print_json, print_line, print_table
from satellite.cli.session import open_client

if TYPE_CHECKING:
    from satellite.client import Cluster, SatelliteClient

app = typer.Typer(help="Register clusters, trust them, and see what they have.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the cluster.")]
PROBED_WITHIN_S = 60.0
LOOK_EVERY_S = 1.0


@app.command()
def add(  # noqa: PLR0917
    name: Name,
    address: Annotated[str, typer.Argument(metavar="USER@HOST[:PORT]", help="Where one logs in.")],
    via: Annotated[
        str | None, typer.Option(metavar="USER@HOST[:PORT]", help="The bastion, which is jumped over.")
    ] = None,
    base_dir: Annotated[str | None, typer.Option(help="Where jobs have their folders [~/ml-jobs].")] = None,
    launcher: Annotated[str | None, typer.Option(help="builtin, gpu-run or slurm [builtin].")] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="What jobs may ask for; may be repeated.")
    ] = None,
    slots: Annotated[int | None, typer.Option(min=1, help="Jobs that are there at a time [64].")] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="FOLDER", help="Code below it may be run where it is; may be repeated."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="File of a private key; a pair is made unless given.", exists=True)
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Register a cluster; prints the line for its authorized_keys."""
    options: dict[str, Any] = {
        **{name: value for name, value in read_address(address).items() if name == "port"},
        "via": None if via is None else read_address(via),
        "base_dir": base_dir,
        "launcher": launcher,
        "labels": _pairs(label or [], "--label"),
        "slots": slots,
        "allowed_roots": allow,
        "private_key": None if key is None else key.read_text(),
    }
    given = {name: value for name, value in options.items() if value is not None}
    login = read_address(address)
    with open_client() as client:
        made = client.create_cluster(name, host=login["host"], user=login["user"], **given)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    print_line(made.authorized_key)
    hosts = login["host"] if via is None else f"{login['host']} and of the bastion"
    print_line(
        f"Put this line into ~/.ssh/authorized_keys of {login['user']} on {hosts}; once a connector has seen "
        f"the host, run `satellite cluster trust {name}`.",
        to_stderr=True,
    )


@app.command()
def trust(
    name: Name,
    fingerprint: Annotated[
        str | None, typer.Argument(help="SHA256:…, as the host's admin has told it; else it is asked for.")
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Confirm the keys that the hosts on the way have shown, after a change again."""
    with open_client() as client:
        cluster = client.get_cluster(name)
        wanted = [fingerprint] if fingerprint else _ask_for_fingerprints(cluster)
        for each in wanted:
            cluster = client.trust_cluster(name, each)
    if as_json:
        print_json(cluster.model_dump(mode="json"))
    elif cluster.is_trusted:
        print_line(f"{name} is trusted.")
    else:
        print_line(f"{name} is not trusted yet: a host on the way has no confirmed key.")


@app.command("list")
def list_clusters(as_json: AsJSON = False) -> None:
    """List all clusters."""
    with open_client() as client:
        clusters = client.list_clusters()
    if as_json:
        print_json([cluster.model_dump(mode="json") for cluster in clusters])
        return
    rows = [
        (
            each.name,
            f"{each.user}@{each.host}",
            _state(each),
            f"{each.cards_free}/{each.cards}",
            each.running,
            each.waiting,
            _gib(each.disk_free_mib),
            "" if each.rtt_ms is None else f"{each.rtt_ms:.1f}",
            each.reason,
        )
        for each in clusters
    ]
    heads = ["name", "login", "state", "free gpus", "running", "waiting", "free GiB", "rtt ms", "reason"]
    print_table(heads, rows)


@app.command()
def gpus(name: Name, as_json: AsJSON = False) -> None:
    """List the cards of a cluster, and who holds them."""
    with open_client() as client:
        nodes = client.list_cluster_nodes(name)
    if as_json:
        print_json([node.model_dump(mode="json") for node in nodes])
        return
    rows = [
        (node.name, card.index, card.name, f"{card.memory_used_mib}/{card.memory_mib}", card.holder or "free")
        for node in nodes
        for card in node.cards
    ]
    print_table(["node", "gpu", "kind", "MiB used", "holder"], rows)


@app.command()
def doctor(
    name: Name,
    timeout: Annotated[float, typer.Option(min=0, help="Wait so many seconds.")] = PROBED_WITHIN_S,
    as_json: AsJSON = False,
) -> None:
    """Have everything of a cluster looked at, and tell what is wrong; exits with 1 if something is."""
    with open_client() as client:
        cluster = _probe(client, name, timeout_s=timeout)
    wrong = [check for check in cluster.checks if not check.ok]
    if as_json:
        print_json(cluster.model_dump(mode="json"))
    else:
        print_fields([("state", _state(cluster)), ("reason", cluster.reason or None)])
        for check in cluster.checks:
            print_line(f"{'✓' if check.ok else '✗'} {check.name}: {check.detail}")
    if wrong or cluster.state != "ready":
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def drain(name: Name) -> None:
    """Send a cluster no further jobs; those that are there go on."""
    with open_client() as client:
        cluster = client.drain_cluster(name)
    print_line(f"{name} is draining: {cluster.running} jobs run there, {cluster.waiting} wait.")


@app.command()
def resume(name: Name) -> None:
    """Send a cluster jobs again."""
    with open_client() as client:
        client.resume_cluster(name)
    print_line(f"{name} takes jobs again.")


@app.command()
def remove(name: Name) -> None:
    """Delete a cluster on which no job is active."""
    with open_client() as client:
        client.delete_cluster(name)
    print_line(f"Deleted {name}.")


def read_address(text: str) -> dict[str, Any]:
    """Return the host, port and user of `USER@HOST[:PORT]`; an address of IPv6 stands in brackets.

    Raises:
        BadUsage: it is none.
    """
    user, has_user, place = text.rpartition("@")
    host, has_port, port = place.removeprefix("[").partition("]")
    if has_port:
        port = port.removeprefix(":")
    else:
        host, _, port = place.partition(":")
    if not has_user or not host or (port and not port.isdecimal()):
        raise BadUsage(f"{text}: write USER@HOST or USER@HOST:PORT.")
    return {"host": host, "user": user, **({"port": int(port)} if port else {})}


def _pairs(options: list[str], option: str) -> dict[str, str]:
    pairs = dict(each.partition("=")[::2] for each in options)
    if not all("=" in each for each in options):
        raise BadUsage(f"{option}: write KEY=VALUE.")
    return pairs


def _ask_for_fingerprints(cluster: Cluster) -> list[str]:
    """Return the fingerprints that whoever sits there has compared, one for each host."""
    unknown = [key for key in cluster.host_keys if not key.is_confirmed]
    if not unknown and not cluster.is_trusted:
        raise BadUsage(
            "No host has shown a new key: look at `satellite cluster doctor`, or name the fingerprint."
        )
    print_line("Compare with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` says there.")
    for key in unknown:
        typer.confirm(f"{key.host}:{key.port} {key.kind} {key.fingerprint} - right?", abort=True, err=True)
    return [key.fingerprint for key in unknown]


def _probe(client: SatelliteClient, name: str, *, timeout_s: float) -> Cluster:
    """Return a cluster once its connector has reported again, or as it is when time is up."""
    before, deadline_s = client.probe_cluster(name), time.monotonic() + timeout_s
    cluster = before
    while cluster.reported_at == before.reported_at and time.monotonic() < deadline_s:
        time.sleep(LOOK_EVERY_S)
        cluster = client.get_cluster(name)
    return cluster


def _state(cluster: Cluster) -> str:
    words = [cluster.state, *(["draining"] if cluster.is_draining else [])]
    return ", ".join([*words, *([] if cluster.is_reporting else ["no connector"])])


def _gib(mib: int | None) -> str:
    return "" if mib is None else f"{mib / 1024:.0f}"
