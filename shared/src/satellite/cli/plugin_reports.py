"""The reports of `satellite plugin test` on this machine, each under the digest of the content it is of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from satellite.cli.credentials import config_dir
from satellite.contracts.plugin_report import Report

KEPT: Final = 100


def report_file(folder: Path) -> Path:
    """Return where the report of a plugin of exactly these files is, or is to be."""
    from satellite.local.plugin_images import content_digest  # noqa: PLC0415  # Slow to import.

    return _place() / f"{content_digest(folder)}.json"


def make_room() -> None:
    """Make the folder of the reports, and let only the newest ones stay."""
    _place().mkdir(parents=True, exist_ok=True)
    newest_first = sorted(_place().glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in newest_first[KEPT:]:
        file.unlink(missing_ok=True)


def find_report(folder: Path, manifest: Mapping[str, Any]) -> Report | None:
    """Return the report of the last test of exactly these files, if there was one."""
    from satellite.contracts.plugin_manifest import PluginManifest  # noqa: PLC0415  # Slow to import.

    try:
        digest = PluginManifest.model_validate(manifest).digest()
    except ValidationError:
        return None
    kept = [_read(file) for file in _place().glob("*.json")]
    # Beside a manifest that was never tested may lie a whole disk: only what was tested is read.
    if not any(report is not None and report.manifest_digest == digest for report in kept):
        return None
    return _read(report_file(folder))


def _read(file: Path) -> Report | None:
    try:
        return Report.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        # One that cannot be read, such as that of another release, is none.
        return None


def _place() -> Path:
    return config_dir() / "plugin-reports"
