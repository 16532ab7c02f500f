"""Who may see and do what: the only place that knows what a role means, and what each route asks for.

Features ask for permissions, never for roles, so that another role, or a key that may do less than its
account, is a line here and no change anywhere else. The check of every request, the start-up check that no
route is without a row, the API description and `docs/access.md` are all made from these tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from operation_server.accounts.account import Account, Role
from operation_server.accounts.errors import AdminRequired, KeyTooNarrow, PermissionMissing


class Permission(StrEnum):
    """Something that accounts may do."""

    READ_JOBS = "jobs:read"
    """See jobs and what hangs on them: attempts, logs, events, artifacts, dead letters, statistics."""
    CHANGE_JOBS = "jobs:change"
    """Submit, cancel, retry and replay jobs."""
    READ_PLUGINS = "plugins:read"
    READ_FILES = "files:read"
    CHANGE_FILES = "files:change"
    """Store and delete files."""
    MANAGE_SECRETS = "secrets:manage"
    """Store, replace, grant and delete secrets; what is for all users takes everybody's."""
    REGISTER_PLUGINS = "plugins:register"
    """Register and delete versions of a plugin name, and hand the name over."""
    TRUST_PLUGINS = "plugins:trust"
    """Register plugins that relax the container template."""
    CONTROL_PLUGINS = "plugins:control"
    """Pause plugins and limit how many of their jobs run."""
    READ_MODELS = "models:read"
    REGISTER_MODELS = "models:register"
    """Register models, versions and evaluations, delete these, set gates, try versions, move aliases."""
    READ_WORKFLOWS = "workflows:read"
    CHANGE_WORKFLOWS = "workflows:change"
    """Make, change, deploy and delete workflows; their runs are jobs."""
    READ_PLATFORM = "platform:read"
    """See the workers."""
    MANAGE_WORKERS = "workers:manage"
    """Drain and resume workers."""
    READ_CLUSTERS = "clusters:read"
    MANAGE_CLUSTERS = "clusters:manage"
    """Register, trust, drain, change and delete clusters."""
    READ_METRICS = "metrics:read"
    """See the metrics, which whoever shows SATELLITE_METRICS_TOKEN may too."""
    READ_REJECTED_REPORTS = "rejected_reports:read"
    MANAGE_NOTIFICATIONS = "notifications:manage"
    """Say by which channels one is told of what; admins also of what concerns everybody."""
    READ_AUDIT = "audit:read"
    """Search and export the audit trail."""
    MANAGE_KEYS = "keys:manage"
    """Make, see and revoke API keys, and change the own password."""
    MANAGE_ACCOUNTS = "accounts:manage"


class Extent(StrEnum):
    """How far a permission goes."""

    OWN = "own"
    ALL = "all"


GRANTED: Final[Mapping[str, Mapping[Permission, Extent]]] = {
    Role.VIEWER: {
        Permission.READ_JOBS: Extent.ALL,
        Permission.READ_FILES: Extent.ALL,
        Permission.READ_PLUGINS: Extent.ALL,
        Permission.READ_MODELS: Extent.ALL,
        Permission.READ_WORKFLOWS: Extent.ALL,
        Permission.READ_PLATFORM: Extent.ALL,
        Permission.READ_CLUSTERS: Extent.ALL,
        Permission.READ_METRICS: Extent.ALL,
        Permission.MANAGE_KEYS: Extent.OWN,
    },
    Role.USER: {
        Permission.READ_JOBS: Extent.OWN,
        Permission.CHANGE_JOBS: Extent.OWN,
        Permission.READ_PLUGINS: Extent.ALL,
        Permission.READ_FILES: Extent.OWN,
        Permission.CHANGE_FILES: Extent.OWN,
        Permission.MANAGE_SECRETS: Extent.OWN,
        Permission.MANAGE_NOTIFICATIONS: Extent.OWN,
        Permission.REGISTER_PLUGINS: Extent.OWN,
        Permission.READ_MODELS: Extent.ALL,
        Permission.REGISTER_MODELS: Extent.OWN,
        Permission.READ_WORKFLOWS: Extent.OWN,
        Permission.CHANGE_WORKFLOWS: Extent.OWN,
        Permission.READ_PLATFORM: Extent.ALL,
        Permission.READ_CLUSTERS: Extent.ALL,
        Permission.MANAGE_KEYS: Extent.OWN,
    },
    Role.ADMIN: dict.fromkeys(Permission, Extent.ALL),
}


class Door(StrEnum):
    """Routes that ask for no permission."""

    OPEN = "anybody"
    ACCOUNT = "any account"
    ATTEMPT = "the worker of an attempt, by what it was sent with it"
    WORKER = "workers, whose requests SATELLITE_API_WORKER_TOKEN signs"
    SIGN_UP = "whom `accounts:manage` allows it, and anybody where SATELLITE_AUTH_OPEN_SIGN_UP is set"


ROUTES: Final[Mapping[str, Permission | Door]] = {
    "POST /api/v1/auth/token": Door.OPEN,
    "POST /api/v1/auth/session": Door.OPEN,
    "DELETE /api/v1/auth/session": Door.OPEN,
    "POST /api/v1/auth/refresh": Door.OPEN,
    "POST /api/v1/auth/logout": Door.OPEN,
    "POST /api/v1/auth/ws-ticket": Door.ACCOUNT,
    "POST /api/v1/api-keys": Permission.MANAGE_KEYS,
    "GET /api/v1/api-keys": Permission.MANAGE_KEYS,
    "DELETE /api/v1/api-keys/{key_id}": Permission.MANAGE_KEYS,
    "GET /api/v1/users/me": Door.ACCOUNT,
    "GET /api/v1/users": Permission.MANAGE_ACCOUNTS,
    "POST /api/v1/users": Door.SIGN_UP,
    "GET /api/v1/users/{user_id}": Permission.MANAGE_ACCOUNTS,
    "PATCH /api/v1/users/{user_id}": Permission.MANAGE_ACCOUNTS,
    "PUT /api/v1/users/{user_id}/password": Permission.MANAGE_ACCOUNTS,
    "GET /api/v1/users/{user_id}/limits": Permission.MANAGE_ACCOUNTS,
    "PUT /api/v1/users/{user_id}/limits": Permission.MANAGE_ACCOUNTS,
    "PUT /api/v1/users/me/password": Permission.MANAGE_KEYS,
    "POST /api/v1/plugins": Permission.REGISTER_PLUGINS,
    "GET /api/v1/plugins": Permission.READ_PLUGINS,
    "GET /api/v1/plugins/{name}": Permission.READ_PLUGINS,
    "GET /api/v1/plugins/{name}/versions": Permission.READ_PLUGINS,
    "GET /api/v1/plugins/{name}/versions/{version}": Permission.READ_PLUGINS,
    "PUT /api/v1/plugins/{name}/versions/{version}/report": Permission.REGISTER_PLUGINS,
    "GET /api/v1/plugins/{name}/versions/{version}/report": Permission.READ_PLUGINS,
    "DELETE /api/v1/plugins/{name}": Permission.REGISTER_PLUGINS,
    "PUT /api/v1/plugins/{name}/owner": Permission.REGISTER_PLUGINS,
    "POST /api/v1/plugins/{name}/pause": Permission.CONTROL_PLUGINS,
    "POST /api/v1/plugins/{name}/resume": Permission.CONTROL_PLUGINS,
    "PATCH /api/v1/plugins/{name}/control": Permission.CONTROL_PLUGINS,
    "POST /api/v1/models": Permission.REGISTER_MODELS,
    "GET /api/v1/models": Permission.READ_MODELS,
    "GET /api/v1/models/{name}": Permission.READ_MODELS,
    "PUT /api/v1/models/{name}/owner": Permission.REGISTER_MODELS,
    "POST /api/v1/models/{name}/versions": Permission.REGISTER_MODELS,
    "GET /api/v1/models/{name}/versions": Permission.READ_MODELS,
    "GET /api/v1/models/{name}/versions/{version}": Permission.READ_MODELS,
    "DELETE /api/v1/models/{name}/versions/{version}": Permission.REGISTER_MODELS,
    "GET /api/v1/models/{name}/versions/{version}/card": Permission.READ_MODELS,
    "PUT /api/v1/models/{name}/aliases/{alias}": Permission.REGISTER_MODELS,
    "GET /api/v1/models/{name}/aliases/{alias}": Permission.READ_MODELS,
    "DELETE /api/v1/models/{name}/aliases/{alias}": Permission.REGISTER_MODELS,
    "PUT /api/v1/models/{name}/rollout": Permission.REGISTER_MODELS,
    "GET /api/v1/models/{name}/rollout": Permission.READ_MODELS,
    "DELETE /api/v1/models/{name}/rollout": Permission.REGISTER_MODELS,
    "POST /api/v1/models/{name}/versions/{version}/evaluations": Permission.REGISTER_MODELS,
    "GET /api/v1/models/{name}/versions/{version}/evaluations": Permission.READ_MODELS,
    "DELETE /api/v1/models/{name}/versions/{version}/evaluations/{evaluation_id}": Permission.REGISTER_MODELS,
    "PUT /api/v1/models/{name}/gate": Permission.REGISTER_MODELS,
    "GET /api/v1/models/{name}/gate": Permission.READ_MODELS,
    "DELETE /api/v1/models/{name}/gate": Permission.REGISTER_MODELS,
    "POST /api/v1/inference/submit": Permission.CHANGE_JOBS,
    "GET /api/v1/inference/status/{job_id}": Permission.READ_JOBS,
    "GET /api/v1/inference/result/{job_id}": Permission.READ_JOBS,
    "POST /api/v1/workflows": Permission.CHANGE_WORKFLOWS,
    "GET /api/v1/workflows": Permission.READ_WORKFLOWS,
    "GET /api/v1/workflows/{workflow_id}": Permission.READ_WORKFLOWS,
    "PUT /api/v1/workflows/{workflow_id}": Permission.CHANGE_WORKFLOWS,
    "DELETE /api/v1/workflows/{workflow_id}": Permission.CHANGE_WORKFLOWS,
    "GET /api/v1/workflows/{workflow_id}/definition": Permission.READ_WORKFLOWS,
    "PUT /api/v1/workflows/{workflow_id}/definition": Permission.CHANGE_WORKFLOWS,
    "POST /api/v1/workflows/{workflow_id}/deploy": Permission.CHANGE_WORKFLOWS,
    "GET /api/v1/workflows/{workflow_id}/airflow": Permission.READ_WORKFLOWS,
    "GET /api/v1/workflows/{workflow_id}/versions": Permission.READ_WORKFLOWS,
    "GET /api/v1/workflows/{workflow_id}/versions/{version}": Permission.READ_WORKFLOWS,
    "GET /api/v1/workflows/{workflow_id}/versions/{version}/diff": Permission.READ_WORKFLOWS,
    "GET /api/v1/workflows/{workflow_id}/schedule": Permission.READ_WORKFLOWS,
    "PUT /api/v1/workflows/{workflow_id}/schedule": Permission.CHANGE_WORKFLOWS,
    "POST /api/v1/workflows/{workflow_id}/schedule/preview": Permission.READ_WORKFLOWS,
    "GET /api/v1/workflows/{workflow_id}/ticks": Permission.READ_WORKFLOWS,
    "POST /api/v1/workflows/{workflow_id}/pause": Permission.CHANGE_WORKFLOWS,
    "POST /api/v1/workflows/{workflow_id}/resume": Permission.CHANGE_WORKFLOWS,
    "POST /api/v1/workflows/{workflow_id}/backfills": Permission.CHANGE_WORKFLOWS,
    "GET /api/v1/workflows/{workflow_id}/backfills": Permission.READ_WORKFLOWS,
    "GET /api/v1/workflows/{workflow_id}/backfills/{number}": Permission.READ_WORKFLOWS,
    "DELETE /api/v1/workflows/{workflow_id}/backfills/{number}": Permission.CHANGE_WORKFLOWS,
    "POST /api/v1/tasks": Permission.CHANGE_WORKFLOWS,
    "GET /api/v1/tasks/{task_id}": Permission.READ_WORKFLOWS,
    "PUT /api/v1/tasks/{task_id}": Permission.CHANGE_WORKFLOWS,
    "DELETE /api/v1/tasks/{task_id}": Permission.CHANGE_WORKFLOWS,
    "POST /api/v1/tasks/{task_id}/try": Permission.CHANGE_JOBS,
    "POST /api/v1/jobs/trigger/{workflow_id}": Permission.CHANGE_JOBS,
    "GET /api/v1/runs/{run_id}/graph": Permission.READ_JOBS,
    "GET /api/v1/runs/{run_id}/steps": Permission.READ_JOBS,
    "GET /api/v1/runs/{run_id}/xcoms": Permission.READ_JOBS,
    "POST /api/v1/runs/{run_id}/restart": Permission.CHANGE_JOBS,
    "POST /api/v1/runs/{run_id}/approvals/{task_name}": Permission.CHANGE_JOBS,
    "GET /api/v1/monitoring/stats": Permission.READ_JOBS,
    "GET /api/v1/monitoring/health": Door.OPEN,
    "POST /api/v1/jobs": Permission.CHANGE_JOBS,
    "POST /api/v1/jobs/batch": Permission.CHANGE_JOBS,
    "GET /api/v1/jobs": Permission.READ_JOBS,
    "POST /api/v1/jobs/cancel": Permission.CHANGE_JOBS,
    "GET /api/v1/jobs/{job_id}": Permission.READ_JOBS,
    "GET /api/v1/jobs/{job_id}/timeline": Permission.READ_JOBS,
    "POST /api/v1/jobs/{job_id}/cancel": Permission.CHANGE_JOBS,
    "POST /api/v1/jobs/{job_id}/retry": Permission.CHANGE_JOBS,
    "GET /api/v1/jobs/{job_id}/logs": Permission.READ_JOBS,
    "GET /api/v1/jobs/{job_id}/logs/{task_name}": Permission.READ_JOBS,
    "GET /api/v1/jobs/{job_id}/attempts": Permission.READ_JOBS,
    "GET /api/v1/jobs/{job_id}/events": Permission.READ_JOBS,
    "GET /api/v1/jobs/{job_id}/explain": Permission.READ_JOBS,
    "GET /api/v1/jobs/{job_id}/artifacts": Permission.READ_JOBS,
    "GET /api/v1/jobs/{job_id}/artifacts/{name}": Permission.READ_JOBS,
    "GET /api/v1/dead-letters": Permission.READ_JOBS,
    "GET /api/v1/dead-letters/groups": Permission.READ_JOBS,
    "POST /api/v1/dead-letters/replay": Permission.CHANGE_JOBS,
    "POST /api/v1/dead-letters/{job_id}/replay": Permission.CHANGE_JOBS,
    "POST /api/v1/files": Permission.CHANGE_FILES,
    "GET /api/v1/files": Permission.READ_FILES,
    "GET /api/v1/files/{file_id}": Permission.READ_FILES,
    "GET /api/v1/files/{file_id}/metadata": Permission.READ_FILES,
    "DELETE /api/v1/files/{file_id}": Permission.CHANGE_FILES,
    "OPTIONS /api/v1/uploads": Permission.CHANGE_FILES,
    "POST /api/v1/uploads": Permission.CHANGE_FILES,
    "GET /api/v1/uploads/{upload_id}": Permission.CHANGE_FILES,
    "PATCH /api/v1/uploads/{upload_id}": Permission.CHANGE_FILES,
    "DELETE /api/v1/uploads/{upload_id}": Permission.CHANGE_FILES,
    "GET /api/v1/attempts/{job_id}/{attempt}/{uid}/files/{file_id}": Door.ATTEMPT,
    "PUT /api/v1/attempts/{job_id}/{attempt}/{uid}/artifacts/{name}": Door.ATTEMPT,
    "POST /api/v1/secrets": Permission.MANAGE_SECRETS,
    "GET /api/v1/secrets": Permission.MANAGE_SECRETS,
    "PUT /api/v1/secrets/{secret_id}/value": Permission.MANAGE_SECRETS,
    "DELETE /api/v1/secrets/{secret_id}": Permission.MANAGE_SECRETS,
    "PUT /api/v1/secrets/{secret_id}/plugins/{name}": Permission.MANAGE_SECRETS,
    "DELETE /api/v1/secrets/{secret_id}/plugins/{name}": Permission.MANAGE_SECRETS,
    "POST /api/v1/worker/secrets": Door.WORKER,
    "POST /api/v1/clusters": Permission.MANAGE_CLUSTERS,
    "GET /api/v1/clusters": Permission.READ_CLUSTERS,
    "GET /api/v1/clusters/{name}": Permission.READ_CLUSTERS,
    "PATCH /api/v1/clusters/{name}": Permission.MANAGE_CLUSTERS,
    "DELETE /api/v1/clusters/{name}": Permission.MANAGE_CLUSTERS,
    "POST /api/v1/clusters/{name}/probe": Permission.MANAGE_CLUSTERS,
    "POST /api/v1/clusters/{name}/trust": Permission.MANAGE_CLUSTERS,
    "POST /api/v1/clusters/{name}/drain": Permission.MANAGE_CLUSTERS,
    "POST /api/v1/clusters/{name}/resume": Permission.MANAGE_CLUSTERS,
    "GET /api/v1/clusters/{name}/nodes": Permission.READ_CLUSTERS,
    "GET /api/v1/clusters/{name}/jobs": Permission.READ_JOBS,
    "GET /api/v1/clusters/{name}/events": Permission.READ_CLUSTERS,
    "POST /api/v1/worker/clusters": Door.WORKER,
    "POST /api/v1/worker/clusters/report": Door.WORKER,
    "POST /api/v1/worker/clusters/jobs": Door.WORKER,
    "POST /api/v1/gpu-jobs": Permission.CHANGE_JOBS,
    "GET /api/v1/jobs/{job_id}/files": Permission.READ_JOBS,
    "GET /api/v1/jobs/{job_id}/files/{name}": Permission.READ_JOBS,
    "GET /api/v1/jobs/{job_id}/workspace": Permission.READ_JOBS,
    "GET /api/v1/jobs/{job_id}/metrics": Permission.READ_JOBS,
    "POST /api/v1/notification-channels": Permission.MANAGE_NOTIFICATIONS,
    "GET /api/v1/notification-channels": Permission.MANAGE_NOTIFICATIONS,
    "GET /api/v1/notification-channels/{channel_id}": Permission.MANAGE_NOTIFICATIONS,
    "PATCH /api/v1/notification-channels/{channel_id}": Permission.MANAGE_NOTIFICATIONS,
    "DELETE /api/v1/notification-channels/{channel_id}": Permission.MANAGE_NOTIFICATIONS,
    "POST /api/v1/notification-channels/{channel_id}/test": Permission.MANAGE_NOTIFICATIONS,
    "POST /api/v1/notification-channels/{channel_id}/rotate-secret": Permission.MANAGE_NOTIFICATIONS,
    "POST /api/v1/webhook-secret": Permission.MANAGE_NOTIFICATIONS,
    "POST /api/v1/notification-rules": Permission.MANAGE_NOTIFICATIONS,
    "GET /api/v1/notification-rules": Permission.MANAGE_NOTIFICATIONS,
    "GET /api/v1/notification-rules/{rule_id}": Permission.MANAGE_NOTIFICATIONS,
    "PUT /api/v1/notification-rules/{rule_id}": Permission.MANAGE_NOTIFICATIONS,
    "DELETE /api/v1/notification-rules/{rule_id}": Permission.MANAGE_NOTIFICATIONS,
    "GET /api/v1/notification-deliveries": Permission.MANAGE_NOTIFICATIONS,
    "GET /api/v1/notification-deliveries/{delivery_id}": Permission.MANAGE_NOTIFICATIONS,
    "POST /api/v1/notification-deliveries/{delivery_id}/redeliver": Permission.MANAGE_NOTIFICATIONS,
    "GET /api/v1/audit": Permission.READ_AUDIT,
    "GET /api/v1/audit/export": Permission.READ_AUDIT,
    "GET /api/v1/rejected-reports": Permission.READ_REJECTED_REPORTS,
    "GET /api/v1/workers": Permission.READ_PLATFORM,
    "POST /api/v1/workers/{name}/drain": Permission.MANAGE_WORKERS,
    "POST /api/v1/workers/{name}/resume": Permission.MANAGE_WORKERS,
    "GET /api/v1/results/stats/summary": Permission.READ_JOBS,
    "GET /api/v1/results/stats/history": Permission.READ_JOBS,
    "GET /api/v1/events": Permission.READ_JOBS,
    "WEBSOCKET /api/v1/ws/jobs/{job_id}": Permission.READ_JOBS,
    "WEBSOCKET /api/v1/ws/jobs": Permission.READ_JOBS,
    "GET /health": Door.OPEN,
    "GET /ready": Door.OPEN,
    "GET /metrics": Permission.READ_METRICS,
    "GET /": Door.OPEN,
    "GET /dashboard": Door.OPEN,
    "GET /dashboard/assets/{name}": Door.OPEN,
    "GET /dashboard/{path}": Door.OPEN,
    "GET /openapi.json": Door.OPEN,
    "GET /docs": Door.OPEN,
}
"""What each route asks for. The pages of the dashboard show nothing by themselves: all comes from the API."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose things a permission goes for, and of which plugins."""

    owner_id: int | None
    """None: everybody's."""
    plugins: frozenset[str] | None = None
    """None: all; others are those of an API key."""

    def __contains__(self, owner_id: int) -> bool:
        return self.owner_id in {None, owner_id}

    def covers(self, plugin_name: str) -> bool:
        """Tell whether it goes for what belongs to a plugin."""
        return self.plugins is None or plugin_name in self.plugins


EVERYBODYS: Final = Reach(None)


def extent_of(role: str, permission: Permission) -> Extent | None:
    """Return how far a permission of a role goes; None when the role has not got it, or is unknown."""
    return GRANTED.get(role, {}).get(permission)


def permissions_of(caller: Account) -> frozenset[Permission]:
    """Return all that the caller may, by their role and the key they use."""
    granted = frozenset(GRANTED.get(caller.role, {}))
    if caller.key is None or caller.key.permissions is None:
        return granted
    return frozenset(permission for permission in granted if permission in caller.key.permissions)


def reach_by_permission(caller: Account) -> dict[str, str]:
    """Return all that the caller may, with how far it goes: one's own things, or everybody's."""
    granted = GRANTED.get(caller.role, {})
    return {permission.value: granted[permission].value for permission in sorted(permissions_of(caller))}


def require(caller: Account, permission: Permission, why: str | None = None) -> Reach:
    """Return whose things a permission of the caller goes for; `why` is told to who has not got it.

    Raises:
        AdminRequired: only admins have it.
        PermissionMissing: the caller's role has not got it.
        KeyTooNarrow: the role has, the caller's API key has not.
    """
    extent = extent_of(caller.role, permission)
    if extent is None:
        if any(extent_of(role, permission) for role in Role if role is not Role.ADMIN):
            raise PermissionMissing(f"Accounts of the role {caller.role} have not got {permission}.")
        raise AdminRequired(why)
    key = caller.key
    if key is not None and key.permissions is not None and permission not in key.permissions:
        raise KeyTooNarrow(f"This API key has not got {permission}; use one that has, or a login.")
    return Reach(None if extent is Extent.ALL else caller.id, None if key is None else key.plugins)


def require_plugins(caller: Account, names: Iterable[str]) -> None:
    """Refuse plugins that the caller's API key is not for.

    Raises:
        KeyTooNarrow: it is not for one of them.
    """
    if caller.key is None or caller.key.plugins is None:
        return
    foreign = sorted(set(names) - caller.key.plugins)
    if foreign:
        raise KeyTooNarrow(f"This API key is not for the plugin {foreign[0]}; use one that is, or a login.")


def visible_to(caller: Account) -> Reach:
    """Return whose jobs the caller may see, with all that hangs on them.

    Raises:
        PermissionMissing, KeyTooNarrow: nobody's.
    """
    return require(caller, Permission.READ_JOBS)


def owner_visible_to(caller: Account) -> int | None:
    """Return whose jobs the caller may see, where they cannot be told apart by plugin; None is everybody's.

    Raises:
        PermissionMissing, KeyTooNarrow: nobody's, or the caller's API key is for some plugins only.
    """
    reach = visible_to(caller)
    if reach.plugins is not None:
        raise KeyTooNarrow(
            "This API key is for some plugins only, and this tells of all: ask for single jobs."
        )
    return reach.owner_id
