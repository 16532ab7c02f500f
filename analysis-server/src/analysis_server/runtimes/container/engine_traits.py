"""What an engine can do for the isolation of plugins, and what it is too old for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from docker import APIClient
from docker.errors import APIError

MENDED_ENGINE: Final = (29, 5, 1)
MENDED_RUNC: Final = (1, 2, 8)
"""The first releases without the known ways out of a container.

Of the engine they are CVE-2026-41567, -41568 and -42306, of runc CVE-2025-31133, -52565 and -52881.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTraits:
    """What was asked of an engine once. Versions are what it says, empty where it says nothing."""

    engine_version: str
    runc_version: str
    oci_runtimes: frozenset[str]
    has_user_namespace: bool
    """Ids in a container are others outside, and there are 65,536 of them."""
    is_podman: bool
    """Podman takes a seccomp profile as a path on its own machine, not as a text."""

    @classmethod
    def read(cls, client: APIClient) -> Self:
        """Ask an engine.

        A proxy before its socket may refuse; what is not told is taken as not there.

        Raises:
            DockerException, RequestException, OSError: it does not answer.
        """
        return cls.told(version=_asked(client.version), info=_asked(client.info))

    @classmethod
    def told(cls, *, version: Mapping[str, Any], info: Mapping[str, Any]) -> Self:
        """Take the answers of an engine."""
        components = {str(each["Name"]): str(each["Version"]) for each in version.get("Components") or ()}
        options = [option for option in info.get("SecurityOptions") or () if "=" in option]
        names = {option.partition(",")[0].removeprefix("name=") for option in options}
        return cls(
            engine_version=str(version.get("Version", "")),
            runc_version=components.get("runc", ""),
            oci_runtimes=frozenset(info.get("Runtimes") or ()),
            has_user_namespace=bool(names & {"userns", "rootless"}),
            is_podman=any(name.startswith("Podman") for name in components),
        )

    def weaknesses(self) -> Iterator[str]:
        """Tell, a sentence each, what the engine does not stop and a newer one would."""
        if self.is_podman:
            yield "Podman applies its own list of system calls, not Satellite's narrower one."
            return
        if not self.engine_version:
            yield "The container engine does not tell its version, so nothing is known of its faults."
        if _is_older(self.engine_version, MENDED_ENGINE):
            mended = _text(MENDED_ENGINE)
            yield f"Docker {self.engine_version} has known faults; update it to {mended} or newer."
        if _is_older(self.runc_version, MENDED_RUNC):
            mended = _text(MENDED_RUNC)
            yield f"runc {self.runc_version} lets programs out of containers; update it to {mended} or newer."


def _asked(question: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return question()
    except APIError as error:
        if not error.is_client_error():
            raise
        return {}


def _is_older(version: str, mended: tuple[int, ...]) -> bool:
    # What tells no number is not ours to judge.
    found = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version)
    return found is not None and tuple(int(part or 0) for part in found.groups()) < mended


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
