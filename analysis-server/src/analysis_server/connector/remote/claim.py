"""The fence: one claim for each name, and one of supervisor and judge that decides whether it begins.

Both are folders that are renamed into place with all they hold, which only one can do: whole or not there.
`begin` is put there by a supervisor, whose job then runs, or by whoever declares that it never will.
"""

import contextlib
import os
import shutil
from typing import Any, Dict, Optional

from analysis_server.connector.remote import records, this_host
from analysis_server.connector.remote.errors import Refused
from analysis_server.connector.remote.folders import JobFolder, private

OWNER_RESERVE_BYTES = 4096


def make_claim(job: JobFolder, request: Dict[str, Any]) -> bool:
    """Claim a name for a request; False if it has a claim already, which then must be of the same attempt."""
    if os.path.isdir(job.claim):
        return _same(job, request)
    part = private(os.path.join(job.truth, f"claim.{records.random_name()}.part"))
    try:
        _fill(part, request)
        os.rename(part, job.claim)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        if os.path.isdir(job.claim):
            return _same(job, request)
        if records.is_full(error):
            raise Refused("disk", f"The disk or the quota of {job.base} is full.") from error
        raise
    return True


def read_request(job: JobFolder) -> Optional[Dict[str, Any]]:
    """Return what was claimed; None without a claim."""
    request = records.read(os.path.join(job.claim, "request.json"))
    return request if isinstance(request, dict) else None


def read_secrets(job: JobFolder) -> Dict[str, str]:
    """Return the values of the job's secrets."""
    folder = secrets_folder(job)
    values = {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
            values[name] = file.read()
    return values


def secrets_folder(job: JobFolder) -> str:
    """Return the folder of the job's secrets, one file each."""
    return os.path.join(job.claim, "secrets")


def forget_secrets(job: JobFolder) -> None:
    """Remove the job's secrets, which nothing needs after its end."""
    shutil.rmtree(secrets_folder(job), ignore_errors=True)


def exit_reserve(job: JobFolder) -> str:
    """Return the file whose room is kept for the exit record."""
    return os.path.join(job.claim, "reserve-exit")


def begin(job: JobFolder, *, by: str, **facts: Any) -> bool:
    """Decide about a name: by a supervisor it begins, else it never will; False if decided before."""
    host, boot = this_host.host_name(), this_host.boot_id()
    owner = dict(facts, by=by, host=host, boot_id=boot, token=records.random_name())
    owner["process_space"] = this_host.process_space()
    part = os.path.join(job.truth, "begin.{}.part".format(owner["token"]))
    try:
        os.mkdir(part, 0o700)
        records.write(os.path.join(part, "owner.json"), owner)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        part = os.path.join(job.claim, "reserve-begin")
        # Room is kept for the supervisor; who buries can come again.
        if not records.is_full(error) or by != "supervisor" or not os.path.isdir(part):
            raise
        records.refill(os.path.join(part, "owner.json"), owner)
    with contextlib.suppress(OSError):
        os.rename(part, job.begin)
    shutil.rmtree(part, ignore_errors=True)
    # The answer of a file system in the network may be lost, so that what stands there decides.
    return read_owner(job) == owner


def has_begun(job: JobFolder) -> bool:
    """Tell whether it is decided what becomes of a name."""
    return os.path.isdir(job.begin)


def read_owner(job: JobFolder) -> Dict[str, Any]:
    """Return who decided it."""
    owner = records.read(os.path.join(job.begin, "owner.json"))
    return owner if isinstance(owner, dict) else {}


def _same(job: JobFolder, request: Dict[str, Any]) -> bool:
    claimed = read_request(job)
    if claimed is not None and claimed["key"] != request["key"]:
        raise Refused("name_taken", f"The folder {job.name} belongs to another attempt.")
    return False


def _fill(folder: str, request: Dict[str, Any]) -> None:
    request = dict(request)
    secrets = request.pop("secrets")
    request["secret_names"] = sorted(secrets)
    records.make_reserve(os.path.join(folder, "reserve-exit"), request["reserve_bytes"])
    records.make_reserve(
        os.path.join(private(os.path.join(folder, "reserve-begin")), "owner.json"), OWNER_RESERVE_BYTES
    )
    private(os.path.join(folder, "secrets"))
    for name, value in secrets.items():
        fd = os.open(os.path.join(folder, "secrets", name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
            file.write(value)
    records.write(os.path.join(folder, "request.json"), request)
