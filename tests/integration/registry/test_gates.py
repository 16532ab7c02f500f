"""Evaluations, and gates which an alias passes only by one of them."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.operation_server_api.conftest import MANIFEST, set_job
from tests.integration.registry.conftest import ONNX, add_version

DATA = hashlib.sha256(b"the last months").hexdigest()
OTHER = hashlib.sha256(b"other months").hexdigest()
GATE: dict[str, Any] = {
    "metric": "mae",
    "higher_is_better": False,
    "at_most": 5,
    "data_digest": DATA,
    "not_worse_than_champion": 0.1,
}
CHAMPION = "/models/doubler/aliases/champion"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
async def versions(user: httpx.AsyncClient, doubler: dict[str, Any]) -> None:
    """Three versions of the model."""
    for number in range(3):
        await add_version(user, ONNX + bytes([number]))


async def evaluate(client: httpx.AsyncClient, version: int, mae: float, data: str = DATA) -> dict[str, Any]:
    body = {"data_digest": data, "data_name": "months", "metrics": {"mae": mae, "bias": -1}}
    answer = await client.post(f"/models/doubler/versions/{version}/evaluations", json=body)
    assert answer.status_code in {200, 201}, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def set_gate(client: httpx.AsyncClient, **changes: Any) -> None:
    answer = await client.put("/models/doubler/gate", json=GATE | changes)
    assert answer.status_code == 200, answer.text


async def move(client: httpx.AsyncClient, version: int, **fields: Any) -> httpx.Response:
    return await client.put(CHAMPION, json={"version": version, **fields})


async def champion(client: httpx.AsyncClient) -> int | None:
    answer = await client.get(CHAMPION)
    return answer.json()["version"] if answer.status_code == 200 else None


class TestEvaluations:
    async def test_the_newest_on_the_same_data_again_is_the_same(
        self, user: httpx.AsyncClient, versions: None
    ) -> None:
        first = await evaluate(user, 2, 4.5)
        assert await evaluate(user, 2, 4.5) == first
        others = [
            await evaluate(user, 2, 4.5, OTHER),
            await evaluate(user, 2, 4.6),
            await evaluate(user, 2, 4.5),
        ]

        listed = (await user.get("/models/doubler/versions/2/evaluations")).json()
        assert listed == {"total": 4, "items": [*reversed(others), first]}
        card = (await user.get("/models/doubler/versions/2/card")).json()
        assert card["evaluations"] == listed["items"]
        assert (first["version"], first["metrics"]) == (2, {"mae": 4.5, "bias": -1})

    async def test_its_job_has_completed_and_is_seen_by_who_names_it(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, versions: None, engine: AsyncEngine
    ) -> None:
        ids = []
        for client in (user, other):
            await client.post("/plugins", json=MANIFEST)
            body = {"plugin_name": "adder", "input_data": {"n": 1}}
            ids.append((await client.post("/jobs", json=body)).json()["id"])
        place = "/models/doubler/versions/1/evaluations"
        body = {"data_digest": DATA, "metrics": {"mae": 1}}
        answers = [await user.post(place, json=body | {"job_id": job_id}) for job_id in ids]
        await set_job(engine, ids[0], "status = 'completed', completed_at = now()")
        made = await user.post(place, json=body | {"job_id": ids[0]})

        assert [answer.json()["errors"][0] for answer in answers] == [
            {"pointer": "/job_id", "message": f"job {ids[0]} is queued, and has found nothing"},
            {"pointer": "/job_id", "message": f"there is no job {ids[1]} that you may see"},
        ]
        assert (made.status_code, made.json()["job_id"]) == (201, ids[0])

    async def test_what_says_nothing_is_refused(self, user: httpx.AsyncClient, versions: None) -> None:
        changes: list[dict[str, Any]] = [
            {"data_digest": "x"},
            {"data_digest": DATA.upper()},
            {"metrics": {}},
            {"metrics": {"mae": "4.5"}},
            {"metrics": {"mae": True}},
            {"metrics": {"mae": 1e301}},
            {"metrics": {"": 1}},
            {"metrics": {str(number): 1 for number in range(101)}},
            {"data_name": ""},
        ]
        place = "/models/doubler/versions/1/evaluations"
        for change in changes:
            body = {"data_digest": DATA, "metrics": {"mae": 4.5}, **change}
            assert (await user.post(place, json=body)).status_code == 422, change
        assert (await user.get(place)).json()["total"] == 0

    async def test_only_its_owner_and_admins_evaluate_and_set_gates(
        self, user: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient, versions: None
    ) -> None:
        await set_gate(user)
        made = await evaluate(admin, 1, 4)
        place = "/models/doubler/versions/1/evaluations"
        refusals = [
            await other.post(place, json={"data_digest": DATA, "metrics": {"mae": 0}}),
            await other.delete(f"{place}/{made['id']}"),
            await other.put("/models/doubler/gate", json=GATE),
            await other.delete("/models/doubler/gate"),
        ]
        assert [code(each) for each in refusals] == [(403, "model_not_yours")] * 4
        assert (await other.get("/models/doubler/gate")).json()["at_most"] == 5
        assert (await other.get(place)).json()["items"] == [made]

    async def test_what_is_not_there_is_404(self, user: httpx.AsyncClient, versions: None) -> None:
        assert code(await user.get("/models/doubler/gate")) == (404, "model_gate_not_found")
        assert code(await user.delete("/models/doubler/gate")) == (404, "model_gate_not_found")
        assert code(await user.get("/models/none/gate")) == (404, "model_not_found")
        assert code(await user.get("/models/doubler/versions/9/evaluations")) == (
            404,
            "model_version_not_found",
        )
        gone = await user.delete("/models/doubler/versions/1/evaluations/9")
        assert code(gone) == (404, "evaluation_not_found")


class TestGate:
    async def test_without_one_every_alias_moves(self, user: httpx.AsyncClient, versions: None) -> None:
        await set_gate(user, alias="candidate")
        assert (await move(user, 2)).status_code == 200

    async def test_only_what_was_evaluated_and_passes_becomes_the_champion(
        self, user: httpx.AsyncClient, versions: None
    ) -> None:
        await set_gate(user)
        await evaluate(user, 1, 4.5, OTHER)
        unseen = await move(user, 1)
        await evaluate(user, 1, 5.25)
        beyond = await move(user, 1)
        await evaluate(user, 1, 4.5)

        assert [code(each) for each in (unseen, beyond)] == [(409, "model_gate_closed")] * 2
        assert f"it has no evaluation of mae on the data {DATA}" in unseen.json()["detail"]
        assert beyond.json()["errors"] == [
            {"pointer": "/version", "message": f"mae is 5.25 on the data {DATA}, and must be at most 5"}
        ]
        assert await champion(user) is None
        assert (await move(user, 1)).json()["version"] == 1
        # Nothing guards another alias, nor what the alias names already.
        assert (await user.put("/models/doubler/aliases/candidate", json={"version": 2})).status_code == 200
        await evaluate(user, 1, 9)
        assert (await move(user, 1)).status_code == 200

    async def test_it_is_compared_with_the_version_that_is_named(
        self, user: httpx.AsyncClient, versions: None
    ) -> None:
        await move(user, 1)
        await set_gate(user)
        await evaluate(user, 2, 4.0)
        unknown = await move(user, 2)
        assert "version 1, which it would replace, has no evaluation of mae" in unknown.json()["detail"]

        await evaluate(user, 1, 4.5)
        for higher_is_better, wanted, moves in (
            (False, 4.6, True), (False, 4.65, False), (False, 1, True),
            (True, 4.4, True), (True, 4.35, False), (True, 4.9, True),
        ):  # fmt: skip
            await set_gate(user, higher_is_better=higher_is_better)
            await evaluate(user, 2, wanted)
            answer = await move(user, 2)
            assert (answer.status_code == 200) is moves, (higher_is_better, wanted, answer.text)
            assert await champion(user) == (2 if moves else 1)
            if not moves:
                assert f"mae is {wanted:g}" in answer.json()["detail"]
                assert "worse than 4.5 of version 1" in answer.json()["detail"]
            await move(user, 1, override={"reason": "once more"})

    async def test_it_asks_for_what_it_says(self, user: httpx.AsyncClient, versions: None) -> None:
        await evaluate(user, 1, 4.5)
        changes: list[tuple[dict[str, Any], bool]] = [
            ({"at_most": None}, True),
            ({"at_most": None, "at_least": 4.5}, True),
            ({"at_most": None, "at_least": 4.51}, False),
            ({"not_worse_than_champion": None}, True),
            ({"metric": "bias", "at_most": -0.5}, True),
            ({"metric": "rmse"}, False),
        ]
        for change, moves in changes:
            await set_gate(user, **change)
            assert ((await move(user, 1)).status_code == 200) is moves, change
            await user.delete("/models/doubler/gate")
            await user.delete(CHAMPION)

    async def test_one_that_asks_for_nothing_is_none(self, user: httpx.AsyncClient, versions: None) -> None:
        body = {"metric": "mae", "data_digest": DATA}
        for each in (body, GATE | {"not_worse_than_champion": -1}, GATE | {"at_most": "5"}):
            assert (await user.put("/models/doubler/gate", json=each)).status_code == 422

    async def test_an_override_moves_it_and_stands_in_the_trail(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, versions: None
    ) -> None:
        await set_gate(user)
        assert (await move(user, 2, override={"reason": ""})).status_code == 422
        moved = await move(user, 2, override={"reason": "the data have a fault"})
        await user.delete("/models/doubler/gate")

        assert (moved.status_code, await champion(user)) == (200, 2)
        entries = (await admin.get("/audit", params={"object_type": "model"})).json()["items"]
        [entry] = [entry for entry in entries if entry["action"] == "model.move_alias"]
        fault = f"it has no evaluation of mae on the data {DATA}"
        assert entry["detail"] == {
            "alias": "champion", "version": 2, "before": None, "override": "the data have a fault",
            "gate": [fault],
        }  # fmt: skip
        told = {entry["action"]: entry["detail"] for entry in entries}
        assert told["model.set_gate"]["at_most"] == 5
        assert "model.delete_gate" in told

    async def test_a_guarded_alias_is_not_forgotten_to_be_moved_unseen(
        self, user: httpx.AsyncClient, versions: None
    ) -> None:
        await move(user, 1)
        await set_gate(user)
        assert code(await user.delete(CHAMPION)) == (409, "model_alias_guarded")
        await user.delete("/models/doubler/gate")
        assert (await user.delete(CHAMPION)).status_code == 204


class TestRaces:
    async def test_of_two_moves_at_once_the_worse_never_follows_the_better(
        self, user: httpx.AsyncClient, versions: None
    ) -> None:
        await set_gate(user, not_worse_than_champion=0)
        for version, mae in ((1, 4.9), (2, 4.0), (3, 4.5)):
            await evaluate(user, version, mae)
        await move(user, 1)
        for _ in range(5):
            answers = await asyncio.gather(*[move(user, version) for version in (2, 3, 2, 3)])
            assert {answer.status_code for answer in answers} <= {200, 409}
            assert await champion(user) == 2
            await user.put(CHAMPION, json={"version": 1, "override": {"reason": "again"}})

    async def test_an_evaluation_that_is_deleted_meanwhile_is_there_for_the_move_or_is_not(
        self, user: httpx.AsyncClient, versions: None
    ) -> None:
        await set_gate(user, not_worse_than_champion=None)
        for _ in range(5):
            made = await evaluate(user, 2, 4.0)
            place = f"/models/doubler/versions/2/evaluations/{made['id']}"
            moved, deleted = await asyncio.gather(move(user, 2), user.delete(place))
            assert deleted.status_code == 204
            assert (await champion(user) == 2) is (moved.status_code == 200)
            if moved.status_code == 409:
                assert "has no evaluation" in moved.json()["detail"]
            await user.put(CHAMPION, json={"version": 1, "override": {"reason": "again"}})
        assert code(await move(user, 2)) == (409, "model_gate_closed")
