"""The checks of `satellite doctor`, each one question with its answer and remedy."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from satellite.cli.credentials import NotLoggedIn, default_home, server_url
from satellite.cli.session import open_client
from satellite.container_engine.address import EngineAddress
from satellite.errors import SatelliteError

NEEDED_PYTHON = (3, 11)
SCARCE_MIB = 2_000
BASE_IMAGES = ("python:3.12-slim", "python:3.11-slim")


class Verdict(StrEnum):
    """`warn`: it works, but less well; `fail`: something will not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The answer to one check."""

    subject: str
    verdict: Verdict
    found: str
    remedy: str | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return asdict(self)


def check_python() -> Finding:
    """Is Python new enough?"""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info >= NEEDED_PYTHON:
        return Finding(subject="Python", verdict=Verdict.OK, found=version)
    return Finding(
        subject="Python", verdict=Verdict.FAIL, found=version, remedy="install Python 3.11 or newer"
    )


def check_disk() -> Finding:
    """Is there room for the local stack?"""
    from satellite.local.home import NEEDED_MIB  # noqa: PLC0415

    folder = default_home().absolute()
    while not folder.exists():
        folder = folder.parent
    free_mib = shutil.disk_usage(folder).free // 2**20
    found = f"{free_mib} MiB free below {folder}"
    if free_mib < NEEDED_MIB:
        remedy = f"make room: `satellite up` needs {NEEDED_MIB} MiB"
        return Finding(subject="Disk", verdict=Verdict.FAIL, found=found, remedy=remedy)
    if free_mib < SCARCE_MIB:
        return Finding(subject="Disk", verdict=Verdict.WARN, found=found, remedy="images need more room")
    return Finding(subject="Disk", verdict=Verdict.OK, found=found)


def check_ports() -> Finding:
    """Are the preferred ports free?"""
    from satellite.local.ports import is_port_free  # noqa: PLC0415
    from satellite.local.stack import API_PORT, FLOWER_PORT, INFERENCE_PORT  # noqa: PLC0415

    taken = [port for port in (API_PORT, FLOWER_PORT, INFERENCE_PORT) if not is_port_free(port)]
    if not taken:
        return Finding(
            subject="Ports", verdict=Verdict.OK, found=f"{API_PORT}, {FLOWER_PORT}, {INFERENCE_PORT} are free"
        )
    return Finding(
        subject="Ports",
        verdict=Verdict.WARN,
        found=f"in use: {', '.join(map(str, taken))} (by a running stack, perhaps)",
        remedy="`satellite up` takes others, or those of --port, --flower-port and --inference-port",
    )


def check_local_servers() -> Finding:
    """Are PostgreSQL and Redis installed for the local stack?"""
    from satellite.local.postgres import find_binary  # noqa: PLC0415
    from satellite.local.redis import find_server  # noqa: PLC0415

    try:
        servers = (find_binary("postgres"), find_server())
    except SatelliteError as error:
        return Finding(subject="Local servers", verdict=Verdict.WARN, found=str(error), remedy="`make setup`")
    return Finding(subject="Local servers", verdict=Verdict.OK, found=" and ".join(map(str, servers)))


def check_engine() -> Finding:
    """Does a container engine answer?"""
    problem = EngineAddress.read(os.environ).problem()
    if problem is None:
        return Finding(subject="Docker", verdict=Verdict.OK, found="the engine answers")
    return Finding(
        subject="Docker",
        verdict=Verdict.WARN,
        found=problem,
        remedy="start Docker for isolated plugins; without it they run as plain processes",
    )


def check_base_images() -> Finding:
    """Are the base images of the example plugins at hand?"""
    subject = "Base images"
    if EngineAddress.read(os.environ).problem() is not None or importlib.util.find_spec("docker") is None:
        return Finding(subject=subject, verdict=Verdict.WARN, found="not looked for without an engine")
    from satellite.container_engine.client import connect  # noqa: PLC0415

    client = connect(timeout_s=5)
    try:
        tags = {tag for image in client.images.list() for tag in image.tags}
    finally:
        client.close()
    present = [image for image in BASE_IMAGES if image in tags]
    if present:
        return Finding(subject=subject, verdict=Verdict.OK, found=", ".join(present))
    remedy = f"`docker pull {BASE_IMAGES[0]}`, or let the first build fetch it"
    return Finding(subject=subject, verdict=Verdict.WARN, found="no python:3.x-slim", remedy=remedy)


def check_gpu() -> Finding:
    """Is there a graphics card that plugins can use?"""
    program = shutil.which("nvidia-smi")
    if program is None:
        return Finding(subject="GPU", verdict=Verdict.OK, found="none; plugins that ask for one have to wait")
    done = subprocess.run(
        [program, "--query-gpu=name,memory.total", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=20,
    )
    if done.returncode != 0:
        remedy = "repair the driver"
        return Finding(subject="GPU", verdict=Verdict.WARN, found="nvidia-smi fails", remedy=remedy)
    return Finding(subject="GPU", verdict=Verdict.OK, found="; ".join(done.stdout.strip().splitlines()))


def check_api() -> Finding:
    """Does the server answer, and does it know us?"""
    url = server_url()
    try:
        with open_client() as client:
            name = client.me().get("email", "somebody")
    except NotLoggedIn as error:
        return Finding(subject="API", verdict=Verdict.WARN, found=str(error), remedy="`satellite login`")
    except SatelliteError as error:
        remedy = "start the server (`satellite up`), or name another with `satellite login --url`"
        return Finding(subject="API", verdict=Verdict.FAIL, found=str(error), remedy=remedy)
    return Finding(subject="API", verdict=Verdict.OK, found=f"{url} answers, logged in as {name}")


def check_workers() -> Finding:
    """Is anybody there to run jobs?"""
    try:
        with open_client() as client:
            workers = client.list_workers().items
    except SatelliteError:
        return Finding(subject="Workers", verdict=Verdict.WARN, found="unknown while the API is out of reach")
    if not workers:
        remedy = "start one: `satellite up`, or `celery -A analysis_server.tasks worker`"
        return Finding(subject="Workers", verdict=Verdict.FAIL, found="none", remedy=remedy)
    stuck = [worker.name for worker in workers if not worker.consumer_ok]
    if stuck:
        found = f"not consuming: {', '.join(stuck)}"
        return Finding(subject="Workers", verdict=Verdict.WARN, found=found, remedy="restart them")
    names = ", ".join(
        f"{worker.name} ({worker.runtime}{', drained' if worker.drained else ''})" for worker in workers
    )
    return Finding(subject="Workers", verdict=Verdict.OK, found=names)


def check_isolation() -> Finding:
    """Are plugins kept from the machines that run them?"""
    subject = "Isolation"
    try:
        with open_client() as client:
            workers = client.list_workers().items
    except SatelliteError:
        return Finding(subject=subject, verdict=Verdict.WARN, found="unknown while the API is out of reach")
    weaknesses = [f"{worker.name}: {' '.join(worker.weaknesses)}" for worker in workers if worker.weaknesses]
    if weaknesses:
        remedy = "see Isolation in DEPLOYMENT.md"
        return Finding(subject=subject, verdict=Verdict.WARN, found="; ".join(weaknesses), remedy=remedy)
    return Finding(subject=subject, verdict=Verdict.OK, found="no weakness is known")


def examine(check: Callable[[], Finding]) -> Finding:
    """Return what a check finds; one that cannot be made is a finding too, and stops no other."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001  # A driver that hangs, a folder that may not be read, ...
        subject = check.__name__.removeprefix("check_").replace("_", " ")
        found = f"could not be looked at: {str(error) or type(error).__name__}"
        return Finding(subject=subject, verdict=Verdict.WARN, found=found)


CHECKS: tuple[Callable[[], Finding], ...] = (
    check_python,
    check_disk,
    check_ports,
    check_local_servers,
    check_engine,
    check_base_images,
    check_gpu,
    check_api,
    check_workers,
    check_isolation,
)
