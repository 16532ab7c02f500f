"""Cards of one host, simulated: given whole, in order, and never to two."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from analysis_server.connector.agent_messages import ExitReason, RemoteFacts, RemoteState
from analysis_server.connector.remote import process_tree
from tests.integration.connector.remote.host import WAIT_S, Host, job, wait_until

PROGRAM = """#!{python}
import json, sys
cards = json.load(open({path!r}))
if sys.argv[1].startswith("--query-gpu"):
    for index, card in enumerate(cards):
        print(card["uuid"], index, "Simulated Card", card["memory"], card.get("used", 1), sep=", ")
else:
    for card in cards:
        for pid in card.get("pids", []):
            print(card["uuid"], pid, sep=", ")
"""
SHOW = "echo $CUDA_VISIBLE_DEVICES > $OUTPUT_DIR/cards; while ! test -e $OUTPUT_DIR/../go; do sleep 0.1; done"


class Cards:
    """Simulated cards, which a program of the name `nvidia-smi` tells of."""

    def __init__(self, host: Host, folder: Path) -> None:
        self._path = folder / "cards.json"
        host.program("nvidia-smi", PROGRAM.format(python=sys.executable, path=str(self._path)))

    def are(self, *cards: dict[str, object]) -> None:
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(cards))
        part.rename(self._path)


@pytest.fixture
def cards(host: Host, tmp_path: Path) -> Cards:
    cards = Cards(host, tmp_path)
    cards.are(
        *({"uuid": f"GPU-{tmp_path.name}-{index}".replace("_", ""), "memory": 40960} for index in range(4))
    )
    return cards


def visible(host: Host, name: str) -> set[str]:
    path = host.folder(name) / "outputs/cards"
    wait_until(lambda: path.exists() and bool(path.read_text()))
    return set(path.read_text().strip().split(","))


def go(host: Host, name: str) -> None:
    (host.folder(name) / "go").touch()


def start(host: Host, number: int, gpus: int, **fields: object) -> str:
    request = job(number, SHOW, gpus=gpus, **fields)
    host.submit(request)
    return request.name


def test_no_card_is_given_to_two(host: Host, cards: Cards) -> None:
    first, second = start(host, 1, 3), start(host, 2, 1)
    given = [visible(host, name) for name in (first, second)]
    assert [len(one) for one in given] == [3, 1]
    assert given[0].isdisjoint(given[1])
    assert set(host.report(first).gpus) == given[0]
    third = start(host, 3, 1)
    assert host.wait_state(third, RemoteState.WAITING)
    holders = RemoteFacts.model_validate(host.ask("poll", {"jobs": {}, "facts": True})["facts"]).cards
    assert sorted(card.holder or "" for card in holders) == [first, first, first, second]
    go(host, second)
    assert visible(host, third) == given[1]


def test_who_wants_many_is_not_passed_for_ever(host: Host, cards: Cards) -> None:
    first = start(host, 1, 2)
    visible(host, first)
    large = start(host, 2, 4)
    host.wait_state(large, RemoteState.WAITING)
    small = start(host, 3, 1)
    host.wait_state(small, RemoteState.WAITING)
    go(host, first)
    assert len(visible(host, large)) == 4
    assert host.report(small).state is RemoteState.WAITING
    go(host, large)
    visible(host, small)


def test_cards_of_others_are_left_alone(host: Host, cards: Cards) -> None:
    cards.are(
        {"uuid": "GPU-busy", "memory": 40960, "pids": [1]},
        {"uuid": "GPU-small", "memory": 8192},
        {"uuid": "GPU-full", "memory": 40960, "used": 39000},
    )
    name = start(host, 1, 1, gpu_memory_mib=20000)
    host.wait_state(name, RemoteState.WAITING)
    cards.are(
        {"uuid": "GPU-busy", "memory": 40960},
        {"uuid": "GPU-small", "memory": 8192},
        {"uuid": "GPU-full", "memory": 40960, "used": 39000},
    )
    assert visible(host, name) == {"GPU-busy"}


def test_what_never_fits_is_told_at_once(host: Host, cards: Cards) -> None:
    name = start(host, 1, 5)
    ending = host.wait_end(name)
    assert ending.reason is ExitReason.CARDS
    assert "5 cards" in ending.message


def test_an_orphan_keeps_its_cards_until_it_is_ended(host: Host, cards: Cards) -> None:
    first = start(host, 1, 4)
    visible(host, first)
    host.kill_supervisor(first)
    second = start(host, 2, 4)
    host.wait_state(second, RemoteState.WAITING)
    assert host.tree(first)
    assert host.wait_end(first).reason is ExitReason.ORPHAN
    assert len(visible(host, second)) == 4


def test_who_waits_can_be_cancelled_and_leaves_the_line(host: Host, cards: Cards) -> None:
    first = start(host, 1, 4)
    visible(host, first)
    second, third = start(host, 2, 4), start(host, 3, 1)
    host.wait_state(second, RemoteState.WAITING)
    assert host.cancel(second) is RemoteState.ENDED
    host.kill_supervisor(third)
    fourth = start(host, 4, 4)
    go(host, first)
    assert len(visible(host, fourth)) == 4


def test_a_job_without_cards_sees_none(host: Host, cards: Cards) -> None:
    name = start(host, 1, 0)
    path = host.folder(name) / "outputs/cards"
    wait_until(path.exists)
    assert path.read_text() == "\n"


def test_people_get_cards_beside_jobs_by_gpu_run(host: Host, cards: Cards, tmp_path: Path) -> None:
    first = start(host, 1, 3)
    given = visible(host, first)
    seen, go_on = tmp_path / "seen", tmp_path / "go"
    script = f"""
        echo $CUDA_VISIBLE_DEVICES > {seen}.part; mv {seen}.part {seen}
        while ! test -e {go_on}; do sleep 0.1; done
    """
    process = host.start("gpu-run", "--gpus", "1", "--memory", "1G", "sh", "-c", script)
    out, _ = process.communicate(timeout=WAIT_S)
    number = int(out)
    try:
        wait_until(seen.exists)
        assert set(seen.read_text().split()).isdisjoint(given)
        second = start(host, 2, 1)
        host.wait_state(second, RemoteState.WAITING)
    finally:
        go_on.touch()
    wait_until(lambda: not process_tree.is_alive(number))
    assert visible(host, second).isdisjoint(given)
