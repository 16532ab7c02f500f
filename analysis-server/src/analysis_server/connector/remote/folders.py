"""Where things lie: one folder of all jobs, one folder of each job, and what is ours in both."""

import os

from analysis_server.connector.remote import names
from analysis_server.connector.remote.errors import Refused

OURS = ".satellite"
PARTS = ("code", "data", "models", "outputs", "logs")


class JobFolder:
    """One attempt of a job: `code data models outputs logs run.sh` for people, `.satellite` for the truth."""

    def __init__(self, base: str, name: str) -> None:
        """Take the folder of all jobs and a name that was looked at."""
        self.base = base
        self.name = names.folder_name(name)
        self.path = os.path.join(base, name)
        self.truth = os.path.join(self.path, OURS)
        self.claim = os.path.join(self.truth, "claim")
        self.begin = os.path.join(self.truth, "begin")
        self.exit = os.path.join(self.truth, "exit.json")
        self.outputs = os.path.join(self.truth, "outputs.json")
        self.phase = os.path.join(self.truth, "phase.json")
        self.beat = os.path.join(self.truth, "beat")
        self.cancel = os.path.join(self.truth, "cancel")
        self.launched = os.path.join(self.truth, "launched.json")
        self.tomb = os.path.join(base, OURS, "tombs", name)

    def part(self, *names_below: str) -> str:
        """Return a path below the job's folder."""
        return os.path.join(self.path, *names_below)

    @property
    def checkpoints(self) -> str:
        """Return the folder that all attempts of the job share."""
        job_id, _, uid8 = self.name.split("-")
        return os.path.join(self.base, "checkpoints", f"{job_id}-{uid8}")

    def make(self) -> None:
        """Make the folders that a job finds; those that are there stay as they are."""
        private(os.path.join(self.base, OURS))
        os.makedirs(self.path, exist_ok=True)
        private(self.truth)
        for part in PARTS:
            os.makedirs(self.part(part), exist_ok=True)


def private(path: str) -> str:
    """Make a folder that only this account may look into."""
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def base_folder(value: str) -> str:
    """Return the folder of all jobs by its real path, made if it is not there."""
    path = os.path.expanduser(names.text(value, field="--base", empty=False))
    if not os.path.isabs(path):
        raise Refused("base", "The base folder must be an absolute path, or begin with ~.")
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise Refused("base", f"The base folder {path} cannot be made: {error.strerror}.") from error
    return os.path.realpath(path)
