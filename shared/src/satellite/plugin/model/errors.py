"""Why a model is not there, or not ready."""

from __future__ import annotations


class ModelUnknown(LookupError):
    """No model of this name is registered."""

    def __str__(self) -> str:
        """Return the message without the quotes of a key error."""
        return str(self.args[0])


class GoldenExampleMissed(Exception):
    """A loaded model answers one of its golden examples otherwise than when it was trained."""
