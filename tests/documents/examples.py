"""What the fences of a document mean, and how they are held to it.

`bash` is run, and so is `python`; a fence with `title="FILE"` is what the reader puts into that file; each
line of `text` has to be in what the fence before it has printed, where `…` stands for anything. All else is
only shown.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from sybil import Example, Sybil
from sybil.document import Document
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer
from sybil.region import Region

LIMIT_S = 300
TITLE = re.compile(r'title="([^"]+)"')
OWN = ("SATELLITE_", "VIRTUAL_ENV")
FENCES = FencedCodeBlockLexer(language=".+", mapping={"language": "arguments", "source": "source"})


@dataclass
class Reader:
    """Does what a document says, in a folder, with one shell after the other that know of each other."""

    folder: Path
    printed: str = ""
    commands: list[str] = field(default_factory=list)

    def follow(self, document: Path) -> None:
        """Do all that a document says.

        Raises:
            SybilFailure: a command failed, or printed something else; it names the line.
        """
        sybil = Sybil([self._parse], path=str(document.parent))
        for example in sybil.parse(document).examples():
            example.evaluate()

    def _parse(self, document: Document) -> list[Region]:
        return [
            Region(
                each.start,
                each.end,
                parsed=(each.lexemes["arguments"], each.lexemes["source"]),
                evaluator=self._do,
            )
            for each in FENCES(document)
        ]

    def _do(self, example: Example) -> str | None:
        kind, source = example.parsed
        if title := TITLE.search(kind):
            return self._write(title[1], str(source))
        if kind == "bash":
            return self._run(str(source))
        if kind == "python":
            return self._run(f"python - <<'END_OF_PROGRAM'\n{source}\nEND_OF_PROGRAM\n")
        return self._compare(str(source)) if kind == "text" else None

    def _write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _run(self, commands: str) -> str | None:
        """Run commands as the next ones of a shell: what was exported, and where it is, holds on."""
        state = self.folder / ".shell"
        before, after = (
            f"[ ! -f {state} ] || . {state}; set -a",
            f"{{ export -p; pwd | sed 's/^/cd /'; }} >{state}",
        )
        self.commands += [line for line in commands.splitlines() if line.strip()]
        shell = subprocess.Popen(
            ["bash", "-eu", "-o", "pipefail", "-c", f"{before}\n{commands}\n{after}\n"],
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if not name.startswith(OWN)}
            | {"SATELLITE_CONFIG_DIR": str(self.folder / ".login")},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            self.printed, _ = shell.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return f"Not done after {LIMIT_S} s: {commands}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
        return f"{commands}\nended with {shell.returncode}:\n{self.printed}" if shell.returncode else None

    def _compare(self, expected: str) -> str | None:
        for line in filter(str.strip, expected.splitlines()):
            pattern = re.escape(line.strip()).replace("…", ".*")
            if not re.search(pattern, self.printed):
                return f"Nobody printed {line!r}, but:\n{self.printed}"
        return None
