"""What changes clusters, each on a connection, so that more can join its transaction."""

from __future__ import annotations

import uuid
from typing import Any, Final

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.clusters import repository
from operation_server.clusters.errors import (
    ClusterInUse,
    ClusterNotFound,
    ClusterQuotaReached,
    HostKeyNotSeen,
)
from operation_server.clusters.schemas import ClusterChange, ClusterCreate, Hop
from operation_server.clusters.ssh_keys import KeyPair, make_pair, read_pair
from operation_server.clusters.trust import (
    KnownKey,
    confirm,
    hosts_of,
    is_confirmed,
    read_keys,
    shows_other,
)
from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.secrets import repository as secrets
from operation_server.secrets.envelope import Identity, close
from operation_server.secrets.key_ring import KeyRing
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from satellite.contracts.cluster_nodes import ClusterState
from satellite.contracts.task_names import cluster_queue

MOST_CLUSTERS: Final = 200
OPTIONS: Final = (
    "base_dir", "launcher", "labels", "slots", "allowed_roots", "python", "keep_days",
)  # fmt: skip
NOT_CONFIRMED: Final = "Nobody has confirmed the key of every host on the way yet."
NOT_REACHED: Final = "Its connector has not reached it since it was confirmed or changed."


async def create(connection: AsyncConnection, caller: Account, ring: KeyRing, body: ClusterCreate) -> None:
    """Register a cluster with a pair of keys of its own.

    Raises:
        AdminRequired: the caller is not an admin.
        ClusterKeyInvalid: the private key that is given is none to use.
        ClusterQuotaReached: there are as many clusters as there may be.
        SecretsNotSetUp: there is nothing to encrypt the private key with.
        IntegrityError: there is a cluster of this name.
    """
    require_managing(caller)
    if await repository.count(connection) >= MOST_CLUSTERS:
        raise ClusterQuotaReached
    pair = make_pair() if body.private_key is None else read_pair(body.private_key.get_secret_value())
    identity = Identity(uuid.uuid4().hex, None, f"{secrets.OF_CLUSTERS}{body.name}", version=1)
    address = address_of(body.model_dump())
    keys = _given_keys(body, body.via)
    await secrets.add(connection, identity, close(ring, identity, pair.private_key))
    await repository.add(
        connection,
        name=body.name,
        address=address,
        options=body.model_dump(mode="json", include=set(OPTIONS)),
        host_keys=_stored(keys),
        public_key=pair.public_key,
        secret_id=identity.id,
        created_by=caller.id,
        **_state(address, keys),
    )
    await repository.add_event(connection, body.name, state="registered", reason="")
    await record(connection, caller, Action.CREATE_CLUSTER, body.name, host=body.host, user=body.user)


async def change(
    connection: AsyncConnection, caller: Account, ring: KeyRing, name: str, body: ClusterChange
) -> None:
    """Change a cluster; a host at another address needs its key confirmed anew.

    Raises:
        AdminRequired: the caller is not an admin.
        ClusterNotFound: there is no such cluster.
        ClusterInUse: jobs are active there, whose folder or host would be another.
        ClusterKeyInvalid, SecretsNotSetUp: see `create`.
    """
    row = await require_cluster(connection, caller, name)
    stated = body.model_dump(mode="json", exclude_unset=True, exclude={"private_key"})
    nulls = [field for field, value in stated.items() if value is None and field != "via"]
    stated = {field: value for field, value in stated.items() if field not in nulls}
    address = address_of({**row.address, **stated})
    options = {**row.options, **{field: stated[field] for field in OPTIONS if field in stated}}
    moves = address != row.address or options["base_dir"] != row.options["base_dir"]
    if moves:
        await _require_idle(connection, name)
    fields: dict[str, Any] = {"address": address, "options": options}
    if address != row.address:
        hosts = hosts_of(address)
        keys = [key for key in read_keys(row.host_keys) if key.place in hosts]
        fields |= {"host_keys": _stored([*keys, *_given_keys(None, body.via)]), "seen_host_keys": []}
        fields |= _state(address, keys) | {"is_distrusted": False}
    if body.private_key is not None:
        pair = read_pair(body.private_key.get_secret_value())
        await _replace_key(connection, ring, row.secret_id, pair)
        fields["public_key"] = pair.public_key
    await repository.change(connection, name, **fields)
    await repository.add_event(connection, name, state="changed", reason=", ".join(sorted(stated)))
    changed = sorted({*stated, *(["private_key"] if body.private_key else [])})
    await record(connection, caller, Action.CHANGE_CLUSTER, name, fields=changed)


async def trust(connection: AsyncConnection, caller: Account, name: str, fingerprint: str) -> None:
    """Confirm the key that a host of a cluster has shown; safe to repeat.

    Raises:
        AdminRequired: the caller is not an admin.
        ClusterNotFound: there is no such cluster.
        HostKeyNotSeen: no host has shown it.
    """
    row = await require_cluster(connection, caller, name)
    seen, before = read_keys(row.seen_host_keys), read_keys(row.host_keys)
    keys = confirm(before, [*seen, *before], fingerprint)
    if keys is None:
        raise HostKeyNotSeen(_not_seen(seen))
    fields = {"host_keys": _stored(keys), "is_distrusted": row.is_distrusted and shows_other(keys, seen)}
    if not fields["is_distrusted"]:
        fields |= _state(row.address, keys)
    await repository.change(connection, name, **fields)
    await repository.add_event(connection, name, state="trusted", reason=fingerprint)
    await record(connection, caller, Action.TRUST_CLUSTER, name, fingerprint=fingerprint)


async def set_draining(connection: AsyncConnection, caller: Account, name: str, *, draining: bool) -> None:
    """Send a cluster no further jobs, or some again; safe to repeat.

    Raises:
        AdminRequired, ClusterNotFound: see `trust`.
    """
    row = await require_cluster(connection, caller, name)
    if row.is_draining == draining:
        return
    await repository.change(connection, name, is_draining=draining)
    await repository.add_event(connection, name, state="draining" if draining else "resumed", reason="")
    action = Action.DRAIN_CLUSTER if draining else Action.RESUME_CLUSTER
    await record(connection, caller, action, name)


async def probe(connection: AsyncConnection, caller: Account, name: str) -> None:
    """Have a connector look at everything of a cluster anew, also where it had given up.

    Raises:
        AdminRequired, ClusterNotFound: see `trust`.
    """
    await require_cluster(connection, caller, name)
    await repository.wish_probe(connection, name)


async def delete(connection: AsyncConnection, caller: Account, name: str) -> None:
    """Delete a cluster with its key; what lies there stays.

    Raises:
        AdminRequired, ClusterNotFound: see `trust`.
        ClusterInUse: jobs are active there.
    """
    row = await require_cluster(connection, caller, name)
    await _require_idle(connection, name)
    await repository.remove(connection, name)
    await secrets.remove(connection, row.secret_id)
    await record(connection, caller, Action.DELETE_CLUSTER, name, host=row.address["host"])


def require_managing(caller: Account) -> None:
    """Refuse who may not manage clusters.

    Raises:
        AdminRequired: the caller is not an admin.
    """
    require(caller, Permission.MANAGE_CLUSTERS, "Only an admin manages clusters.")


async def require_cluster(connection: AsyncConnection, caller: Account, name: str) -> AnyRow:
    """Return a cluster that the caller may change, and keep it so until the transaction ends.

    Raises:
        AdminRequired, ClusterNotFound: see `trust`.
    """
    require_managing(caller)
    row = await repository.lock(connection, name)
    if row is None:
        raise ClusterNotFound(f"There is no cluster {name}.")
    return row


def address_of(stated: dict[str, Any]) -> dict[str, Any]:
    """Return host, port and user, and those of the bastion."""
    via = stated.get("via")
    hop = {key: via[key] for key in ("host", "port", "user")} if via else None
    return {**{key: stated[key] for key in ("host", "port", "user")}, "via": hop}


def is_trusted(row: AnyRow) -> bool:
    """Tell whether a connector may log in."""
    return not row.is_distrusted and is_confirmed(hosts_of(row.address), read_keys(row.host_keys))


def _state(address: dict[str, Any], keys: list[KnownKey]) -> dict[str, Any]:
    confirmed = is_confirmed(hosts_of(address), keys)
    state = ClusterState.UNREACHABLE if confirmed else ClusterState.UNCONFIRMED
    return {
        "state": state.value,
        "reason": NOT_REACHED if confirmed else NOT_CONFIRMED,
        "state_since": repository.NOW,
    }


def _given_keys(body: ClusterCreate | None, via: Hop | None) -> list[KnownKey]:
    hops = [hop for hop in (via, body) if hop is not None]
    return [KnownKey(hop.host, hop.port, key) for hop in hops for key in hop.host_keys]


def _stored(keys: list[KnownKey]) -> list[dict[str, Any]]:
    return [key._asdict() for key in keys]


def _not_seen(seen: list[KnownKey]) -> str:
    if not seen:
        return (
            "Its hosts have shown no key yet: start a connector (`analysis-server connector`) and ask for "
            "a probe."
        )
    told = ", ".join(f"{key.host}:{key.port} {key.fingerprint}" for key in seen)
    return f"No host has shown a key of that fingerprint; they have shown {told}."


async def _require_idle(connection: AsyncConnection, name: str) -> None:
    if count := await repository.count_active(connection, cluster_queue(name)):
        raise ClusterInUse(
            f"{count} jobs are active on the cluster {name}; drain it, and wait for them or cancel them."
        )


async def _replace_key(connection: AsyncConnection, ring: KeyRing, secret_id: str, pair: KeyPair) -> None:
    before = await secrets.lock_identity(connection, secret_id)
    if before is not None:
        identity = before._replace(version=before.version + 1)
        await secrets.replace(connection, identity, close(ring, identity, pair.private_key))
