"""`python -m analysis_server.authoring FOLDER`: what `satellite plugin test` and `dev` run."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import structlog

from analysis_server.authoring.checks import check_plugin
from analysis_server.authoring.manifest_file import ManifestUnusable, read_manifest
from analysis_server.authoring.watching import watch

EXIT_FOUND = 1
EXIT_USAGE = 2


def main() -> int:
    """Try the plugin of a folder, print the report, and return 1 if something was found."""
    chosen = _parser().parse_args()
    # Nothing that was started stays, whatever ends this; what shells start in the background ignores Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    # Standard output is the report's.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if chosen.watch:
        watch(chosen.folder, chosen.runtime, _say)
    try:
        manifest = read_manifest(chosen.folder)
    except ManifestUnusable as error:
        print(error, file=sys.stderr)  # noqa: T201  # The command's answer.
        return EXIT_USAGE
    report = check_plugin(
        chosen.folder, manifest, chosen.runtime, near=chosen.near, repeats=chosen.repeats, seed=chosen.seed
    )
    if chosen.report is not None:
        chosen.report.write_text(report.bounded().model_dump_json())
    _say(report.model_dump_json(indent=2) if chosen.json else "\n".join(report.lines()))
    return 0 if report.is_clean else EXIT_FOUND


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis_server.authoring", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runtime", choices=["process", "container"], default="process")
    parser.add_argument("--near", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, help="Where the report is kept as JSON.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--watch", action="store_true")
    return parser


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # The command's answer.


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
