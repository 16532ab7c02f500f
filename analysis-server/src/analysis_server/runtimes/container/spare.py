"""A container that is started and waits for a job's input."""

from __future__ import annotations

import select

from analysis_server.runtimes.container.janitor import ContainerJanitor
from analysis_server.runtimes.container.session import ContainerSession

_ENDED = select.POLLHUP | select.POLLERR | select.POLLNVAL | select.POLLRDHUP


class ContainerSpare:
    """A session with nothing said in it yet."""

    def __init__(self, session: ContainerSession, janitor: ContainerJanitor) -> None:
        """Take a started container."""
        self.session = session
        self._janitor = janitor

    def usable(self) -> bool:
        """Tell whether the engine still holds the other end of its streams."""
        return not has_ended(self.session.fileno())

    def discard(self) -> None:
        """Remove the container."""
        self.session.close()
        self.session.secrets.remove()
        self._janitor.remove(self.session.container_id, self.session.folder)


def has_ended(descriptor: int) -> bool:
    """Tell whether the peer has closed its end, also when there is something left to read."""
    poll = select.poll()
    poll.register(descriptor, select.POLLRDHUP)
    return any(events & _ENDED for _, events in poll.poll(0))
