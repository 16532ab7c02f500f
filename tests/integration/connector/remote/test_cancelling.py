"""A cancellation ends all of a job, however it resists, and is the same when it is repeated."""

from __future__ import annotations

from analysis_server.connector.agent_messages import ExitReason, RemoteState
from tests.integration.connector.remote.host import Host, job, job_name, wait_until

STUBBORN = (
    "trap '' TERM; setsid sh -c \"trap '' TERM; while :; do sleep 1; done\" & while :; do sleep 1; done"
)


def test_what_ignores_signals_and_leaves_its_session_is_ended(host: Host) -> None:
    request = job(1, STUBBORN, kill_grace_s=1)
    host.submit(request)
    wait_until(
        lambda: host.report(request.name).state is RemoteState.RUNNING and len(host.tree(request.name)) >= 3
    )
    assert host.cancel(request.name) is RemoteState.ENDED
    assert host.tree(request.name) == []
    ending = host.wait_end(request.name)
    assert ending.reason is ExitReason.CANCELLED
    assert host.cancel(request.name) is RemoteState.ENDED
    assert host.wait_end(request.name) == ending


def test_a_job_may_clean_up_within_its_grace(host: Host) -> None:
    script = """
        trap 'echo saved > $OUTPUT_DIR/model; exit 0' TERM
        echo ready > $OUTPUT_DIR/../ready
        while :; do sleep 0.1; done
    """
    request = job(1, script, kill_grace_s=30)
    host.submit(request)
    wait_until((host.folder(request.name) / "ready").exists)
    assert host.cancel(request.name) is RemoteState.ENDED
    ending = host.wait_end(request.name)
    assert ending.reason is ExitReason.CANCELLED
    assert ending.outputs is not None
    assert [file.path for file in ending.outputs] == ["model"]


def test_a_job_that_has_not_begun_never_will(host: Host) -> None:
    assert host.cancel(job_name(1)) is RemoteState.BURIED
    assert host.ask("submit", job(1, "true").model_dump(mode="json")) == {"state": "buried"}


def test_a_job_that_has_ended_stays_as_it_is(host: Host) -> None:
    request = job(1, "exit 4")
    host.submit(request)
    ending = host.wait_end(request.name)
    assert host.cancel(request.name) is RemoteState.ENDED
    assert host.wait_end(request.name) == ending


def test_many_cancellations_at_once_are_one(host: Host) -> None:
    request = job(1, STUBBORN, kill_grace_s=1)
    host.submit(request)
    host.wait_state(request.name, RemoteState.RUNNING)
    processes = [host.start("cancel") for _ in range(8)]
    for process in processes:
        process.communicate(b'{"name": "%s", "wait_s": 30}' % request.name.encode())
    assert host.wait_end(request.name).reason is ExitReason.CANCELLED
