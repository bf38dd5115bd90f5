"""What Prometheus knows: values and the times of samples, by its HTTP API.

Source: https://prometheus.io/docs/prometheus/latest/querying/api.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from automation.core.tallies import Series
from automation.errors import HhctlError

if TYPE_CHECKING:
    from datetime import datetime

_SECONDS = 5


class QueryRefused(HhctlError):
    """Prometheus does not take the query: asked again it would say the same."""


class MetricsUnreachable(HhctlError):
    """Prometheus does not answer, or warns that it does not answer with all that there is."""


class Metrics(Protocol):
    """Answers queries; each is bounded in time."""

    def value(self, query: str, *, at: datetime | None = None) -> float | None:
        """Return the one value of a query, now or at a time; None for no series. It may be no number.

        Raises:
            MetricsUnreachable: nothing answers, or not with all that there is.
            QueryRefused: the query is none, or gives several series.
        """
        ...

    def stamps(self, selector: str, *, seconds: float) -> tuple[tuple[float, ...], ...]:
        """Return the times (seconds since the epoch) of all samples of the last `seconds`, series by series; raises likewise."""
        ...

    def series(self, query: str, *, start: float, end: float, step: float) -> tuple[Series, ...]:
        """Return the values of a query at `start` and every `step` seconds up to `end`, by Prometheus's clock; raises likewise."""
        ...

    def now(self) -> float:
        """Return the time by Prometheus's clock, in seconds since the epoch; raises likewise."""
        ...


@dataclass(frozen=True, slots=True)
class Prometheus:
    """The Prometheus at `url`."""

    url: str

    def value(self, query: str, *, at: datetime | None = None) -> float | None:
        """Return the one value of a query."""
        result = self._result(query, at)
        if result["resultType"] == "scalar":
            return float(result["result"][1])
        series = result["result"]
        if len(series) > 1:
            raise QueryRefused(f"Prometheus at {self.url} answers with {len(series)} series instead of one: {query}")
        return float(series[0]["value"][1]) if series else None

    def stamps(self, selector: str, *, seconds: float) -> tuple[tuple[float, ...], ...]:
        """Return the times of all samples of the last `seconds`, series by series."""
        series = self._result(f"{selector}[{max(1, round(seconds))}s]", None)["result"]
        return tuple(tuple(float(at) for at, _ in each["values"]) for each in series)

    def series(self, query: str, *, start: float, end: float, step: float) -> tuple[Series, ...]:
        """Return the values of a query over a time."""
        fields = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        found = self._asked("query_range", fields)["result"]
        return tuple(Series(each["metric"], [(float(at), float(value)) for at, value in each["values"]]) for each in found)

    def now(self) -> float:
        """Return the time by Prometheus's clock."""
        return float(self._result("time()", None)["result"][1])

    def _result(self, query: str, at: datetime | None) -> dict[str, Any]:
        return self._asked("query", {"query": query, **({"time": f"{at.timestamp():.3f}"} if at else {})})

    def _asked(self, path: str, fields: dict[str, str]) -> dict[str, Any]:
        query = fields["query"]
        request = urllib.request.Request(f"{self.url.rstrip('/')}/api/v1/{path}", data=urlencode(fields).encode())  # noqa: S310 - the spec's URL
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - likewise
                told = json.load(answer)
                data, warnings = told["data"], told.get("warnings")
        except urllib.error.HTTPError as refused:
            says = _says(refused)
            if refused.code in {400, 422}:
                raise QueryRefused(f"Prometheus at {self.url} refuses {query}: {says}") from refused
            raise MetricsUnreachable(f"Prometheus at {self.url} answers {refused.code}: {says}", hint="hhctl doctor") from refused
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            raise MetricsUnreachable(f"Prometheus at {self.url} does not answer: {error}", hint="hhctl doctor") from error
        if warnings:
            raise MetricsUnreachable(f"Prometheus at {self.url} answers with a warning: {'; '.join(warnings)}", hint="hhctl doctor")
        return data


def _says(refused: urllib.error.HTTPError) -> str:
    """Return what a refusal says of itself, which may break off."""
    try:
        return refused.read().decode(errors="replace")[:300]
    except (OSError, http.client.HTTPException) as error:
        return f"and breaks off: {error}"
