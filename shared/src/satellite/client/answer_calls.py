"""Calls that ask for an answer: from the server, from what was answered before, or from a fallback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from satellite.client.answer_cache import question
from satellite.client.breaker import is_away
from satellite.client.calls import Call, Done, Effect, Flow, Request, resume, work
from satellite.client.connection import Connection
from satellite.client.errors import ClientError, JobFailed, WaitTimedOut
from satellite.client.job_calls import JobCalls, result_of
from satellite.client.model_calls import ModelCalls
from satellite.client.models import Reply
from satellite.contracts.job import JobStatus

PATIENCE_S: Final = 2.0
"""As long as a server that is away is asked again where a fallback stands ready."""


@dataclass(frozen=True)
class Fallback:
    """What answers while the server does not; `AsyncSatelliteClient` takes coroutine functions too."""

    made_by: str
    answer: Callable[[Any], Any]


class AnswerCalls(Connection):
    """The part of the clients that waits for answers.

    A server that several calls in a row have not reached is left alone for a while (`CircuitBreaker`): these
    calls then answer by their fallback at once, or raise `ServiceAway`.
    """

    @Call
    def run(
        self,
        /,
        plugin_name: str,
        input_data: Any,
        *,
        wait_s: float | None = None,
        fallback: Fallback | None = None,
        **options: Any,
    ) -> Flow[Reply]:
        """Run a plugin on an input and return its answer; the other options are those of `submit`.

        The fallback answers when the server is away, or has no answer within `wait_s`.

        Raises:
            JobFailed: the job gave no answer, for which there is no fallback.
            WaitTimedOut: there was none within `wait_s`.
            ServiceAway: the server is left alone for now.
        """

        def ask(reached: Callable[[], None]) -> Flow[Reply]:
            job = yield from JobCalls.submit(self, plugin_name, input_data, **options)
            reached()
            return (yield from self._answer(job.id, f"{job.plugin_name}@{job.plugin_version}", wait_s))

        return self._answered(ask, input_data, fallback)

    @Call
    def infer(
        self,
        /,
        model_name: str,
        data: Any,
        *,
        config: Mapping[str, Any] | None = None,
        wait_s: float | None = None,
        fallback: Fallback | None = None,
        cache: bool = False,
        **options: Any,
    ) -> Flow[Reply]:
        """Ask a model and return its answer; as `run`, and the other options are those of `ask_model`.

        With `cache`, an answer that this client has had is not asked for again. Only a version (`name@3`)
        can be asked so, and only whoever calls knows whether the model answers the same each time.
        """
        key = question(model_name, data, config) if cache else None
        kept = self._answers.find(key) if key else None
        if kept is not None:
            return kept

        def ask(reached: Callable[[], None]) -> Flow[Reply]:
            asked = yield from ModelCalls.ask_model(self, model_name, data, config=config, **options)
            reached()
            made_by = f"{asked.model_name}@{asked.model_version}"
            return (yield from self._answer(asked.job_id, made_by, wait_s))

        reply = yield from self._answered(ask, data, fallback)
        if key and not reply.degraded:
            self._answers.keep(key, reply)
        return reply

    def _answer(self, job_id: int, made_by: str, wait_s: float | None) -> Flow[Reply]:
        job = yield from JobCalls.wait(self, job_id, timeout_s=wait_s)
        if job.status != JobStatus.COMPLETED:
            raise JobFailed(job)
        return Reply(result=(yield from result_of(self, job)), made_by=made_by, job_id=job_id)

    def _answered(
        self, ask: Callable[[Callable[[], None]], Flow[Reply]], asked: Any, fallback: Fallback | None
    ) -> Flow[Reply]:
        patience_s = min(PATIENCE_S, self._retry_for_s)
        try:
            with self._breaker.passing() as reached:
                flow = ask(reached)
                return (yield from flow if fallback is None else _limited(flow, patience_s))
        except ClientError as error:
            is_late = isinstance(error, WaitTimedOut)
            if fallback is None or not (is_late or is_away(error)):
                raise
            job_id = error.job_id if isinstance(error, WaitTimedOut) else None
        answer = fallback.answer
        result = yield from work(lambda: answer(asked))
        return Reply(result=result, made_by=fallback.made_by, degraded=True, job_id=job_id)


def _limited(flow: Flow[Reply], for_s: float) -> Flow[Reply]:
    """Let a rule repeat none of its requests for longer than `for_s`."""
    step: Effect | Done[Reply] = resume(flow)
    while not isinstance(step, Done):
        try:
            answer = yield _hurried(step, for_s)
        except BaseException as error:  # noqa: BLE001 - The rule says what follows, or lets it pass.
            step = resume(flow, error=error)
        else:
            step = resume(flow, answer)
    return step.value


def _hurried(effect: Effect, for_s: float) -> Effect:
    if not isinstance(effect, Request):
        return effect
    own_s = for_s if effect.retry_for_s is None else effect.retry_for_s
    return replace(effect, retry_for_s=min(own_s, for_s))
