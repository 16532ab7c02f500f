"""The last line of a plugin's main file: `run(function)`, or `main()` for the only one declared."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from satellite.plugin.declaration import find_declaration
from satellite.plugin.failure import make_failure
from satellite.plugin.invocation import Invocation
from satellite.plugin.oneshot import run_once
from satellite.plugin.server import serve
from satellite.plugin.streams import set_up_logging, take_streams

MODE_VARIABLE = "SATELLITE_PLUGIN_MODE"


def run(function: Callable[..., Any] | None = None) -> NoReturn:
    """Run `function` as a plugin and end the process with the exit code that tells how it went.

    As a server when the environment variable SATELLITE_PLUGIN_MODE is `server`, else for one job.
    """
    declaration = find_declaration(function)
    streams = take_streams()
    set_up_logging()
    try:
        invocation = Invocation(declaration)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the author's setup may raise anything.
        failure = make_failure(error)
        failure.print_traceback()
        sys.exit(failure.exit_code or 1)
    if os.environ.get(MODE_VARIABLE) == "server":
        sys.exit(serve(invocation, streams))
    sys.exit(run_once(invocation, streams, sys.argv[1:]))


def main() -> NoReturn:
    """Run the only function declared with `@plugin`."""
    run(None)
