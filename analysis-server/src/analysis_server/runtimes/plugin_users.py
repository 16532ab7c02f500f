"""The users that plugins run as: each container and each process has one of its own.

What the kernel counts for a user (inotify instances, large pipes, keys, processes) one plugin could otherwise
use up for all others. The first two ranges lie where systemd's list of ids has nothing; see decision 32.
"""

from __future__ import annotations

from typing import Final

CONTAINER_USERS: Final = range(1_900_000_000, 1_900_065_536)
PROCESS_USERS: Final = range(1_900_065_536, 1_900_131_072)
NAMESPACED_USERS: Final = range(20_000, 60_000)
"""For engines with a user namespace, in which there are 65,536 ids; outside they are others."""

USER_NAME: Final = "plugin"
"""What `USER` says: no list of users has these ids, and `getpass.getuser` fails without a name."""
