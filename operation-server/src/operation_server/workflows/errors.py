"""What can go wrong with workflows."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.problems import Violation
from satellite.errors import SatelliteError


class WorkflowNotFound(SatelliteError):
    """There is no such workflow."""

    code = "workflow_not_found"


class WorkflowNotYours(SatelliteError):
    """This is somebody else's workflow."""

    code = "workflow_not_yours"


class WorkflowTaken(SatelliteError):
    """A workflow of yours has this name; choose another one, or change that one."""

    code = "workflow_taken"


class WorkflowTaskNotFound(SatelliteError):
    """There is no such task."""

    code = "workflow_task_not_found"


class WorkflowTaskTaken(SatelliteError):
    """The workflow has a task of this name."""

    code = "workflow_task_taken"


class WorkflowChanged(SatelliteError):
    """The workflow was changed since you read it; read it again, and put your change on top."""

    code = "workflow_changed"


class WorkflowInUse(SatelliteError):
    """Runs of the workflow have not ended; cancel them or wait."""

    code = "workflow_in_use"


class WorkflowNotDeployed(SatelliteError):
    """The workflow was never deployed; deploy it first."""

    code = "workflow_not_deployed"


class WorkflowVersionNotFound(SatelliteError):
    """The workflow has no such version."""

    code = "workflow_version_not_found"


class WorkflowUnfit(SatelliteError):
    """The workflow cannot be deployed as it is; `errors` names each fault by its task."""

    code = "workflow_unfit"

    def __init__(self, violations: Sequence[Violation]) -> None:
        first = violations[0]
        super().__init__(
            f"The workflow cannot be deployed: {first.pointer}: {first.message}"
            + (f" (and {len(violations) - 1} more, see `errors`)" if len(violations) > 1 else "")
        )
        self.violations = tuple(violations)


class RunNotOver(SatelliteError):
    """The run has not ended; wait, or cancel it."""

    code = "run_not_over"


class RestartInvalid(SatelliteError):
    """The restart names tasks that there are not."""

    code = "restart_invalid"


class StepRefused(SatelliteError):
    """A step cannot begin with what there is."""

    code = "step_refused"


class ApprovalNotAsked(SatelliteError):
    """No approval is asked for there now."""

    code = "approval_not_asked"


class ApprovalInvalid(SatelliteError):
    """The data of the approval does not match its form; `errors` lists each violation."""

    code = "approval_invalid"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(
            f"The data does not match the form: {violations[0].pointer}: {violations[0].message}"
        )
        self.violations = tuple(violations)
