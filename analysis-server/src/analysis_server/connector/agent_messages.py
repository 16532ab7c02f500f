"""What the connector and the file on a cluster say to each other: JSON in, JSON out, one command each.

The other side (`remote/`) cannot import this, as it runs without a library; tests of the file speak by these.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import Field

from satellite.contracts.message import Message

PROTOCOL: Final = 1


class RemoteState(StrEnum):
    """What a job on a cluster is at.

    `orphan` is passed through: nobody supervises what is left of the job, which is being ended. `unknown` is
    no evidence of anything: the job could not be looked at, or who runs it does not answer.
    """

    ABSENT = "absent"
    STAGED = "staged"
    CLAIMED = "claimed"
    PREPARING = "preparing"
    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    ORPHAN = "orphan"
    LOST = "lost"
    BURIED = "buried"
    UNKNOWN = "unknown"


class ExitReason(StrEnum):
    """Why a job on a cluster ended; `cards` is for hosts that never have what it wants."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    OOM = "oom"
    REBOOT = "reboot"
    ORPHAN = "orphan"
    LOST = "lost"
    SETUP_GIT = "setup_git"
    SETUP_REQUIREMENTS = "setup_requirements"
    SETUP_EXISTING = "setup_existing"
    DISK = "disk"
    CARDS = "cards"


class SubmitState(StrEnum):
    """What a submission found: `already` is as good as `submitted`; `buried` never begins."""

    SUBMITTED = "submitted"
    ALREADY = "already"
    BURIED = "buried"


class LauncherKind(StrEnum):
    """Who starts supervisors."""

    BUILTIN = "builtin"
    GPU_RUN = "gpu-run"
    SLURM = "slurm"


class Launcher(Message):
    """Who starts a job's supervisor, for Slurm with options; `stack` is in the names of its jobs."""

    kind: LauncherKind = LauncherKind.BUILTIN
    stack: str = "satellite"
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    reservation: str | None = None
    gres: str | None = None


class SubmittedKey(Message):
    """What names the attempt; the folder's name follows from it."""

    job_id: int
    attempt: int
    uid: str


class GitSource(Message):
    """A repository by https, ssh, `user@host:path`, or `file://` below an allowed root; its HEAD or a ref."""

    url: str
    ref: str | None = None


class Setup(Message):
    """What is done before the command: code from `git` or an `existing` folder, `requirements`."""

    git: GitSource | None = None
    existing: str | None = None
    requirements: str | None = None
    limit_s: int = 3600


class SubmitRequest(Message):
    """A job that is submitted, again after any failure; its secrets become variables of its process only."""

    name: str
    key: SubmittedKey
    launcher: Launcher = Launcher()
    command: tuple[str, ...]
    stdin_path: str | None = None
    stdout_path: str | None = None
    env: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)
    setup: Setup = Setup()
    gpus: int = 0
    gpu_memory_mib: int | None = None
    memory_mib: int | None = None
    cpus: int | None = None
    time_limit_s: int | None = None
    kill_grace_s: int = 3
    reserve_bytes: int = 65536
    allowed_roots: tuple[str, ...] = ()


class SubmitAnswer(Message):
    """What became of a submission."""

    state: SubmitState


class AskedJob(Message):
    """A job that is asked about: its log from an offset on; for `watch` also the state that is known."""

    log_offset: int = 0
    state: RemoteState | None = None


class PollRequest(Message):
    """Asks about many jobs; `facts` about the host too, which may take some hundred milliseconds."""

    jobs: dict[str, AskedJob]
    log_bytes_max: int = 65536
    facts: bool = False


class WatchRequest(Message):
    """Asks to be told when a job has another state than is known, or a longer log, within `wait_s`."""

    jobs: dict[str, AskedJob]
    log_bytes_max: int = 65536
    wait_s: float = 20


class OutputFile(Message):
    """A file that a job left in `outputs`."""

    path: str
    size: int
    sha256: str


class ExitRecord(Message):
    """How a job ended, by the host's clock; outputs of None have no manifest and must be listed."""

    reason: ExitReason
    code: int | None = None
    signal: int | None = None
    message: str = ""
    outputs: tuple[OutputFile, ...] | None = None
    commit: str | None = None
    max_rss_mib: int = 0
    ended_at: float


class RemoteUsage(Message):
    """What a job's processes use."""

    rss_mib: int = 0
    max_rss_mib: int = 0
    cpu_s: float = 0
    processes: int = 0


class JobReport(Message):
    """One job: times by the host's clock, a `beat` that grows while its supervisor lives, `log` in base64.

    `launcher_state` is what Slurm calls it, or the number that the cluster's `gpu-run` gave.
    """

    state: RemoteState
    phase_since: float | None = None
    began_at: float | None = None
    beat: int = 0
    gpus: tuple[str, ...] = ()
    commit: str | None = None
    exit: ExitRecord | None = None
    log: str = ""
    log_size: int = 0
    usage: RemoteUsage = RemoteUsage()
    node: str | None = None
    launcher_state: str | None = None
    message: str = ""


class RemoteCard(Message):
    """A card of a host; its holder is a job's folder, `foreign` for processes of others, or None."""

    uuid: str
    index: int
    name: str
    memory_mib: int
    memory_used_mib: int
    holder: str | None = None


class RemoteNode(Message):
    """A node that Slurm manages."""

    name: str
    state: str
    cpus: int
    memory_mib: int
    gres: str = ""


class RemoteDisk(Message):
    """The room of the file system of all jobs."""

    free_mib: int
    total_mib: int
    free_inodes: int = 0


class RemoteMemory(Message):
    """The memory of the host."""

    total_mib: int
    available_mib: int


class RemoteFacts(Message):
    """What a host tells of itself that changes."""

    cards: tuple[RemoteCard, ...] = ()
    disk: RemoteDisk
    load: tuple[float, ...] = ()
    memory: RemoteMemory
    nodes: tuple[RemoteNode, ...] = ()


class PollAnswer(Message):
    """What `poll` answers about all jobs, `watch` about those that changed; each boot has a `boot_id`."""

    boot_id: str
    host: str
    now: float
    jobs: dict[str, JobReport]
    facts: RemoteFacts | None = None


class CancelRequest(Message):
    """Has a job end, and waits for that up to `wait_s`; may be repeated."""

    name: str
    wait_s: int = 0


class BuryRequest(Message):
    """Lets a name never begin; a job that has begun goes on."""

    name: str


class StateAnswer(Message):
    """What a job is at after `cancel` or `bury`."""

    state: RemoteState


class RemoveRequest(Message):
    """Removes jobs that ended or were buried; with `checkpoints` those of the whole job too."""

    names: tuple[str, ...]
    checkpoints: bool = False


class RemoveAnswer(Message):
    """For each name `removed`, `absent`, `foreign`, the state for which it stays, or `failed: …`."""

    jobs: dict[str, str]


class CollectedRequest(Message):
    """Says that nothing of a job is needed any more; from then on its age counts."""

    name: str


class CollectedAnswer(Message):
    """`collected`, or `absent`."""

    state: str


class SweepRequest(Message):
    """Removes jobs that were collected, or buried, longer ago than this."""

    older_than_s: float


class SweepAnswer(Message):
    """The attempts whose folders were removed."""

    removed: tuple[SubmittedKey, ...] = ()


class Hello(Message):
    """What a host is."""

    protocol: int
    python: str
    executable: str
    has_venv: bool
    boot_id: str
    host: str
    user: str
    base: str
    base_is_writable: bool
    locks: str
    locks_are_local: bool
    kills_at_logout: bool
    cpus: int
    programs: dict[str, str | None]
    has_nvidia_smi: bool
    launcher: LauncherKind
    now: float
    facts: RemoteFacts


class Refusal(Message):
    """Why a command was not carried out: `kind` for programs, the message for people."""

    kind: str
    message: str


class RefusedAnswer(Message):
    """What a command answers that was not carried out; it exits 0, as any other exit means a defect."""

    error: Refusal
