"""How a command says no."""


class Refused(Exception):
    """A command is not carried out; `kind` is for programs, the message for people."""

    def __init__(self, kind: str, message: str) -> None:
        """Take both."""
        super().__init__(message)
        self.kind = kind
        self.message = message


class BadRequest(Refused):
    """What was asked cannot be meant: a name, a path or a number that is not allowed."""

    def __init__(self, message: str) -> None:
        """Take what is wrong."""
        super().__init__("bad_request", message)


class Ended(Exception):
    """A job ends before its command does, or without it; the reason is one of the exit record's."""

    def __init__(self, reason: str, message: str) -> None:
        """Take why, for programs and for people."""
        super().__init__(message)
        self.reason = reason
        self.message = message
