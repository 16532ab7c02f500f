"""`satellite plugin` on a real API process."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.command_line.test_accounts import CommandLine


def test_a_new_plugin_is_registered_in_versions_and_paused(satellite: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "word-count"
    satellite("plugin", "init", str(folder))
    satellite("plugin", "register", str(folder))
    manifest = json.loads((folder / "plugin.json").read_text())
    (folder / "plugin.json").write_text(json.dumps(manifest | {"version": "0.2.0"}))
    satellite("plugin", "register", str(folder))

    listed = json.loads(satellite("plugin", "versions", "word-count", "--json"))["items"]
    assert [one["version"] for one in listed] == ["0.2.0", "0.1.0"]
    satellite("plugin", "pause", "word-count")
    job = satellite("run", "word-count", "--input", '{"text": "a"}').strip()
    assert "paused" in satellite("job", "explain", job)
    satellite("plugin", "resume", "word-count")
    assert "no plugin absent" in satellite("plugin", "pause", "absent", code=4)
    assert "not empty" in satellite("plugin", "init", str(folder), code=2)
