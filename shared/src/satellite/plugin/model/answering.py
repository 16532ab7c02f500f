"""From requests to answers: the three steps of a model, so that one bad request fails alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from satellite.plugin.errors import InputRefused
from satellite.plugin.model.base import BaseModel, BatchModel


class Steps(NamedTuple):
    """A loaded model, each step called with the request's configuration if it takes one."""

    model: BaseModel
    preprocess: Callable[[Any, Any], Any]
    predict: Callable[[Any, Any], Any]
    postprocess: Callable[[Any, Any], Any]

    @classmethod
    def of(cls, model: BaseModel) -> Steps:
        """Return the steps of a model."""
        return cls(model, *(_step(each) for each in (model.preprocess, model.predict, model.postprocess)))

    def answer_all(self, requests: Sequence[Any]) -> list[Any]:
        """Return the answer to each of some requests, in order; where there is none, why."""
        places: list[Any] = [self._prepared(request) for request in requests]
        good = [place for place, prepared in enumerate(places) if not isinstance(prepared, Exception)]
        configs = [_config_of(request) for request in requests]
        predicted = self._predicted([places[place] for place in good], [configs[place] for place in good])
        for place, predictions in zip(good, predicted):
            places[place] = _tried(self.postprocess, predictions, configs[place])
        return places

    def _prepared(self, request: Any) -> Any:
        if not isinstance(request, dict) or "data" not in request:
            return InputRefused('a request is {"data": …, "config": {…}}, the latter if wanted')
        try:
            return self.preprocess(request["data"], _config_of(request))
        except ValueError as error:
            return InputRefused(str(error))
        except Exception as error:  # noqa: BLE001 - the author's code may raise anything.
            return error

    def _predicted(self, batch: Sequence[Any], configs: Sequence[Any]) -> Sequence[Any]:
        if isinstance(self.model, BatchModel) and batch:
            return self.model.predict_batch(batch)
        return [_tried(self.predict, data, config) for data, config in zip(batch, configs)]


def _config_of(request: Any) -> Any:
    return (request.get("config") or {}) if isinstance(request, dict) else {}


def _step(method: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """Return a method as one of two arguments, of which it is given the second if it takes one."""
    code = getattr(getattr(method, "__func__", None), "__code__", None)
    takes_config = code is not None and code.co_argcount > 2
    return method if takes_config else lambda value, _: method(value)


def _tried(step: Callable[[Any, Any], Any], value: Any, config: Any) -> Any:
    if isinstance(value, Exception):
        return value
    try:
        return step(value, config)
    except Exception as error:  # noqa: BLE001 - the author's code may raise anything.
        return error
