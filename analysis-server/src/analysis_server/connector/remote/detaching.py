"""Leaves whoever started this process behind."""

import os
import select
from typing import Callable

BEGUN_WITHIN_S = 30


def detach() -> Callable[[], None]:
    """Go on in a child with a session of its own; the parent ends when it calls what is returned or dies."""
    ours, theirs = os.pipe()
    if os.fork():
        os.close(theirs)
        select.select([ours], [], [], BEGUN_WITHIN_S)
        os._exit(0)
    os.close(ours)
    os.setsid()

    def begun() -> None:
        os.close(theirs)

    return begun
