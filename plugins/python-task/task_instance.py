"""`context["ti"]`: by which a snippet gives values to later steps and takes those of earlier ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from messages import PulledTask, RunSnippet, read_items
from pushed import PushedValues
from value_files import read_file
from values import decode_value

RETURN_VALUE = "return_value"
UNMAPPED = -1
"""The map index of a task that is not mapped, as Airflow has it."""


class TaskInstance:
    """A step of a run, with the names that Airflow has for what it knows and does."""

    def __init__(self, request: RunSnippet, pushed: PushedValues) -> None:
        context = request.context
        self.task_id = context.task_id
        self.dag_id = context.dag_id
        self.run_id = context.run_id
        self.map_index = UNMAPPED if context.map_index is None else context.map_index
        self.try_number = request.attempt
        self._xcoms = dict(request.xcoms)
        self._unread = dict(request.xcom_files)
        self._value_files = {
            (each.task, _index(each.map_index), each.key): each.path for each in request.value_files
        }
        self._mapped = frozenset(request.mapped)
        self._pushed = pushed

    def __repr__(self) -> str:
        return f"<TaskInstance {self.dag_id}.{self.task_id} of run {self.run_id}>"

    def xcom_push(self, key: str, value: Any) -> None:
        """Give a value to all later steps of this run.

        Raises:
            TypeError: it is of a type that does not travel.
            ValueError: it is too large.
        """
        self._pushed.push(key, value)

    def xcom_pull(
        self,
        task_ids: str | Iterable[str] | None = None,
        dag_id: str | None = None,
        key: str = RETURN_VALUE,
        *,
        map_indexes: int | Iterable[int] | None = None,
        default: Any = None,
    ) -> Any:
        """Return what an earlier task has pushed, `default` if it pushed nothing by that key.

        Of a mapped task, and of several, it is a list, in the order of the map indexes or as asked.

        Raises:
            LookupError: no such task is before this one.
            TypeError: no task is named.
        """
        if dag_id not in {None, self.dag_id}:
            raise LookupError(f"{dag_id!r} is not this workflow; a key is given as `key=`")
        if task_ids is None:
            raise TypeError(f"say of which task: ti.xcom_pull(task_ids=…, key={key!r}); {self._before()}")
        if not isinstance(task_ids, str):
            return [
                value for task in task_ids for value in self._pull_listed(task, key, map_indexes, default)
            ]
        pulled = self._pull_listed(task_ids, key, map_indexes, default)
        is_one = isinstance(map_indexes, int) or (map_indexes is None and not self._is_mapped(task_ids))
        return pulled[0] if is_one else pulled

    def _pull_listed(
        self, task: str, key: str, map_indexes: int | Iterable[int] | None, default: Any
    ) -> list[Any]:
        """Return the values of one task: of all its items that have pushed one, or of those asked for."""
        if task not in self._xcoms:
            raise LookupError(f"{task!r} is not before {self.task_id!r}; {self._before()}")
        items = {_index(each.map_index): each.values for each in self._items(task)}
        if map_indexes is None and self._is_mapped(task):
            return [
                self._read(task, index, items[index], key, default)
                for index in sorted(items)
                if key in items[index] or (task, index, key) in self._value_files
            ]
        asked = [UNMAPPED] if map_indexes is None else map_indexes
        return [
            self._read(task, index, items.get(index, {}), key, default)
            for index in ([asked] if isinstance(asked, int) else asked)
        ]

    def _items(self, task: str) -> list[PulledTask]:
        """Return what the items of a task have pushed, which is read at the first pull where it is a file."""
        if task in self._unread:
            self._xcoms[task] = read_items(read_file(self._unread.pop(task)), f"/xcom_files/{task}")
        return self._xcoms.get(task, [])

    def _is_mapped(self, task: str) -> bool:
        return task in self._mapped or any(each.map_index is not None for each in self._items(task))

    def _read(self, task: str, index: int, values: Mapping[str, Any], key: str, default: Any) -> Any:
        # Each time anew, so that nobody changes what others pull.
        if key in values:
            return decode_value(values[key])
        path = self._value_files.get((task, index, key))
        return default if path is None else decode_value(read_file(path))

    def _before(self) -> str:
        names = ", ".join(sorted(self._xcoms))
        return f"before it are: {names}" if names else "no task is before it"


def _index(map_index: int | None) -> int:
    return UNMAPPED if map_index is None else map_index
