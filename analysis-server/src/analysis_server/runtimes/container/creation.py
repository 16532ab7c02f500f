"""Creates containers: the template, completed by what depends on the engine and on its other containers."""

from __future__ import annotations

import random
import threading
from typing import Any, Final

from docker import APIClient
from docker.errors import APIError

from analysis_server.runtimes.container.engine_traits import EngineTraits
from analysis_server.runtimes.container.fenced_network import ensure_network
from analysis_server.runtimes.container.options import ContainerOptions
from analysis_server.runtimes.container.seccomp import SECCOMP_PROFILE
from analysis_server.runtimes.container.template import NO_NETWORK, with_user
from analysis_server.runtimes.plugin_users import CONTAINER_USERS, NAMESPACED_USERS

NAME: Final = "satellite-{user}"
"""Of the container that a user belongs to: names are unique in an engine, whoever else uses it."""
TRIES: Final = 32


class EngineUnfit(RuntimeError):
    """The engine lacks what the settings demand of it."""


class ContainerCreator:
    """Creates containers on one engine, which it asks once what it can do."""

    def __init__(self, options: ContainerOptions) -> None:
        """Ask nothing yet."""
        self._options = options
        self._lock = threading.Lock()
        self._traits: EngineTraits | None = None

    def create(self, client: APIClient, config: dict[str, Any]) -> str:
        """Create a container with a user of its own and return its id.

        Raises:
            EngineUnfit: the engine lacks what the settings demand.
            NetworkUnfenced: the plugin may have a network, and there can be none that is fenced.
            APIError: the engine refuses it.
        """
        traits = self._ask(client)
        check_engine(traits, self._options)
        config = self._completed(client, config, traits)
        users = NAMESPACED_USERS if traits.has_user_namespace else CONTAINER_USERS
        # Far fewer containers than ids: the first is nearly always free.
        for user in random.SystemRandom().sample(users, TRIES):
            try:
                made = client.create_container_from_config(  # type: ignore[no-untyped-call]
                    with_user(config, user), NAME.format(user=user)
                )
                return str(made["Id"])
            except APIError as error:
                if not _is_taken(error):
                    raise
        raise EngineUnfit(f"The engine has containers named {NAME.format(user='…')} for nearly all users.")

    def _completed(self, client: APIClient, config: dict[str, Any], traits: EngineTraits) -> dict[str, Any]:
        host = dict(config["HostConfig"])
        if not traits.is_podman:
            host["SecurityOpt"] = [*host["SecurityOpt"], f"seccomp={SECCOMP_PROFILE}"]
        if self._options.oci_runtime is not None:
            host["Runtime"] = self._options.oci_runtime
        if host["NetworkMode"] != NO_NETWORK:
            host["NetworkMode"] = self._options.network or ensure_network(client)
        return {**config, "HostConfig": host}

    def _ask(self, client: APIClient) -> EngineTraits:
        with self._lock:
            if self._traits is None:
                self._traits = EngineTraits.read(client)
            return self._traits


def check_engine(traits: EngineTraits, options: ContainerOptions) -> None:
    """Raise `EngineUnfit` where an engine lacks what the settings demand."""
    wanted = options.oci_runtime
    if wanted is not None and wanted not in traits.oci_runtimes:
        known = ", ".join(sorted(traits.oci_runtimes)) or "none that it names"
        raise EngineUnfit(
            f"The container engine has no runtime {wanted!r}, which SATELLITE_WORKER_OCI_RUNTIME demands; "
            f"it has {known}. Install it and name it in the engine's `runtimes`, or unset the variable."
        )


def _is_taken(error: APIError) -> bool:
    return error.status_code == 409 and "already in use" in str(error.explanation)
