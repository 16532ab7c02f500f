"""The private parts of others that the code leans on are where it looks for them.

None of them is promised to stay. Some would be missed loudly; an overridden method that nobody calls any
more, or an attribute that nobody reads, would be missed by nobody but the users. After a change of a pinned
version these tests say what to look at.
"""

from __future__ import annotations

import ast
import inspect
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

import celery.bootsteps
import celery.events.dispatcher
import celery.worker.consumer.consumer
import celery.worker.consumer.delayed_delivery
import celery.worker.consumer.events
import celery.worker.consumer.tasks
import celery.worker.request
import docker.api.client
import paramiko
import pytest
from celery.concurrency.thread import TaskPool
from celery.worker.consumer import Consumer
from kombu.transport import redis, virtual
from prometheus_client import CollectorRegistry, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from analysis_server.lifecycle import broker_transport
from analysis_server.lifecycle.free_slots import SlotPool
from analysis_server.lifecycle.held_messages import SlotRequest
from operation_server.live.prepared_frames import PreparedFramesProtocol
from operation_server.metrics.pending import TalliedHistogram
from operation_server.metrics.value_file import ValueFile
from operation_server.request_deadline import DeadlineProtocol

ROOT = Path(__file__).parents[2]
SOURCES = ("shared/src", "operation-server/src", "analysis-server/src")

KNOWN = {
    "_brpop_read", "_create_client", "_deliver", "_delivered", "_flush_events",
    "_buckets", "_sum", "_upper_bounds", "_read_all_values",
    "_response", "_sock", "_json",
    "_send_user_message",
}  # fmt: skip
"""Each has a test below."""
PUBLIC = {"_asdict", "_exit", "_fields", "_replace"}
"""Documented by Python itself, underscore or not."""


def trees() -> Iterator[ast.Module]:
    for source in SOURCES:
        for file in (ROOT / source).rglob("*.py"):
            yield ast.parse(file.read_text())


def names_in(function: Callable[..., Any] | CodeType) -> set[str]:
    """Return the names of attributes and globals that a function uses, in its inner functions too."""
    code = function if isinstance(function, CodeType) else inspect.unwrap(function).__code__  # type: ignore[attr-defined]
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return {*code.co_names, *(name for part in inner for name in names_in(part))}


def users_of(name: str, owner: type) -> set[str]:
    """Return the methods of a class, its bases' too, that use a name."""
    methods = inspect.getmembers(owner, inspect.isfunction)
    return {method for method, function in methods if method != name and name in names_in(function)}


def all_names_in(owner: type) -> set[str]:
    """Return the names that the methods of a class use."""
    return {
        name for _, function in inspect.getmembers(owner, inspect.isfunction) for name in names_in(function)
    }


def test_no_other_private_part_is_used() -> None:
    nodes = [node for tree in trees() for node in ast.walk(tree)]
    ours = {
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    ours |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    ours |= {
        node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)} - ours
    used |= {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names} - ours
    private = {name for name in used if name.startswith("_") and not name.startswith("__")}
    assert private <= KNOWN | PUBLIC, "give it a test here, or do without"


@pytest.mark.parametrize(
    "ours",
    [
        broker_transport.QoS,
        broker_transport.Channel,
        broker_transport.Transport,
        SlotPool,
        SlotRequest,
        ValueFile,
        DeadlineProtocol,
        PreparedFramesProtocol,
    ],
)
def test_what_is_overridden_is_there_and_takes_the_same(ours: type) -> None:
    [base] = ours.__bases__
    own = {"put_back", "write_prepared"}
    methods = [name for name, member in vars(ours).items() if isinstance(member, FunctionType)]
    overrides = {name for name in methods if not name.startswith("_") and name not in own}
    overrides |= {name for name in methods if name in KNOWN}
    assert overrides
    for name in overrides:
        theirs, mine = (inspect.signature(getattr(cls, name)).parameters for cls in (base, ours))
        variadic = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in mine.values())
        assert variadic or len(mine) == len(theirs), f"{base.__module__}.{base.__name__}.{name} has changed"


class TestKombu:
    def test_a_channel_reads_messages_by_the_method_we_override(self) -> None:
        assert "_brpop_read" in names_in(redis.Channel.__init__)

    def test_a_channel_makes_its_clients_by_the_method_we_override(self) -> None:
        assert "_create_client" in names_in(redis.Channel.conn_or_acquire)
        assert {"asynchronous"} <= set(inspect.signature(redis.Channel._create_client).parameters)
        assert isinstance(redis.Channel.pool, property)

    def test_what_is_read_is_delivered_by_the_method_we_override(self) -> None:
        assert "_deliver" in names_in(redis.Channel._brpop_read)
        assert list(inspect.signature(virtual.Transport._deliver).parameters) == ["self", "message", "queue"]

    def test_the_channel_asks_its_qos_whether_it_may_take_more(self) -> None:
        assert "can_consume" in all_names_in(redis.MultiChannelPoller)
        assert "QoS" in names_in(virtual.Channel.qos.fget)  # type: ignore[attr-defined]

    def test_what_waits_for_acknowledgement_is_noted_where_we_look(self) -> None:
        qos = virtual.QoS(channel=SimpleNamespace(do_restore=False))
        assert not qos._delivered
        qos.append("message", 7)
        assert 7 in qos._delivered


class TestCelery:
    def test_buffered_events_are_sent_by_the_consumer(self) -> None:
        assert list(inspect.signature(Consumer._flush_events).parameters) == ["self"]
        assert "flush" in names_in(Consumer._flush_events)

    def test_the_dispatcher_of_events_asks_what_we_set(self) -> None:
        names = names_in(celery.events.dispatcher.EventDispatcher.send)
        assert {"buffer_group", "buffer_limit", "on_send_buffered"} <= names

    def test_events_of_tasks_are_buffered(self) -> None:
        assert "buffer_group" in inspect.getsource(celery.worker.consumer.events.Events.start)

    def test_the_consumer_asks_as_we_answer_it_on_rabbitmq(self) -> None:
        start = names_in(celery.worker.consumer.tasks.Tasks.start)
        assert {"qos_global", "initial_prefetch_count"} <= start
        assert "include_if" in all_names_in(celery.bootsteps.Step)
        assert "include_if" in vars(celery.worker.consumer.delayed_delivery.DelayedDelivery)

    def test_what_a_lost_connection_brought_is_forgotten_by_the_pool(self) -> None:
        assert "flush" in names_in(Consumer.on_close)

    def test_a_task_that_begins_is_told_to_its_request(self) -> None:
        assert "on_accepted" in names_in(celery.worker.request.Request.execute_using_pool)
        assert "request_dict" in vars(celery.worker.request.Request)

    def test_a_pool_is_handed_the_headers_third(self) -> None:
        """`SlotPool` finds a task's batch there."""
        source = inspect.getsource(celery.worker.request.create_request_cls)
        assert "args=(self.type, task_id, self.request_dict" in source
        assert list(inspect.signature(TaskPool.on_apply).parameters)[:3] == ["self", "target", "args"]

    def test_a_pool_answers_with_the_future(self) -> None:
        pool = TaskPool(limit=1)
        pool.on_start()
        try:
            result = pool.on_apply(lambda: None, (), {}, lambda _: None, lambda *_: None)
            assert result.f.exception(timeout=20) is None
        finally:
            pool.on_stop()


class TestPrometheus:
    def test_a_histogram_has_a_counter_for_each_bound_and_a_sum(self) -> None:
        registry = CollectorRegistry()
        histogram = TalliedHistogram("private_parts", "for this test", buckets=(1, 2), registry=registry)
        histogram.add([3, 0, 1], 9.5)
        [metric] = registry.collect()
        samples = {(sample.name, sample.labels.get("le")): sample.value for sample in metric.samples}
        assert histogram.bounds == [1, 2, float("inf")]
        assert samples["private_parts_sum", None] == 9.5
        assert [samples["private_parts_bucket", bound] for bound in ("1.0", "2.0", "+Inf")] == [3, 3, 4]

    def test_shared_values_are_kept_in_what_the_module_calls_so(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
        monkeypatch.setattr(values, "MmapedDict", ValueFile)
        value_class = values.MultiProcessValue()
        value_class("counter", "parts", "parts_total", (), (), "for this test").inc(2)
        [file] = tmp_path.iterdir()
        assert file.name.startswith("counter_")
        [metric] = MultiProcessCollector(CollectorRegistry(), path=str(tmp_path)).collect()
        assert [sample.value for sample in metric.samples] == [2]

    def test_every_method_that_a_value_calls_is_ours(self) -> None:
        called = {name for name in vars(MmapedDict) if name in names_in(values.MultiProcessValue)}
        assert called
        assert called <= set(vars(ValueFile))


class TestDocker:
    def test_an_attached_socket_is_wrapped_as_we_unwrap_it(self) -> None:
        assert {"_sock", "_response"} <= names_in(docker.api.client.APIClient._get_raw_response_socket)
        ours, other = socket.socketpair()
        with ours, other, ours.makefile("rb", buffering=0) as wrapper:
            assert wrapper._sock is ours  # type: ignore[attr-defined]


class TestStarlette:
    async def test_a_parsed_body_is_kept_where_we_keep_it(self) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"[1]", "more_body": False}

        request = Request({"type": "http", "headers": []}, receive)
        assert not hasattr(request, "_json")
        assert await request.json() == request._json == [1]


class TestUvicorn:
    @pytest.mark.parametrize(
        "name", ["cycle", "flow", "loop", "pipeline", "timeout_keep_alive_task", "transport"]
    )
    def test_the_http_protocol_has_what_deadlines_ask(self, name: str) -> None:
        assert name in all_names_in(HttpToolsProtocol)

    @pytest.mark.parametrize(
        "name",
        [
            "close_sent", "close_timeout", "conn", "curr_msg_data_type", "disconnected", "frames",
            "handle_parser_exception", "loop", "response", "scope", "transport", "writable",
        ],
    )  # fmt: skip
    def test_the_web_socket_protocol_has_what_prepared_frames_ask(self, name: str) -> None:
        assert name in all_names_in(WebSocketsSansIOProtocol)

    @pytest.mark.parametrize(
        ("owner", "name"),
        [
            (HttpToolsProtocol, "on_message_begin"),
            (HttpToolsProtocol, "on_headers_complete"),
            (HttpToolsProtocol, "on_message_complete"),
            (WebSocketsSansIOProtocol, "handle_connect"),
            (WebSocketsSansIOProtocol, "send_receive_event_to_app"),
            (WebSocketsSansIOProtocol, "on_task_complete"),
        ],
    )
    def test_what_we_override_is_called(self, owner: type, name: str) -> None:
        # httptools finds its callbacks by name.
        assert name.startswith("on_message") or name == "on_headers_complete" or users_of(name, owner)


class TestParamiko:
    def test_a_transport_sends_requests_by_the_method_we_call(self) -> None:
        assert "_send_user_message" in names_in(paramiko.Transport.global_request)

    def test_the_packetizer_calls_what_asks_the_host(self) -> None:
        assert {"interval", "callback"} <= set(
            inspect.signature(paramiko.Packetizer.set_keepalive).parameters
        )
        assert "_check_keepalive" in names_in(paramiko.Packetizer.read_all)

    def test_an_answer_that_nobody_waits_for_is_no_fault(self) -> None:
        transport = SimpleNamespace(completion_event=None, _log=lambda *_: None)
        paramiko.Transport._parse_request_failure(transport, paramiko.Message())
