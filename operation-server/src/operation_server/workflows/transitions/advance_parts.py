"""What advancing runs needs beside the database, for as long as a process does it."""

from __future__ import annotations

from dataclasses import dataclass, field

from operation_server.workflows.expressions.evaluator import Evaluator
from operation_server.workflows.step_inputs import StepInputs
from operation_server.workflows.transitions.versions import VersionMemory


@dataclass(frozen=True, kw_only=True)
class AdvanceParts:
    """What is remembered, and the limited processes that are asked."""

    versions: VersionMemory = field(default_factory=VersionMemory)
    inputs: StepInputs = field(default_factory=StepInputs)
    expressions: Evaluator = field(default_factory=Evaluator)

    def close(self) -> None:
        """End the limited processes."""
        self.inputs.close()
        self.expressions.close()
