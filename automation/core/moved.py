"""What became of a failover or failback: predicted and measured, what was lost, and the way back; as a document and as a page. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.core.measures import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from automation.core.losses import Losses
    from automation.core.measures import Measured, Predicted
    from automation.core.plan import Json


@dataclass(frozen=True, slots=True)
class Loss:
    """What the side that serves now lacks of the other one's writes: measured RPO; None where nobody can tell.

    `seconds` is the age that the newest write had which was kept, when the last one was committed that was not, and `at_most` says that it
    may be less; `says` is for people.
    """

    transactions: int | None
    rows: int | None
    seconds: float | None
    says: str
    at_most: bool = False

    def document(self) -> Mapping[str, Json]:
        """Return it as JSON holds it."""
        held = {"transactions": self.transactions, "rows": self.rows, "seconds": self.seconds, "at_most": self.at_most}
        return {**held, "says": self.says}

    @property
    def rpo(self) -> str:
        """Say for how many seconds writes were lost."""
        return f"{'at most ' if self.at_most else ''}{_seconds(self.seconds)}"


NOTHING_LOST = Loss(0, 0, 0.0, "nothing: the database had replayed everything before it was promoted")


def loss_of(losses: Losses, *, replayed: datetime | None) -> Loss:
    """Say what was lost by what the side that was left tells; `replayed` is when the newest write was committed that was kept."""
    if not losses.transactions:
        return Loss(0, 0, 0.0, "nothing: the other side committed nothing more")
    seconds = (losses.last - replayed).total_seconds() if losses.last and replayed else None
    return Loss(losses.transactions, len(losses.rows), seconds, f"{losses}")


def unknown_loss(why: str, *, replayed: datetime | None, promoted: datetime) -> Loss:
    """Say what can be said while the other side cannot be asked: what it committed after the newest write that was kept."""
    if replayed is None:
        return Loss(None, None, None, f"unknown: {why}")
    seconds = max(0.0, (promoted - replayed).total_seconds())
    says = (
        f"unknown: {why}; whatever was committed after {replayed:%Y-%m-%d %H:%M:%S} UTC, at most the {seconds:.1f} s before the promotion"
    )
    return Loss(None, None, seconds, says, at_most=True)


def unbounded(loss: Loss, *, fenced: bool) -> Loss:
    """Say what was lost of a side that was not shut before the promotion, which bounds nothing then: it may have gone on until `fenced`."""
    until = "it committed until it was fenced" if fenced else "it commits until it is fenced"
    return replace(loss, seconds=None, at_most=False, says=f"{loss.says}, and whatever {until}")


@dataclass(frozen=True, slots=True)
class Moved:
    """A run that moved the traffic to `region`, and what it came to.

    `rto` and `rpo` are the objectives. `way_back` are the lines of the plan that leads back, none where there is nothing to go back from.
    `unfenced` says which region may still take writes, empty for none. `trouble` says why it stopped past the point of no return, empty
    where it came to its end; `served`: the region was seen to serve before that.
    """

    run: str
    operation: str
    operator: str
    region: str
    reason: str
    ended: datetime
    predicted: Predicted
    measured: Measured
    loss: Loss
    rto: timedelta
    rpo: timedelta
    unfenced: str
    way_back: tuple[str, ...]
    trouble: str = ""
    served: bool = False

    @property
    def half_way(self) -> bool:
        """Whether it stopped before the service was seen to be back."""
        return bool(self.trouble) and not self.served

    @property
    def measured_rto(self) -> float | None:
        """Seconds until the service was seen to be back; None where it was not."""
        return None if self.half_way else self.measured.rto

    def document(self) -> Mapping[str, Json]:
        """Return it as the journal keeps it, and as programs read it."""
        objectives = {"rto": self.rto.total_seconds(), "rpo": self.rpo.total_seconds()}
        return {
            "operation": self.operation,
            "region": self.region,
            **to_json(self.measured),
            **({"rto": None} if self.half_way else {}),
            "trouble": self.trouble,
            "predicted": self.predicted.document(),
            "objectives": objectives,
            "lost": self.loss.document(),
            "unfenced": self.unfenced,
            "way_back": list(self.way_back),
        }

    @property
    def summary(self) -> str:
        """Say it in a line."""
        if self.half_way:
            return f"{self.serves}; lost: {self.loss.says}"
        took = f"measured RTO {self.measured.rto:.1f} s (objective {self.rto.total_seconds():g} s)"
        return f"{self.serves}; {took}; lost: {self.loss.says}"

    @property
    def serves(self) -> str:
        """Say where the service is."""
        if self.half_way:
            return f"{self.region} may serve, or nobody: {self.trouble}"
        return f"{self.region} serves" + (f", and what comes after that is left to do: {self.trouble}" if self.trouble else "")


def page(moved: Moved) -> str:
    """Write it as a page of Markdown."""
    measured, predicted = moved.measured, moved.predicted
    beside = zip(measured.phases, predicted.beside(measured.phases), strict=True)
    rows = [f"| {phase.title} | {_seconds(before)} | {phase.seconds:.1f} |" for phase, before in beside]
    back = ["", "## The way back", "", "```", *moved.way_back, "```"] if moved.way_back else []
    unfenced = (
        [f"- **{moved.unfenced} is unfenced**: its pods stop serving once they read the other region's switch."] if moved.unfenced else []
    )
    return "\n".join(
        (
            f"# {moved.operation}",
            "",
            f"{moved.serves}. Ended {moved.ended:%Y-%m-%d %H:%M:%S} UTC, run {moved.run}. Reason: {moved.reason or 'none given'}.",
            "",
            "|  | objective | predicted | measured |",
            "| --- | ---: | ---: | ---: |",
            f"| RTO (s) | {moved.rto.total_seconds():g} | {_seconds(predicted.rto)} | {_seconds(moved.measured_rto)} |",
            f"| RPO (s) | {moved.rpo.total_seconds():g} | {_seconds(predicted.rpo)} | {moved.loss.rpo} |",
            "",
            f"- Lost: {moved.loss.says}.",
            *unfenced,
            "",
            "| phase (s) | predicted | measured |",
            "| --- | ---: | ---: |",
            *rows,
            *back,
            "",
        )
    )


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.1f}"
