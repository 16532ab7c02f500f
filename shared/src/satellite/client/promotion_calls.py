"""What the client does before a version is taken into use: evaluations, gates and rollouts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satellite.client.calls import Call, Flow, ask, tell
from satellite.client.connection import Connection
from satellite.client.models import Evaluation, Gate, Page, Rollout
from satellite.client.reading import check_request


class PromotionCalls(Connection):
    """The part of the clients about how good versions are."""

    @Call
    def evaluate(
        self,
        name: str,
        version: int,
        metrics: Mapping[str, float],
        *,
        data_digest: str,
        data_name: str | None = None,
        job_id: int | None = None,
    ) -> Flow[Evaluation]:
        """Keep how good a version is on data of a SHA-256; the newest again is the same."""
        body = {
            "data_digest": data_digest,
            "data_name": data_name,
            "metrics": dict(metrics),
            "job_id": job_id,
        }
        check_request(body)
        return ask(Evaluation, "POST", f"/models/{name}/versions/{version}/evaluations", body=body)

    @Call
    def list_evaluations(
        self, name: str, version: int, *, skip: int = 0, limit: int = 100
    ) -> Flow[Page[Evaluation]]:
        """List the evaluations of a version, newest first."""
        query = {"skip": skip, "limit": limit}
        return ask(Page[Evaluation], "GET", f"/models/{name}/versions/{version}/evaluations", params=query)

    @Call
    def delete_evaluation(self, name: str, version: int, evaluation_id: int) -> Flow[None]:
        """Delete an evaluation; the one before it on the same data counts then."""
        return tell("DELETE", f"/models/{name}/versions/{version}/evaluations/{evaluation_id}")

    @Call
    def set_gate(self, name: str, /, *, metric: str, data_digest: str, **fields: Any) -> Flow[Gate]:
        """Say what a version has to reach before an alias is moved to it; replaces the gate there is.

        `fields` are `at_least`, `at_most`, `not_worse_than_champion` (a tolerance), of which one is needed,
        and `higher_is_better` (true) and `alias` ("champion").
        """
        body = {"metric": metric, "data_digest": data_digest, **fields}
        check_request(body)
        return ask(Gate, "PUT", f"/models/{name}/gate", body=body)

    @Call
    def get_gate(self, name: str) -> Flow[Gate]:
        """Return the gate of a model.

        Raises:
            NotFound: it has none.
        """
        return ask(Gate, "GET", f"/models/{name}/gate")

    @Call
    def delete_gate(self, name: str) -> Flow[None]:
        """Remove the gate of a model."""
        return tell("DELETE", f"/models/{name}/gate")

    @Call
    def set_rollout(self, name: str, candidate: int, /, **settings: Any) -> Flow[Rollout]:
        """Try a version on part of what names an alias, or change how the running one is tried.

        `settings` are `percent`, `shadow_percent`, `tolerance`, `max_failure_ratio`, `max_difference_ratio`,
        `min_requests` and `alias` ("champion").
        """
        body = {"candidate": candidate, **settings}
        check_request(body)
        return ask(Rollout, "PUT", f"/models/{name}/rollout", body=body)

    @Call
    def get_rollout(self, name: str) -> Flow[Rollout]:
        """Return the running rollout of a model, or else its last.

        Raises:
            NotFound: it has had none.
        """
        return ask(Rollout, "GET", f"/models/{name}/rollout")

    @Call
    def stop_rollout(self, name: str) -> Flow[None]:
        """End the running rollout: what the alias names answers alone from now on."""
        return tell("DELETE", f"/models/{name}/rollout")
