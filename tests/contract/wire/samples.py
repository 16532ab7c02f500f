"""A complete example of every message of the wire, and the names that both sides must agree on."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

import satellite.contracts
from analysis_server.reporting.callback_message import outcome_message, started_message
from operation_server.dispatch.publisher import OUTCOME_CALLBACK
from satellite.contracts import redis_keys, task_names
from satellite.contracts.adoption import AdoptionOffer
from satellite.contracts.amqp_queues import queue_arguments
from satellite.contracts.attempt_files import Artifact, GrantedFile
from satellite.contracts.cluster import (
    ClusterCheck,
    ClusterFile,
    ClusterJobReport,
    ClusterReport,
    ClusterReportAnswer,
    ClusterSpec,
    ClustersRequest,
    FileTransfer,
    SealedClusters,
    SeenHostKey,
    SSHHop,
)
from satellite.contracts.cluster_nodes import ClusterCard, ClusterNode, ClusterRoom
from satellite.contracts.event import Event, StreamEntry
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import ControlMessage, JobMessage, StartedReport
from satellite.contracts.message import Message
from satellite.contracts.model_version import GrantedModel, JobModel
from satellite.contracts.notification import WebhookMessage
from satellite.contracts.outcome import CapturedLog, JobError, Outcome, WorkerTimings
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.python_task import (
    CheckSnippets,
    PulledTask,
    RunSnippet,
    SnippetFault,
    SnippetRan,
    SnippetsChecked,
    SnippetToCheck,
    StoredValue,
    TaskContext,
    ValueFile,
)
from satellite.contracts.run_handle import RunHandle
from satellite.contracts.run_secrets import RunSecretsRequest, SealedSecrets
from satellite.contracts.worker import (
    DrainedWorkers,
    GPUCard,
    LoadedPlugin,
    SparePlugin,
    WorkerHeartbeat,
    WorkerResources,
)

AT, LATER = "2026-01-02T03:04:05Z", "2026-01-02T03:04:06.5Z"
UID = "0b4f8d0c-1f6e-4c0b-9d3f-6a2b7c8d9e0f"
ATTEMPT: Final[dict[str, Any]] = {"job_id": 42, "attempt": 3, "uid": UID}
TRACEPARENT: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEY: Final = AttemptKey(42, 3, UUID(UID))
REQUIRES: Final = {"queue": "batch", "runtime": "container", "labels": {"zone": "a"}, "gpu_kind": "A100"}
HANDLE: Final = {
    "runtime": "container",
    "place": "engine-1",
    "name": "c0ffee",
    "began_at": AT,
    "deadline_at": LATER,
    "gpu_ids": ["GPU-1"],
}
VALUE_FILE: Final = {"task": "load", "map_index": 0, "key": "table", "path": "/satellite/inputs/1/table.json"}
STORED_VALUE: Final = {"name": "xcoms/table.json", "size_bytes": 300_000}
FILE: Final = {
    "id": "f1",
    "pointers": ["/n"],
    "name": "rows.csv",
    "size_bytes": 3,
    "sha256": "00",
    "grant": "g",
}
MODEL: Final[dict[str, Any]] = {"name": "doubler", "version": 3, "digest": "d2"}
ARTIFACT: Final = {"name": "charts/one.png", "file_id": "f2", "size_bytes": 3, "sha256": "00"}
PUBLIC_KEY: Final = "A" * 43 + "="
ERROR: Final = {"kind": "exit", "message": "exit code 1", "exit_code": 1, "stderr_tail": "oh"}
LOG: Final = {"zlib_base64": "eAEBAAD//wAAAAE=", "total_bytes": 9, "omitted_bytes": 1}
TIMINGS: Final = {"claimed_ms": 1, "prepared_ms": 2, "ran_ms": 3, "reported_ms": 4, "start": "warm"}
RESOURCES: Final = {"cpus": 2, "memory_mib": 512, "gpus": 1, "gpu_memory_mib": 8000}
MANIFEST: Final[dict[str, Any]] = {
    "name": "adder",
    "version": "1.0",
    "description": "Adds.",
    "docker_image": "adder:1",
    "input_schema": {"type": "object"},
    "output_schema": {},
    "command": ["python", "main.py"],
    "mode": "server",
    "input_via": "stdin",
    "timeout_s": 60,
    "queue_ttl_s": 600,
    "max_running": 4,
    "standby": 0,
    "replicas": 2,
    "resources": {
        "cpus": 1,
        "gpus": 1,
        "gpu_memory_mib": 8000,
        "memory_mib": 512,
        "tmp_mib": 64,
        "shm_mib": 64,
        "output_mib": 100,
    },
    "requires": REQUIRES,
    "retry": {"max_retries": 2, "delay_s": 1, "factor": 2, "max_delay_s": 9, "kinds": ["exit"]},
    "batch": {"max_size": 8, "max_wait_ms": 5, "across_owners": True},
    "shared": True,
    "trains": None,
    "network": True,
    "env": {"A": "1"},
    "secrets": ["TOKEN"],
}

CONTEXT: Final = {
    "task_id": "train",
    "map_index": 0,
    "item": {"depth": 3},
    "dag_id": "workflow_7",
    "workflow": "pipeline",
    "run_id": 43,
    "params": {"days": 7},
    "logical_date": "2026-01-02T00:00:00Z",
    "data_interval_start": "2026-01-01T00:00:00Z",
    "data_interval_end": "2026-01-02T00:00:00Z",
}
FAULT: Final = {"task": "load", "line": 2, "column": 5, "message": "expected ':'"}
HOST_KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
CARD: Final = {
    "uuid": "GPU-1",
    "index": 0,
    "name": "A100",
    "memory_mib": 40_000,
    "memory_used_mib": 12,
    "holder": "job 42",
}
NODE: Final = {"name": "gpu-host", "cpus": 32, "memory_mib": 256_000, "cards": [CARD]}
HOP: Final = {"host": "bastion.example", "port": 22, "user": "satellite", "host_keys": [HOST_KEY]}
SPEC: Final = {
    "name": "lab",
    "host": "gpu.example",
    "port": 22,
    "user": "satellite",
    "host_keys": [HOST_KEY],
    "via": HOP,
    "base_dir": "/cluster/ml-jobs",
    "launcher": "slurm",
    "labels": {"zone": "a"},
    "slots": 64,
    "allowed_roots": ["/srv/code"],
    "python": "python3",
    "keep_days": 7,
    "draining": True,
    "trusted": True,
    "generation": 3,
}
SEEN_KEY: Final = {"host": "gpu.example", "port": 22, "key": HOST_KEY}
CHECK: Final = {"name": "python", "ok": True, "detail": "3.6.8"}
CLUSTER_FILE: Final = {"path": "metrics.json", "size_bytes": 12, "sha256": "00"}
TRANSFER: Final = {"direction": "in", "size_bytes": 1_048_576, "took_s": 1.5}
SAMPLES: Final[Mapping[type[BaseModel], dict[str, Any]]] = {
    AdoptionOffer: {
        **ATTEMPT,
        "generation": 1,
        "owner_id": 7,
        "plugin_digest": "d1",
        "manifest_json": "{}",
        "timeout_s": 60,
        "started_at": AT,
        "handle": HANDLE,
        "artifacts_grant": "g",
        "traceparent": TRACEPARENT,
    },
    Artifact: ARTIFACT,
    CapturedLog: LOG,
    ClusterCard: CARD,
    ClusterCheck: CHECK,
    ClusterFile: CLUSTER_FILE,
    ClusterJobReport: {
        **ATTEMPT,
        "worker": "cluster-lab",
        "cluster": "lab",
        "folder": "/cluster/ml-jobs/42-3-0b4f8d0c",
        "phase": "running",
        "process_id": "4711",
        "commit": "0af7651916cd43dd8448eb211c80319c0af76519",
        "gpus": ["GPU-1"],
        "workspace": "present",
        "removed_after": LATER,
        "files": [CLUSTER_FILE],
        "metrics_json": '{"loss": 0.5}',
        "transfers": [TRANSFER],
        "seen_at": LATER,
    },
    ClusterNode: NODE,
    ClusterReport: {
        "name": "lab",
        "generation": 3,
        "state": "ready",
        "reason": "it answers",
        "seen_host_keys": [SEEN_KEY],
        "rtt_ms": 1.5,
        "nodes": [NODE],
        "disk_free_mib": 100_000,
        "disk_total_mib": 200_000,
        "waiting": 1,
        "running": 2,
        "connections": 3,
        "cached_digests": ["00"],
        "checks": [CHECK],
        "probe": 1,
        "seen_at": LATER,
    },
    ClusterReportAnswer: {"generation": 3, "probe": 1},
    ClusterRoom: {
        "name": "lab",
        "state": "ready",
        "nodes": [NODE],
        "disk_free_mib": 100_000,
        "waiting": 1,
    },
    ClusterSpec: SPEC,
    ClustersRequest: {"worker": "connector-1", "public_key": PUBLIC_KEY},
    ControlMessage: {"action": "cancel", "job_id": 42, "uid": UID},
    Event: {
        "cursor": "1767323045000-0:7",
        "subject": "job",
        "job_id": 42,
        "type": "status",
        "data": {"status": "queued", "attempt": 0},
        "at": AT,
    },
    GrantedFile: FILE,
    RunSecretsRequest: {**ATTEMPT, "worker": "gpu-1", "public_key": PUBLIC_KEY},
    SealedSecrets: {"public_key": PUBLIC_KEY, "sealed": "c2VhbGVk"},
    GPUCard: {"uuid": "GPU-1", "name": "A100", "memory_mib": 40_000},
    GrantedModel: MODEL | {"files": [FILE], "output_schema_json": "{}"},
    JobError: ERROR,
    JobModel: MODEL | {"files": [{key: value for key, value in FILE.items() if key != "grant"}]},
    JobMessage: {
        **ATTEMPT,
        "owner_id": 7,
        "plugin_digest": "d1",
        "manifest_json": "{}",
        "input_json": '{"n":1}',
        "timeout_s": 60,
        "runs_alone": True,
        "requires": REQUIRES,
        "input_files": [FILE],
        "artifacts_grant": "g",
        "traceparent": TRACEPARENT,
        "model": MODEL | {"files": [FILE], "output_schema_json": "{}"},
    },
    LoadedPlugin: {
        "name": "adder",
        "version": "1.0",
        "busy": True,
        "memory_mib": 512,
        "gpu_memory_mib": 8000,
        "gpu_ids": ["GPU-1"],
        "model": "doubler@3",
    },
    Outcome: {
        **ATTEMPT,
        "worker": "w1",
        "generation": 1,
        "status": "failed",
        "result_json": '{"n":1}',
        "error": ERROR,
        "started_at": AT,
        "finished_at": LATER,
        "timings": TIMINGS,
        "progress": 0.5,
        "log": LOG,
        "result_preview": '{"rows": [',
        "artifacts": [ARTIFACT],
        "traceparent": TRACEPARENT,
    },
    PluginManifest: MANIFEST,
    RunHandle: HANDLE,
    FileTransfer: TRANSFER,
    SSHHop: HOP,
    SealedClusters: {"clusters": [SPEC], "public_key": PUBLIC_KEY, "sealed": "c2VhbGVk"},
    SeenHostKey: SEEN_KEY,
    SparePlugin: {"name": "adder", "version": "1.0", "count": 2, "memory_mib": 512, "gpu_ids": ["GPU-1"]},
    StartedReport: {**ATTEMPT, "worker": "w1", "started_at": AT, "generation": 1, "handle": HANDLE},
    StreamEntry: {
        "event_id": 7,
        "subject": "job",
        "job_id": 42,
        "uid": UID,
        "owner_id": 7,
        "type": "status",
        "data": "{}",
        "at": AT,
    },
    WebhookMessage: {
        "type": "job_failed",
        "timestamp": AT,
        "data": {
            "job_id": 42,
            "subject": "job",
            "status": "failed",
            "error": {"kind": "exit", "message": "no"},
        },
    },
    DrainedWorkers: {"names": ["w1"]},
    WorkerHeartbeat: {
        "name": "w1",
        "host": "h",
        "pid": 9,
        "version": "0.1.0",
        "runtime": "container",
        "runtime_reason": "an engine",
        "weaknesses": ["none"],
        "runtimes": ["container"],
        "labels": {"zone": "a"},
        "serves": ["default"],
        "queues": ["satellite.execute"],
        "slots": 4,
        "slots_taken": 1,
        "seats": 64,
        "running": [[42, 3]],
        "draining": True,
        "drained": True,
        "consumer_ok": False,
        "total": RESOURCES,
        "free": RESOURCES,
        "cards": [{"uuid": "GPU-1", "name": "A100", "memory_mib": 40_000}],
        "loaded": [{"name": "adder", "version": "1.0"}],
        "spares": [{"name": "adder", "version": "1.0"}],
        "spans_dropped": 3,
        "cluster": {"name": "lab", "nodes": [NODE]},
        "started_at": AT,
        "seen_at": LATER,
    },
    WorkerResources: RESOURCES,
    WorkerTimings: TIMINGS,
    PulledTask: {"map_index": 0, "values": {"rows": 3}},
    TaskContext: CONTEXT,
    RunSnippet: {
        "action": "run",
        "code": "print(1)",
        "context": CONTEXT,
        "xcoms": {"load": [{"map_index": None, "values": {"rows": 3}}]},
        "attempt": 1,
        "xcom_files": {"split": "/satellite/inputs/0/split.json"},
        "value_files": [VALUE_FILE],
        "mapped": ["split"],
    },
    ValueFile: VALUE_FILE,
    StoredValue: STORED_VALUE,
    SnippetToCheck: {"task": "load", "code": "print(1)"},
    CheckSnippets: {"action": "check", "snippets": [{"task": "load", "code": "print(1)"}]},
    SnippetFault: FAULT,
    SnippetsChecked: {"faults": [FAULT]},
    SnippetRan: {
        "xcoms": {"shape": {"$type": "tuple", "value": [3, 2]}},
        "files": {"table": STORED_VALUE},
    },
}


def messages() -> Iterator[type[BaseModel]]:
    """Every message that there is."""
    for module in pkgutil.iter_modules(satellite.contracts.__path__):
        importlib.import_module(f"satellite.contracts.{module.name}")
    waiting: list[type[BaseModel]] = [Message]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if each.__module__.startswith("satellite.contracts") and not each.__subclasses__():
                yield each
    yield PluginManifest


def names() -> dict[str, Any]:
    """What both sides call things in Redis and Celery."""
    started = started_message(StartedReport.model_validate(SAMPLES[StartedReport]))
    ended = outcome_message(Outcome.model_validate(SAMPLES[Outcome]), callbacks=[OUTCOME_CALLBACK])
    return {
        "tasks": [
            task_names.EXECUTE_JOB,
            task_names.REPORT_STARTED,
            task_names.APPLY_OUTCOME,
            task_names.CANARY,
        ],
        "queues": [
            task_names.RESULTS_QUEUE,
            *(
                task_names.shared_queue(name, with_gpu=gpu)
                for name in ("default", "batch")
                for gpu in (False, True)
            ),
            task_names.class_queue("abc"),
            task_names.canary_queue("w1"),
        ],
        "cluster_queue": task_names.cluster_queue("lab"),
        # RabbitMQ refuses a queue that another release declares otherwise.
        "queue_arguments": {
            name: queue_arguments(name) for name in (task_names.RESULTS_QUEUE, task_names.EXECUTE_QUEUE)
        },
        "batch_header": task_names.BATCH_HEADER,
        "callback": OUTCOME_CALLBACK,
        "reports": [[message.task, message.queue] for message in (started, ended)],
        "keys": {
            "epoch": redis_keys.EPOCH,
            "events": redis_keys.EVENTS,
            "control": redis_keys.CONTROL_CHANNEL,
            "workers": redis_keys.WORKERS,
            "drained-workers": redis_keys.DRAINED_WORKERS,
            "counters": redis_keys.COUNTERS,
            "claim": redis_keys.claim(KEY),
            "lease": redis_keys.lease(KEY),
            "adoptable": redis_keys.adoptable(KEY),
            "adoption_offers": redis_keys.adoption_offers("engine-1"),
            "adoption_field": redis_keys.adoption_field(KEY),
            "cancel": redis_keys.cancel(KEY.job),
            "newest_attempt": redis_keys.newest_attempt(KEY.job),
            "worker": redis_keys.worker("w1"),
            "worker_left": redis_keys.worker_left("w1"),
        },
    }
