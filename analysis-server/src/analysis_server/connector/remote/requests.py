"""What a submission may ask for, looked at field by field: nothing else comes further."""

from typing import Any, Dict, List, Optional

from analysis_server.connector.remote import names
from analysis_server.connector.remote.errors import BadRequest
from analysis_server.connector.remote.setup_requests import setup_request

LAUNCHERS = ("builtin", "gpu-run", "slurm")
ARGUMENTS_MAX = 4096
ARGUMENTS_CHARS_MAX = 1048576
VARIABLES_MAX = 1024
ROOTS_MAX = 64
YEAR_S = 366 * 86400
MEMORY_MIB_MAX = 1 << 30
SLURM_OPTIONS = ("partition", "account", "qos", "constraint", "reservation", "gres")


def submission(body: Any) -> Dict[str, Any]:
    """Return a submission as it is kept, of which each value was looked at; secrets are still in it."""
    body = names.mapping(body, field="The request")
    name = names.folder_name(body.get("name"))
    request: Dict[str, Any] = {
        "name": name,
        "key": _key(body.get("key"), name=name),
        "launcher": _launcher(body.get("launcher")),
        "command": _command(body.get("command")),
        "stdin_path": _maybe_path(body, "stdin_path"),
        "stdout_path": _maybe_path(body, "stdout_path"),
        "env": _variables(body.get("env"), field="env"),
        "secrets": _variables(body.get("secrets"), field="secrets"),
        "allowed_roots": allowed_roots(body.get("allowed_roots")),
    }
    request["setup"] = setup_request(body.get("setup"))
    request.update(_limits(body))
    return request


def allowed_roots(value: Any) -> List[str]:
    """Return the folders from which code that lies on the cluster may be taken."""
    roots = names.listing(value, field="allowed_roots", items_max=ROOTS_MAX)
    return [names.absolute_path(root, field="allowed_roots") for root in roots]


def _limits(body: Dict[str, Any]) -> Dict[str, Any]:
    def asked(field: str, *, least: int, most: int, default: Optional[int] = None) -> Optional[int]:
        value = body.get(field)
        return default if value is None else names.number(value, field=field, least=least, most=most)

    return {
        "gpus": asked("gpus", least=0, most=1024, default=0),
        "gpu_memory_mib": asked("gpu_memory_mib", least=1, most=MEMORY_MIB_MAX),
        "memory_mib": asked("memory_mib", least=1, most=MEMORY_MIB_MAX),
        "cpus": asked("cpus", least=1, most=65536),
        "time_limit_s": asked("time_limit_s", least=1, most=YEAR_S),
        "kill_grace_s": asked("kill_grace_s", least=0, most=600, default=3),
        "reserve_bytes": asked("reserve_bytes", least=4096, most=1 << 24, default=65536),
    }


def _key(value: Any, *, name: str) -> Dict[str, Any]:
    key = names.mapping(value, field="key")
    job_id = names.number(key.get("job_id"), field="key.job_id", least=0, most=1 << 62)
    attempt = names.number(key.get("attempt"), field="key.attempt", least=0, most=999999999)
    uid = names.text(key.get("uid"), field="key.uid", chars_max=36)
    if name != "%d-%d-%s" % (job_id, attempt, uid.replace("-", "")[:8]):
        raise BadRequest(f"The folder {name} does not belong to the attempt of its key.")
    return {"job_id": job_id, "attempt": attempt, "uid": uid}


def _launcher(value: Any) -> Dict[str, Any]:
    given = names.mapping(value, field="launcher")
    kind = given.get("kind", "builtin")
    if kind not in LAUNCHERS:
        raise BadRequest("A launcher is one of {}, not {}.".format(", ".join(LAUNCHERS), names.shown(kind)))
    launcher = {"kind": kind, "stack": names.word(given.get("stack", "satellite"), field="launcher.stack")}
    for option in SLURM_OPTIONS:
        if given.get(option) is not None:
            launcher[option] = names.word(given[option], field="launcher." + option)
    return launcher


def _command(value: Any) -> List[str]:
    arguments = names.listing(value, field="command", items_max=ARGUMENTS_MAX)
    command = [names.text(argument, field="command") for argument in arguments]
    if not command or not command[0]:
        raise BadRequest("The command must name a program.")
    if sum(len(argument) for argument in command) > ARGUMENTS_CHARS_MAX:
        raise BadRequest("The command is longer than %d characters." % ARGUMENTS_CHARS_MAX)
    return command


def _maybe_path(body: Dict[str, Any], field: str) -> Optional[str]:
    value = body.get(field)
    return None if value is None else names.relative_path(value, field=field)


def _variables(value: Any, *, field: str) -> Dict[str, str]:
    given = names.mapping(value, field=field)
    if len(given) > VARIABLES_MAX:
        raise BadRequest("%s has more than %d variables." % (field, VARIABLES_MAX))
    return {names.variable_name(name): names.text(value, field=field) for name, value in given.items()}
