"""A supervised job: what it finds, what it leaves, and that nothing it writes is taken for the truth."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

from analysis_server.connector.agent_messages import ExitReason, RemoteState
from tests.integration.connector.remote.host import UID, Host, job, job_name, wait_until

HARD = ["a b", "$HOME", "`id`", "'", '"', "\\", "new\nline", "-rf", "*", "; touch /tmp/never", "ü"]


def test_a_job_finds_its_folders_and_leaves_what_its_users_know(host: Host) -> None:
    script = """
        echo $JOB_ID $OUTPUT_DIR $LOG_DIR $DATA_DIR $MODELS_DIR $CHECKPOINT_DIR $SATELLITE_OUTPUT_DIR
        pwd; echo oops >&2; echo 1 > $OUTPUT_DIR/metrics.json; echo kept > $CHECKPOINT_DIR/step
        echo "unbuffered $PYTHONUNBUFFERED cards <$CUDA_VISIBLE_DEVICES>"
    """
    request = job(7, script)
    host.submit(request)
    ending = host.wait_end(request.name)
    folder = host.folder(request.name)
    checkpoints = host.base / "checkpoints" / f"7-{UID[:8]}"
    parts = " ".join(str(folder / part) for part in ("outputs", "logs", "data", "models"))
    assert (folder / "logs/training.log").read_text().splitlines() == [
        f"7 {parts} {checkpoints} {folder / 'outputs'}",
        str(folder / "code"),
        "oops",
        "unbuffered 1 cards <>",
    ]
    assert (ending.reason, ending.code, ending.signal) == (ExitReason.EXITED, 0, None)
    assert ending.outputs is not None
    assert [(file.path, file.size) for file in ending.outputs] == [("metrics.json", 2)]
    assert (folder / "outputs/status.txt").read_text() == "success\n"
    assert (folder / "outputs/SUCCESS").exists()
    assert not (folder / "outputs/FAILED").exists()
    assert (folder / "logs/start_time.log").read_text().startswith("Job started at ")
    assert (checkpoints / "step").read_text() == "kept\n"


def test_a_forged_marker_changes_nothing(host: Host) -> None:
    request = job(1, "echo done > $OUTPUT_DIR/SUCCESS; echo success > $OUTPUT_DIR/status.txt; exit 3")
    host.submit(request)
    ending = host.wait_end(request.name)
    folder = host.folder(request.name)
    assert (ending.reason, ending.code) == (ExitReason.EXITED, 3)
    assert not (folder / "outputs/SUCCESS").exists()
    assert (folder / "outputs/FAILED").exists()
    assert (folder / "outputs/status.txt").read_text() == "failed\n"
    assert "code 3" in (folder / "logs/error.log").read_text()


def test_a_marker_that_is_a_link_leads_nowhere(host: Host, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    links = {"status.txt": precious, "SUCCESS": precious, "all": "/"}
    request = job(1, "".join(f"ln -s {target} $OUTPUT_DIR/{name};" for name, target in links.items()))
    host.submit(request)
    assert host.wait_end(request.name).outputs == ()
    assert precious.read_text() == "mine"
    assert (host.folder(request.name) / "outputs/status.txt").read_text() == "success\n"


def test_a_signal_is_told(host: Host) -> None:
    request = job(1, "kill -SEGV $$")
    host.submit(request)
    ending = host.wait_end(request.name)
    assert (ending.reason, ending.code, ending.signal) == (ExitReason.EXITED, None, 11)


def test_a_command_that_is_not_there_is_told(host: Host) -> None:
    request = job(1, "no-such-program", "x")
    host.submit(request)
    ending = host.wait_end(request.name)
    assert (ending.reason, ending.code) == (ExitReason.EXITED, 127)
    assert "no-such-program" in ending.message


def test_arguments_and_variables_are_no_syntax(host: Host) -> None:
    program = "import os, sys, json; print(json.dumps([sys.argv[1:], os.environ['HARD']]))"
    request = job(1, sys.executable, "-c", program, *HARD, env={"HARD": "".join(HARD)})
    host.submit(request)
    assert host.wait_end(request.name).code == 0
    log = host.folder(request.name) / "logs/training.log"
    assert json.loads(log.read_text()) == [HARD, "".join(HARD)]
    again = subprocess.run([host.folder(request.name) / "run.sh"], capture_output=True, text=True)
    assert json.loads(again.stdout) == [HARD, "".join(HARD)], again.stderr


def test_streams_of_a_plugin_are_files(host: Host) -> None:
    request = job(1, "cat; echo noise >&2", stdin_path="data/input.json", stdout_path="outputs/result.json")
    (host.folder(request.name) / "data").mkdir(parents=True)
    (host.folder(request.name) / "data/input.json").write_text('{"a": 1}')
    host.submit(request)
    assert host.wait_end(request.name).code == 0
    assert (host.folder(request.name) / "outputs/result.json").read_text() == '{"a": 1}'
    assert (host.folder(request.name) / "logs/training.log").read_text() == "noise\n"


def test_the_supervisor_is_nobodys_child_and_enforces_the_deadline_alone(host: Host) -> None:
    request = job(1, "trap '' TERM; while :; do sleep 1; done", time_limit_s=1, kill_grace_s=1)
    host.submit(request)
    owner = host.owner(request.name)
    assert os.getsid(owner["pid"]) == owner["pid"] or os.getsid(owner["pid"]) != os.getsid(0)
    assert Path(f"/proc/{owner['pid']}/fd/0").readlink() == Path("/dev/null")
    # Nobody asks until it is over.
    wait_until((host.folder(request.name) / ".satellite/exit.json").exists)
    ending = host.wait_end(request.name)
    assert ending.reason is ExitReason.TIMEOUT
    assert host.tree(request.name) == []
    assert (host.folder(request.name) / "outputs/status.txt").read_text() == "failed\n"


def test_what_a_job_leaves_running_ends_with_it(host: Host) -> None:
    request = job(1, "setsid sleep 1000 & (setsid nohup sleep 1000 >/dev/null 2>&1 &) ; exit 0")
    host.submit(request)
    assert host.wait_end(request.name).code == 0
    assert host.tree(request.name) == []


def test_secrets_are_variables_of_the_job_and_nothing_else(host: Host) -> None:
    secret = "hush-8c1d"
    request = job(
        1, 'test "$TOKEN" = "$(cat $SATELLITE_SECRETS_DIR/TOKEN)"; sleep 1000', secrets={"TOKEN": secret}
    )
    host.submit(request)
    host.wait_state(request.name, RemoteState.RUNNING)
    kept = host.folder(request.name) / ".satellite/claim/secrets"
    assert (kept.stat().st_mode & 0o777, (kept / "TOKEN").stat().st_mode & 0o777) == (0o700, 0o600)
    owner = host.owner(request.name)["pid"]
    for pid in [owner, *host.tree(request.name)]:
        assert secret not in Path(f"/proc/{pid}/cmdline").read_text()
    assert secret not in Path(f"/proc/{owner}/environ").read_text()
    host.cancel(request.name)
    assert not kept.exists()
    everything = [path for path in host.base.rglob("*") if path.is_file()]
    assert [path for path in everything if secret.encode() in path.read_bytes()] == []


def test_a_log_comes_by_offset_and_no_link_is_followed(host: Host) -> None:
    request = job(1, "printf 0123456789; sleep 1000")
    host.submit(request)
    wait_until(lambda: host.report(request.name).log_size == 10)
    body = {"jobs": {request.name: {"log_offset": 4}}, "log_bytes_max": 3}
    report = host.ask("poll", body)["jobs"][request.name]
    assert base64.b64decode(report["log"]) == b"456"
    log = host.folder(request.name) / "logs/training.log"
    log.unlink()
    log.symlink_to("/etc/passwd")
    assert host.report(request.name).log == ""


def test_beats_go_on_while_a_job_runs(host: Host) -> None:
    request = job(1, "sleep 1000")
    host.submit(request)
    wait_until(lambda: host.report(request.name).beat >= 1)
    first = host.report(request.name)
    wait_until(lambda: host.report(request.name).beat > first.beat)
    assert first.usage.processes >= 1


def test_one_poll_tells_of_hundreds_of_jobs(host: Host) -> None:
    request = job(1, "true")
    host.submit(request)
    host.wait_end(request.name)
    names = [job_name(number) for number in range(1, 501)]
    answer = host.poll(*names)
    assert set(answer.jobs) == set(names)
    assert answer.jobs[request.name].state is RemoteState.ENDED
