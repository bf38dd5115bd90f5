"""What the users of House Helper meet with, in the text format that Prometheus reads."""

from __future__ import annotations

from collections import Counter

from localcloud.workload.metrics import family


class Counts:
    """Requests by the edge that they went to and how they ended, and the newest numbered row that an answer has promised to keep."""

    def __init__(self) -> None:
        self.last_kept = 0
        self._ended: Counter[tuple[str, str]] = Counter()

    def count(self, edge: str, ending: str) -> None:
        """Count a request: `ending` is a status code, or in a word why there was none; `edge` is empty where it went to none."""
        self._ended[edge, ending] += 1

    def text(self) -> str:
        """Everything counted, for a scrape."""
        samples = (({"edge": edge, "code": ending}, number) for (edge, ending), number in self._ended.items())
        kept = [(dict[str, str](), self.last_kept)]
        lines = (
            *family("traffic_requests_total", "counter", "Requests of users, by edge and ending.", samples),
            *family("traffic_last_kept_number", "gauge", "The newest numbered task that an answer has confirmed.", kept),
        )
        return "\n".join(lines) + "\n"
