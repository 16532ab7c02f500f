"""What processes leave behind that are gone, and what is let stand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from analysis_server.runtimes.owned_folder import OwnedFolder

OWNER = """
import sys, time
from pathlib import Path
from analysis_server.runtimes.owned_folder import OwnedFolder
folder = OwnedFolder(Path(sys.argv[1])).make()
(folder / "file").write_text("left")
print(folder, flush=True)
time.sleep(600)
"""


def test_only_what_the_dead_have_left_goes_and_not_what_is_kept(tmp_path: Path) -> None:
    ours = OwnedFolder(tmp_path)
    own = ours.make()
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        theirs = Path(owner.stdout.readline().strip())
        assert ours.sweep() == 0
        os.kill(owner.pid, signal.SIGKILL)
    assert ours.sweep(lambda folder: folder == theirs) == 0
    assert (theirs / "file").exists()
    assert ours.sweep() == 1
    assert not theirs.parent.exists()
    assert own.exists()


def test_closed_it_is_gone_but_for_what_is_still_needed(tmp_path: Path) -> None:
    used, unused = OwnedFolder(tmp_path), OwnedFolder(tmp_path)
    needed = used.make()
    unused.make().rmdir()
    used.close()
    unused.close()

    assert [each.name for each in tmp_path.iterdir()] == [needed.parent.name]
    assert OwnedFolder(tmp_path).sweep() == 1
    assert list(tmp_path.iterdir()) == []


def test_one_without_a_lock_goes_once_it_is_old(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    assert OwnedFolder(tmp_path).sweep() == 0
    assert (tmp_path / "made").exists()
    os.utime(tmp_path / "made", (0, time.time() - 7_200))
    OwnedFolder(tmp_path).sweep()
    assert not (tmp_path / "made").exists()


def test_nothing_is_made_before_it_is_needed(tmp_path: Path) -> None:
    folder = OwnedFolder(tmp_path / "none")
    assert folder.sweep() == 0
    folder.close()
    assert not (tmp_path / "none").exists()
