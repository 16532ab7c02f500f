"""What one container or process is given: variables, a folder, and a mask for what it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.secrets.errors import SecretMissing
from analysis_server.runtimes.secrets.folders import SecretFolder, SecretFolders
from analysis_server.runtimes.secrets.mask import SecretMask
from analysis_server.runtimes.secrets.place import SecretPlace
from analysis_server.runtimes.secrets.port import NoStoredSecrets, StoredSecrets
from analysis_server.runtimes.secrets.worker_secrets import WorkerSecrets
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode, SecretVia

FOLDER_VARIABLE: Final = "SATELLITE_SECRETS_DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSecrets:
    """The secrets of one container or process; nothing, for most."""

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: SecretFolder | None = None
    values: tuple[str, ...] = field(default=(), repr=False)
    in_lines: bool = False

    def mask(self) -> SecretMask:
        """Return what masks them."""
        return SecretMask(self.values, in_lines=self.in_lines)

    def remove(self) -> None:
        """Remove what there is of them outside of memory of this process; safe to repeat."""
        if self.folder is not None:
            self.folder.remove()


NOTHING: Final = GivenSecrets()


class SecretGiver:
    """Gets secrets, and puts them where plugins find them."""

    def __init__(
        self,
        of_worker: WorkerSecrets,
        stored: StoredSecrets | None = None,
        place: SecretPlace | None = None,
    ) -> None:
        """Take where secrets come from, and where their files go."""
        self._of_worker = of_worker
        self._stored = stored or NoStoredSecrets()
        self._folders = SecretFolders(place or SecretPlace())

    def give(self, request: RunRequest) -> GivenSecrets:
        """Return what the plugin of an attempt, or a server started for one, is given.

        Raises:
            SecretsNotGiven: something of it cannot be had.
        """
        if not request.manifest.secrets:
            return NOTHING
        given = self._prepared(request.manifest)
        try:
            return self.hand_over(given, request)
        except BaseException:
            given.remove()
            raise

    def give_spare(self, request: RunRequest) -> GivenSecrets:
        """Return what can be given before it is known whose job comes: a folder that is empty yet.

        Raises:
            SecretsNotGiven: something of it cannot be had.
        """
        return self._prepared(request.manifest) if request.manifest.secrets else NOTHING

    def hand_over(self, given: GivenSecrets, request: RunRequest) -> GivenSecrets:
        """Return what is given now that the job is known; its files are where the plugin finds them.

        Raises:
            SecretsNotGiven: something of it cannot be had.
        """
        wishes = request.manifest.stored_secrets
        if not wishes:
            return given
        found = self._stored.fetch(request.asked_by or request.key)
        missing = [wish.name for wish in wishes if wish.name not in found]
        if missing:
            raise SecretMissing(f"The secret {missing[0]} was not given to the worker.")
        by_file = [wish.name for wish in wishes if wish.via is SecretVia.FILE]
        if given.folder is not None:
            given.folder.put({name: found[name] for name in by_file})
        variables = {wish.name: found[wish.name] for wish in wishes if wish.name not in by_file}
        return replace(
            given,
            variables={**given.variables, **variables},
            values=(*given.values, *(found[wish.name] for wish in wishes)),
        )

    def sweep(self) -> None:
        """Remove what dead processes have left."""
        self._folders.sweep()

    def close(self) -> None:
        """Remove all that is left of this process's."""
        self._folders.close()

    def _prepared(self, manifest: PluginManifest) -> GivenSecrets:
        variables = self._of_worker.values(manifest)
        needs_folder = any(wish.via is SecretVia.FILE for wish in manifest.stored_secrets)
        return GivenSecrets(
            variables=variables,
            values=tuple(variables.values()),
            folder=self._folders.make() if needs_folder else None,
            # A server answers line by line, and no line of it waits for the next.
            in_lines=manifest.mode is PluginMode.SERVER,
        )
