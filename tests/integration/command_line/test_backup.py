"""`satellite admin`: a local stack's database, files and keys into a folder, and back, also elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from operation_server.database.migrate import migrate
from satellite.backup.errors import ProgramFailed
from satellite.backup.local_installation import LocalInstallation

SATELLITE = str(Path(sys.executable).with_name("satellite"))
USERS = (
    "SELECT string_agg(username, ',' ORDER BY username) FROM users WHERE username <> 'admin@satellite.local'"
)
KEYS = ("admin-password", "auth-secret", "secrets-key")
"""Without the last one what users have encrypted could not be read."""
ADD_USER = "INSERT INTO users (username, password_hash) VALUES ('{}', '')"


def satellite(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SATELLITE, *map(str, words)], capture_output=True, text=True, timeout=300)


def require(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's, which is private to root, and PostgreSQL runs unprivileged."""
    folder = Path(tempfile.mkdtemp(prefix="satellite-backup-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(folder: Path) -> Path:
    """The home of a stack with a user and a file, which does not run."""
    home = folder / "home"
    installation = LocalInstallation(home)
    with installation.replacing():
        migrate(installation._postgres.url())
        installation.query(ADD_USER.format("ada"))
    (home / "files").mkdir()
    for name in KEYS:
        (home / name).write_text(f"the {name} of before, of more than thirty-two characters")
    (home / "files" / "object").write_text("what ada stored")
    return home


def users(home: Path) -> str:
    installation = LocalInstallation(home)
    with installation.serving():
        return installation.query(USERS)


def test_what_was_backed_up_comes_back_here_and_elsewhere(home: Path, folder: Path) -> None:
    backup, keys = folder / "backup", folder / "keys"
    installation = LocalInstallation(home)
    with installation.replacing():
        # As beside `satellite up`, whose PostgreSQL is found by its process file.
        require(satellite("admin", "backup", backup, "--home", home, "--keys", keys))
        busy = satellite("admin", "restore", backup, "--home", home, "--keys", keys)
        assert (busy.returncode, "A stack already runs" in busy.stderr) == (1, True)
        installation.query(ADD_USER.format("bob"))
    require(satellite("admin", "verify", backup, "--keys", keys))
    manifest = json.loads((backup / "manifest.json").read_text())
    assert [part["path"] for part in manifest["parts"]] == ["database.dump", "files.tar"]
    assert {file.name for file in keys.iterdir()} == set(KEYS)
    assert {oct(path.stat().st_mode & 0o077) for path in (backup, keys, *keys.iterdir())} == {"0o0"}

    said = require(satellite("admin", "restore", backup, "--home", home, "--keys", keys))
    assert "The database of before is kept as" in said
    assert "Run `satellite admin restore --finish` next" in said
    assert users(home) == "ada"

    other = folder / "other"
    said = require(satellite("admin", "restore", backup, "--home", other, "--keys", keys, "--finish"))
    assert "Incarnation 2 begins" in said
    assert users(other) == "ada"
    assert (other / "files" / "object").read_text() == "what ada stored"
    for name in KEYS:
        assert (other / name).read_text() == (home / name).read_text()


def test_a_backup_that_was_damaged_is_named_and_changes_nothing(home: Path, folder: Path) -> None:
    backup = folder / "backup"
    require(satellite("admin", "backup", backup, "--home", home))
    again = satellite("admin", "backup", backup, "--home", home)
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    keyless = shutil.copytree(backup, folder / "keyless")
    (keyless / "keys" / "auth-secret").unlink()
    assert "auth-secret is missing from the backup" in satellite("admin", "verify", keyless).stderr
    with (backup / "database.dump").open("r+b") as dump:
        dump.seek(200)
        dump.write(b"\0\1\2\3")

    for words in (("verify", backup), ("restore", backup, "--home", home)):
        refused = satellite("admin", *words)
        assert refused.returncode == 1
        assert "database.dump is not what was written" in refused.stderr
    (backup / "manifest.json").unlink()
    assert "is no backup, or not a whole one" in satellite("admin", "verify", backup).stderr

    # Nor does what the digests cannot tell.
    installation = LocalInstallation(home)
    bad = folder / "bad.dump"
    bad.write_bytes(b"PGDMP and then nothing of use")
    with installation.replacing(), bad.open("rb") as dump, pytest.raises(ProgramFailed, match="pg_restore"):
        installation.replace_database(dump)
    assert users(home) == "ada"
    assert list(home.glob("postgres.before-*")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("backup", "/tmp/never", "--home", "/tmp/satellite-none"), "There is no database in"),
        (("restore",), "Name the backup's folder, or --finish, or both"),
        (("restore", "/tmp/never", "--force"), "are for --finish"),
        (("restore", "/tmp/never", "--home", "/tmp/satellite-none"), "no manifest.json"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(words: tuple[str, ...], said: str) -> None:
    done = satellite("admin", *words)
    assert done.returncode != 0
    assert said in done.stderr
    assert not Path("/tmp/satellite-none").exists()
