"""What a plugin author imports: one function, one decorator, one call.

    from satellite.plugin import plugin, run

    @plugin
    def greet(request: dict) -> dict:
        return {"greeting": f"Hello {request['name']}"}

    if __name__ == "__main__":
        run(greet)

Standard library only and Python 3.9 or newer, because this package is copied into plugin images.
How a plugin talks to Satellite, for authors in any language, is told in `plugins/README.md`.
"""

from __future__ import annotations

from satellite.plugin.declaration import plugin
from satellite.plugin.entry import main, run
from satellite.plugin.errors import InputRefused
from satellite.plugin.output import checkpoint_dir, output_dir
from satellite.plugin.progress import report_metrics, report_progress
from satellite.plugin.secret import secret

__all__ = [
    "InputRefused",
    "checkpoint_dir",
    "main",
    "output_dir",
    "plugin",
    "report_metrics",
    "report_progress",
    "run",
    "secret",
]
