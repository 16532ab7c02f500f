"""What the audit trail tells of."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Action(StrEnum):
    """Something that was done or refused; the part before the dot is the kind of object it was done to."""

    LOG_IN = "account.log_in"
    OPEN_ACCOUNT = "account.open"
    CHANGE_ACCOUNT = "account.change"
    LIMIT_ACCOUNT = "account.limit"
    SET_PASSWORD = "account.set_password"  # noqa: S105  # The name of an action.
    END_LOGIN = "account.end_login"
    """A refresh token turned up twice."""
    MAKE_KEY = "key.make"
    REVOKE_KEY = "key.revoke"
    REGISTER_PLUGIN = "plugin.register"
    DELETE_PLUGIN = "plugin.delete"
    HAND_OVER_PLUGIN = "plugin.hand_over"
    CONTROL_PLUGIN = "plugin.control"
    REPORT_PLUGIN = "plugin.report"
    REGISTER_MODEL = "model.register"
    HAND_OVER_MODEL = "model.hand_over"
    REGISTER_MODEL_VERSION = "model.register_version"
    DELETE_MODEL_VERSION = "model.delete_version"
    MOVE_MODEL_ALIAS = "model.move_alias"
    DELETE_MODEL_ALIAS = "model.delete_alias"
    START_MODEL_ROLLOUT = "model.start_rollout"
    CHANGE_MODEL_ROLLOUT = "model.change_rollout"
    STOP_MODEL_ROLLOUT = "model.stop_rollout"
    ROLL_BACK_MODEL = "model.roll_back"
    """By the platform itself: the version broke a limit of its rollout."""
    SET_MODEL_GATE = "model.set_gate"
    DELETE_MODEL_GATE = "model.delete_gate"
    EVALUATE_MODEL = "model.evaluate"
    DELETE_MODEL_EVALUATION = "model.delete_evaluation"
    CREATE_WORKFLOW = "workflow.create"
    CHANGE_WORKFLOW = "workflow.change"
    DEPLOY_WORKFLOW = "workflow.deploy"
    DELETE_WORKFLOW = "workflow.delete"
    START_BACKFILL = "workflow.start_backfill"
    CANCEL_BACKFILL = "workflow.cancel_backfill"
    DECIDE_APPROVAL = "run.decide"
    CANCEL_RUN = "run.cancel"
    RETRY_RUN = "run.retry"
    RESTART_RUN = "run.restart"
    CANCEL_JOB = "job.cancel"
    RETRY_JOB = "job.retry"
    REPLAY_JOB = "job.replay"
    DELETE_FILE = "file.delete"
    CREATE_SECRET = "secret.create"  # noqa: S105  # Names of actions.
    REPLACE_SECRET = "secret.replace"  # noqa: S105
    DELETE_SECRET = "secret.delete"  # noqa: S105
    GRANT_SECRET = "secret.grant"  # noqa: S105
    GIVE_SECRET = "secret.give"  # noqa: S105
    """To the worker that runs a job."""
    REVOKE_SECRET = "secret.revoke"  # noqa: S105
    CREATE_CLUSTER = "cluster.create"
    CHANGE_CLUSTER = "cluster.change"
    TRUST_CLUSTER = "cluster.trust"
    DISTRUST_CLUSTER = "cluster.distrust"
    """By the platform itself: a host has shown another key than the confirmed one."""
    DRAIN_CLUSTER = "cluster.drain"
    RESUME_CLUSTER = "cluster.resume"
    DELETE_CLUSTER = "cluster.delete"
    GIVE_CLUSTERS = "cluster.give"
    """With the keys to log in there, to a connector."""
    DRAIN_WORKER = "worker.drain"
    RESUME_WORKER = "worker.resume"
    CREATE_CHANNEL = "channel.create"
    CHANGE_CHANNEL = "channel.change"
    DELETE_CHANNEL = "channel.delete"
    TEST_CHANNEL = "channel.test"
    ROTATE_SIGNING = "signing.rotate"
    CREATE_RULE = "rule.create"
    CHANGE_RULE = "rule.change"
    DELETE_RULE = "rule.delete"
    REDELIVER = "delivery.redeliver"
    EXPORT_AUDIT = "audit.export"
    FINISH_RECOVERY = "incarnation.finish"
    REQUEST = "route.request"
    """A request that was refused before it came to anything else."""

    @property
    def object_type(self) -> str:
        """Return the kind of object it is done to."""
        return self.value.partition(".")[0]


class Actor(Protocol):
    """Who does something: an account, as far as the trail tells of it."""

    @property
    def id(self) -> int:
        """Return the account's id."""

    @property
    def email(self) -> str:
        """Return the address that the account has now."""
