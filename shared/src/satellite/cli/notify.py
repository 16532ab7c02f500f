"""`satellite notify`: by what you are told, of what, and what receivers said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.json_input import read_text_stdin
from satellite.cli.output import AsJSON, print_json, print_line, print_table
from satellite.cli.session import open_client
from satellite.contracts.notification import ChannelKind, DeliveryStatus, NotificationKind

if TYPE_CHECKING:
    from satellite.client import Channel, SatelliteClient

app = typer.Typer(help="Be told of jobs, runs and the platform.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The channel's name.")]
PAGE = 100


@app.command("channels")
def list_channels(as_json: AsJSON = False) -> None:
    """List your channels."""
    with open_client() as client:
        page = client.list_channels(limit=PAGE)
    if as_json:
        print_json(page.model_dump(mode="json", exclude={"items": {"__all__": {"signing_secret"}}}))
        return
    rows = [(each.id, each.name, each.kind, each.hint, _state(each)) for each in page.items]
    print_table(["id", "name", "kind", "leads to", "state"], rows)


@app.command("add-channel")
def add_channel(
    name: Name,
    kind: Annotated[ChannelKind, typer.Argument(help="By what you are told.")],
    address_stdin: Annotated[
        bool, typer.Option("--address-stdin", help="Read the address from standard input.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Make a channel. Addresses of webhooks, Slack and Teams are asked for, never an argument."""
    with open_client() as client:
        made = client.create_channel(name, kind.value, _address(kind, address_stdin))
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    print_line(f"Channel {made.id} leads to {made.hint}.", to_stderr=made.signing_secret is not None)
    if made.signing_secret is not None:
        print_line("Its messages are signed by this secret, shown only now:", to_stderr=True)
        print_line(made.signing_secret)


@app.command("delete-channel")
def delete_channel(name: Name) -> None:
    """Delete a channel with its deliveries."""
    with open_client() as client:
        client.delete_channel(_get(client, name).id)
    print_line(f"Deleted {name}.")


@app.command("test")
def try_channel(name: Name, as_json: AsJSON = False) -> None:
    """Send a message by a channel that says it is a test."""
    with open_client() as client:
        delivery = client.test_channel(_get(client, name).id)
    if as_json:
        print_json(delivery.model_dump(mode="json"))
    else:
        print_line(f"Delivery {delivery.id} is on its way; see `satellite notify deliveries`.")


@app.command()
def rotate(
    name: Annotated[str | None, typer.Argument(help="A webhook; without it webhooks of your jobs.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Make another signing secret, shown this once; that of before signs too for a while."""
    with open_client() as client:
        made = (
            client.make_webhook_secret()
            if name is None
            else client.rotate_signing_secret(_get(client, name).id)
        )
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        print_line(made.signing_secret)


@app.command("rules")
def list_rules(as_json: AsJSON = False) -> None:
    """List your rules."""
    with open_client() as client:
        page = client.list_rules(limit=PAGE)
        names = {each.id: each.name for each in client.list_channels(limit=PAGE).items}
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    rows = [
        (
            rule.id,
            rule.name,
            ", ".join(rule.kinds),
            ", ".join(names.get(channel_id, str(channel_id)) for channel_id in rule.channel_ids),
            rule.plugin_name or rule.workflow_id or ("everybody's" if rule.of_everybody else "all of yours"),
        )
        for rule in page.items
    ]
    print_table(["id", "name", "of", "by", "which"], rows)


@app.command("add-rule")
def add_rule(
    name: Annotated[str, typer.Argument(help="What you call it.")],
    *,
    on: Annotated[list[NotificationKind], typer.Option(help="What you want to know; may be repeated.")],
    channel: Annotated[list[str], typer.Option(help="Name of a channel; may be repeated.")],
    plugin: Annotated[str | None, typer.Option(help="Only jobs of this plugin.")] = None,
    workflow: Annotated[int | None, typer.Option(min=1, help="Only runs of this workflow.")] = None,
    min_priority: Annotated[int | None, typer.Option(min=0, max=9, help="Only of this or more.")] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="Jobs of all users; for admins.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Make a rule: it tells of what happens from now on."""
    with open_client() as client:
        made = client.create_rule(
            name,
            [kind.value for kind in on],
            [_get(client, each).id for each in channel],
            plugin_name=plugin,
            workflow_id=workflow,
            min_priority=min_priority,
            of_everybody=everybody or None,
        )
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        print_line(f"Rule {made.id} tells of {', '.join(made.kinds)}.")


@app.command("delete-rule")
def delete_rule(rule_id: Annotated[int, typer.Argument(min=1, help="Number of the rule.")]) -> None:
    """Delete a rule."""
    with open_client() as client:
        client.delete_rule(rule_id)
    print_line(f"Deleted rule {rule_id}.")


@app.command("deliveries")
def list_deliveries(
    *,
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only of this status.")] = None,
    job: Annotated[int | None, typer.Option(min=1, help="Only about this job or run.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 20,
    as_json: AsJSON = False,
) -> None:
    """List what you were or are to be told, newest first, with the last answer."""
    with open_client() as client:
        page = client.list_deliveries(status=status, job_id=job, limit=limit)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    rows = [
        (
            each.id,
            each.kind,
            each.subject_id or "",
            each.status,
            each.attempts,
            _last(each.answers[-1].status, each.answers[-1].said) if each.answers else "",
        )
        for each in page.items
    ]
    print_table(["id", "of", "job", "status", "attempts", "last answer"], rows)


@app.command()
def redeliver(delivery_id: Annotated[int, typer.Argument(min=1, help="Number of the delivery.")]) -> None:
    """Send a delivery that has ended once more, under the same id."""
    with open_client() as client:
        client.redeliver(delivery_id)
    print_line(f"Delivery {delivery_id} is sent again.")


def _get(client: SatelliteClient, name: str) -> Channel:
    found = next((each for each in client.list_channels(limit=PAGE).items if each.name == name), None)
    if found is None:
        raise BadUsage(f"You have no channel {name}; see `satellite notify channels`.")
    return found


def _address(kind: ChannelKind, from_stdin: bool) -> str | None:
    if from_stdin:
        return read_text_stdin().strip()
    if kind in {ChannelKind.EMAIL, ChannelKind.WEBSOCKET}:
        # That of the account, or none.
        return None
    text: str = typer.prompt("Address", hide_input=True, err=True)
    return text


def _state(channel: Channel) -> str:
    return "on" if channel.is_enabled else channel.fault or "off"


def _last(status: int | None, said: str) -> str:
    line = " ".join(said.split())[:60]
    return line if status is None else f"{status} {line}".strip()
