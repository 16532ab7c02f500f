"""Makes the environment of requirements once for each content, for all jobs that want the same.

An environment carries its own path in many of its files: it is made where it stays, and published by a link.
"""

import contextlib
import hashlib
import os
import re
import shutil
import sys
import time
from typing import Optional

from analysis_server.connector.remote import locks, records
from analysis_server.connector.remote.folders import JobFolder, private
from analysis_server.connector.remote.setup_process import SetupProcess
from analysis_server.connector.remote.vigil import Vigil

LOOK_EVERY_S = 0.5
REQUIREMENTS_BYTES_MAX = 1 << 20
UNUSED_LEAST_S = 86400.0
"""Many times as long as jobs need to tell that they use one."""
# What such a line names may change while the file does not: then the environment is the job's alone.
LOCAL = re.compile(
    rb"^\s*(-r|-c|-e|--requirement|--constraint|--editable|\.|/|file:)|@\s*file:", re.MULTILINE
)


def provide(job: JobFolder, requirements: str, run: SetupProcess, vigil: Vigil) -> str:
    """Return the folder of an environment with what a file of requirements says; raises `Ended` without."""
    folder = private(_folder(job.base))
    digest = _digest(job, requirements, run)
    link = os.path.join(folder, digest)
    lock = os.path.join(locks.job_locks(job.base), "env-" + digest)
    while True:
        with locks.taken(lock, wait_s=0) as is_ours:
            if is_ours and not os.path.isdir(link):
                _make(link, requirements, run)
        place = _in_use(link, vigil)
        if place is not None:
            return place
        vigil.pause(LOOK_EVERY_S)


def trim(base: str, *, older_than_s: float) -> int:
    """Remove environments that no job has used for so long, and return how many that were."""
    folder, removed = _folder(base), 0
    if not os.path.isdir(folder):
        return removed
    before = time.time() - max(older_than_s, UNUSED_LEAST_S)
    paths = [os.path.join(folder, name) for name in os.listdir(folder)]
    links = [path for path in paths if os.path.islink(path)]
    published = {os.path.realpath(link) for link in links}
    # A link to nothing, or one that somebody else removes, keeps none of the others.
    for link in links:
        with contextlib.suppress(OSError):
            if os.stat(link).st_mtime < before:
                removed += _remove(link, before)
    # What no link publishes was left by who was killed while it made or removed one.
    for place in set(paths).difference(links):
        with contextlib.suppress(OSError):
            if os.path.realpath(place) not in published and os.stat(place).st_mtime < before:
                shutil.rmtree(place)
                removed += 1
    return removed


def _in_use(link: str, vigil: Vigil) -> Optional[str]:
    """Tell that an environment is in use, now and every hour, and return its folder; None if it is not there.

    Hosts that share the disk have no lock in common: whoever removes one takes its link away and looks again,
    whoever uses one touches it and looks for the link again.
    """
    place = os.path.realpath(link)
    try:
        fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    os.utime(fd)
    if os.path.realpath(link) != place or not os.path.islink(link):
        os.close(fd)
        return None
    vigil.held.append(fd)
    return place


def _remove(link: str, before: float) -> bool:
    place = os.path.realpath(link)
    os.unlink(link)
    if os.stat(place).st_mtime >= before:
        with contextlib.suppress(FileExistsError):
            os.symlink(os.path.basename(place), link)
        return False
    shutil.rmtree(place, ignore_errors=True)
    return True


def _folder(base: str) -> str:
    return os.path.join(base, ".satellite", "envs")


def _make(link: str, requirements: str, run: SetupProcess) -> None:
    place = f"{link}-{records.random_name()[:8]}"
    where = os.path.dirname(requirements)
    try:
        run.run([sys.executable, "-m", "venv", place], folder=where, what="Making the environment")
        pip = [os.path.join(place, "bin", "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        run.run([*pip, "install", "-r", requirements], folder=where, what="Installing the requirements")
        # Somebody on another host that shares the disk may have been quicker.
        with contextlib.suppress(FileExistsError):
            os.symlink(os.path.basename(place), link)
    finally:
        if os.path.realpath(link) != place:
            shutil.rmtree(place, ignore_errors=True)


def _digest(job: JobFolder, requirements: str, run: SetupProcess) -> str:
    root = os.path.realpath(job.path)
    if not os.path.realpath(requirements).startswith(root + "/") or not os.path.isfile(requirements):
        raise run.fail(
            f"There is no file of requirements {os.path.relpath(requirements, job.path)} in the job's folder."
        )
    with open(requirements, "rb") as file:
        content = file.read(REQUIREMENTS_BYTES_MAX + 1)
    if len(content) > REQUIREMENTS_BYTES_MAX:
        raise run.fail("The file of requirements is longer than %d bytes." % REQUIREMENTS_BYTES_MAX)
    digest = hashlib.sha256(
        content + b"\0" + sys.version.encode() + b"\0" + os.fsencode(os.path.realpath(sys.executable))
    )
    if LOCAL.search(content):
        digest.update(job.name.encode("ascii"))
    return digest.hexdigest()
