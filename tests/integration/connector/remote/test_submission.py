"""A job that is submitted often, by many or into a crash begins once, or never when that was decided."""

from __future__ import annotations

import json
from collections import Counter

from analysis_server.connector.agent_messages import RemoteState, SubmitState
from tests.integration.connector.remote.host import WAIT_S, Host, job, job_name


def test_thirty_submissions_at_once_have_one_effect(host: Host) -> None:
    request = job(1, "echo ran >> $OUTPUT_DIR/../ran; sleep 1")
    body = json.dumps(request.model_dump(mode="json")).encode()
    processes = [host.start("submit") for _ in range(30)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(body)
        process.stdin.close()
    answers = [json.loads(process.stdout.read()) for process in processes if process.stdout is not None]
    for process in processes:
        assert process.wait(WAIT_S) == 0
        assert process.stderr is not None
        process.stderr.close()
        process.stdout.close()  # type: ignore[union-attr]
    assert Counter(answer["state"] for answer in answers) == {"submitted": 1, "already": 29}
    assert host.wait_end(request.name).code == 0
    assert (host.folder(request.name) / "ran").read_text() == "ran\n"


def test_a_submission_is_repeated_after_the_job_ended(host: Host) -> None:
    request = job(1, "echo ran >> $OUTPUT_DIR/../ran")
    assert host.submit(request) is SubmitState.SUBMITTED
    host.wait_end(request.name)
    assert host.submit(request) is SubmitState.ALREADY
    assert (host.folder(request.name) / "ran").read_text() == "ran\n"


def claim_without_supervisor(host: Host) -> str:
    """Have a submission die between its claim and its supervisor."""
    request = job(1, "echo ran >> $OUTPUT_DIR/../ran")
    obstacle = host.folder(request.name) / ".satellite/supervisor.log"
    obstacle.mkdir(parents=True)
    process = host.start("submit")
    process.communicate(json.dumps(request.model_dump(mode="json")).encode(), timeout=WAIT_S)
    assert process.returncode != 0
    obstacle.rmdir()
    assert host.report(request.name).state is RemoteState.CLAIMED
    return request.name


def test_a_claim_whose_supervisor_never_began_is_gone_on_with_by_the_next_submission(host: Host) -> None:
    name = claim_without_supervisor(host)
    assert host.submit(job(1, "echo ran >> $OUTPUT_DIR/../ran")) is SubmitState.ALREADY
    assert host.wait_end(name).code == 0
    assert (host.folder(name) / "ran").read_text() == "ran\n"


def test_what_was_buried_never_begins(host: Host) -> None:
    name = claim_without_supervisor(host)
    assert host.bury(name) is RemoteState.BURIED
    late = host.start("supervise", "--foreground", name)
    late.communicate(timeout=WAIT_S)
    assert late.returncode == 0
    assert host.submit(job(1, "echo ran >> $OUTPUT_DIR/../ran")) is SubmitState.BURIED
    assert host.report(name).state is RemoteState.BURIED
    assert not (host.folder(name) / "ran").exists()


def test_a_name_is_buried_before_it_was_claimed(host: Host) -> None:
    assert host.bury(job_name(5)) is RemoteState.BURIED
    assert host.submit(job(5, "touch $OUTPUT_DIR/../ran")) is SubmitState.BURIED
    assert host.report(job_name(5)).state is RemoteState.BURIED
    assert not (host.folder(job_name(5)) / "ran").exists()


def test_burying_and_beginning_race_and_one_wins(host: Host) -> None:
    """Whatever the order: a job that ran was told to go on, one that was told to be buried did not run."""
    for number in range(1, 9):
        request = job(number, "touch $OUTPUT_DIR/../ran")
        submitting = host.start("submit")
        assert submitting.stdin is not None
        submitting.stdin.write(json.dumps(request.model_dump(mode="json")).encode())
        submitting.stdin.close()
        state = host.bury(request.name)
        assert submitting.wait(WAIT_S) == 0
        for stream in (submitting.stdout, submitting.stderr):
            assert stream is not None
            stream.close()
        if state is RemoteState.BURIED:
            assert host.report(request.name).state is RemoteState.BURIED
        else:
            assert host.wait_end(request.name).code == 0
        assert (host.folder(request.name) / "ran").exists() == (state is not RemoteState.BURIED)


def test_another_attempt_cannot_take_the_folder(host: Host) -> None:
    request = job(1, "true")
    host.submit(request)
    other = request.model_dump(mode="json")
    other["key"]["uid"] = other["key"]["uid"][:-1] + "f"
    assert host.ask("submit", other)["error"]["kind"] == "name_taken"


def test_nothing_is_known_of_a_name_that_nobody_used(host: Host) -> None:
    assert host.report(job_name(1)).state is RemoteState.ABSENT
    host.folder(job_name(1)).mkdir(parents=True)
    assert host.report(job_name(1)).state is RemoteState.STAGED
