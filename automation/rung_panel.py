"""A rung as a person watches it on a terminal: the ladder, both arms, and what the judge says so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from automation.core.arm_figures import figures, split
from automation.core.gates import Verdict
from automation.core.soak import shown
from automation.show import visible
from stacks.objectives import ALL_REQUESTS, RUNGS, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from automation.core.arm_figures import ArmFigures
    from automation.core.gates import Judgement
    from automation.core.rung import Rung, Seen

_MARKS = {
    Verdict.PASS: ("✓", "green"),
    Verdict.NOT_APPLICABLE: ("-", "dim"),
    Verdict.INCONCLUSIVE: ("…", "yellow"),
    Verdict.ERROR: ("!", "bold red"),
    Verdict.FAIL: ("✗", "bold red"),
}
_COLUMNS = ("", "version", "pods", "requests", "a second", "failed", "P50", "P95", "P99")
_BAR = 36


@dataclass(frozen=True, slots=True)
class RungPanel:
    """One look at a rung, `elapsed` seconds after it began; a rung of 0 seconds is one that nobody waits for.

    `pods` are those of each track that are Ready, if anybody has counted them.
    """

    rung: Rung
    elapsed: float
    seen: Seen
    judgements: Sequence[Judgement]
    pods: Mapping[str, int] = field(default_factory=dict[str, int])

    def __rich__(self) -> RenderableType:
        """Draw it."""
        return Group(self._ladder(), Text(), self._arms(), self._split(), Text(), self._verdicts())

    def _ladder(self) -> Table:
        line = Table.grid(padding=(0, 2))
        asked = Text(f"{self.rung.canary.tag} beside {self.rung.stable.tag} on {self.rung.stack}", style="bold")
        cells: list[RenderableType] = [asked, Text("  ").join(_step(weight, self.rung.weight) for weight in RUNGS)]
        if self.rung.seconds:
            seconds = max(0.0, self.elapsed - self.seen.missing)
            left = max(0.0, self.rung.seconds - seconds)
            bar = ProgressBar(total=self.rung.seconds, completed=min(seconds, self.rung.seconds), width=_BAR)
            cells += [bar, Text(f"{_time(left)} left" if left else "waiting for the judge", style="cyan")]
        line.add_row(*cells)
        return line

    def _arms(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for number, name in enumerate(_COLUMNS):
            table.add_column(name, justify="left" if number < 2 else "right")
        for arm, style in zip(figures(self.rung, self.seen), ("magenta", "blue"), strict=True):
            pods = str(self.pods.get(arm.track, "-"))
            table.add_row(Text(arm.track, style=f"bold {style}"), Text(visible(arm.version)), Text(pods), *map(Text, _cells(arm)))
        return table

    def _split(self) -> Text:
        found = split(self.seen)
        seen = "all of them" if self.rung.weight == ALL_REQUESTS else shown(found, Unit.FRACTION) or "nobody can tell"
        return Text(f"requests to the canary: {seen}, asked for {self.rung.weight} %", style="dim")

    def _verdicts(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        for each in self.judgements:
            mark, style = _MARKS[each.verdict]
            says = Text(visible(each.shown or each.trouble), style="" if each.verdict is Verdict.PASS else style)
            table.add_row(Text(mark, style=style), Text(each.about), says)
        return table


def _step(weight: int, now: int) -> Text:
    mark, style = ("●", "green") if weight < now else ("◉", "bold cyan") if weight == now else ("○", "dim")
    return Text(f"{mark} {weight} %", style=style)


def _cells(arm: ArmFigures) -> tuple[str, ...]:
    counts = ("-" if arm.requests is None else f"{arm.requests:,.0f}", "-" if arm.rate is None else f"{arm.rate:,.1f}")
    shares = (shown(arm.failures, Unit.FRACTION), *(shown(each, Unit.SECONDS) for each in (arm.p50, arm.p95, arm.p99)))
    return *counts, *(each or "-" for each in shares)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
