"""`python -m analysis_server.authoring FOLDER`: what `satellite plugin test` runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import structlog
from pydantic import ValidationError

from analysis_server.authoring.checks import check_plugin
from satellite.contracts.plugin_manifest import PluginManifest

EXIT_FOUND = 1
EXIT_USAGE = 2


def main() -> int:
    """Try the plugin of a folder, print the report, and return 1 if something was found."""
    parser = argparse.ArgumentParser(prog="python -m analysis_server.authoring", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runtime", choices=["process", "container"], default="process")
    parser.add_argument("--near", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    # Standard output is the report's.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    file = chosen.folder / "plugin.json"
    try:
        manifest = PluginManifest.model_validate_json(file.read_bytes())
    except OSError as error:
        print(f"{file} cannot be read: {error.strerror}", file=sys.stderr)  # noqa: T201  # The command's answer.
        return EXIT_USAGE
    except ValidationError as error:
        for fault in error.errors():
            place = "/".join(map(str, fault["loc"]))
            print(f"{file}: {place}: {fault['msg']}", file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    report = check_plugin(
        chosen.folder, manifest, chosen.runtime, near=chosen.near, repeats=chosen.repeats, seed=chosen.seed
    )
    print(report.model_dump_json(indent=2) if chosen.json else "\n".join(report.lines()))  # noqa: T201
    return 0 if report.is_clean else EXIT_FOUND


if __name__ == "__main__":
    sys.exit(main())
