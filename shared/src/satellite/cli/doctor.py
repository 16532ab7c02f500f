"""`satellite doctor`: what this machine and the server lack, and what to do about it."""

from __future__ import annotations

import typer

from satellite.cli.exit_codes import ExitCode
from satellite.cli.output import AsJSON, print_json
from satellite.visible_text import make_visible


def doctor(as_json: AsJSON = False) -> None:
    """Check this machine and the server; ends with 1 if something that is needed fails."""
    from satellite.cli.checks import CHECKS, Verdict, examine  # noqa: PLC0415

    findings = [examine(check) for check in CHECKS]
    if as_json:
        print_json({"checks": [finding.as_document() for finding in findings]})
    else:
        from rich.console import Console  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        console = Console(highlight=False, soft_wrap=True)
        colours = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}
        for finding in findings:
            remedy = f"  → {finding.remedy}" if finding.remedy else ""
            verdict = (f"{finding.verdict:<4}", colours[finding.verdict])
            console.print(
                Text.assemble(verdict, f" {finding.subject:<16} {make_visible(finding.found + remedy)}")
            )
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        raise typer.Exit(ExitCode.FAILED)
