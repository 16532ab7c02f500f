"""The two ways a plugin ends in which the exception itself says who is to blame."""

from __future__ import annotations


class InputRefused(Exception):
    """The input cannot be worked on; the job fails with the kind `input` and is not tried again.

    Raise it from your function when the input passes the schema and still makes no sense. Its
    message is shown to the person who submitted the job.
    """


class OutputUnfit(Exception):
    """What the function returned is not one JSON value, or not one result for each item of a batch."""
