"""Cases of planners, as data: what was found, what is asked for, and the plan as a person reads it, or the refusal."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from fakes import BEGINNING

from automation.core.facts import Facts, StackFacts, Unreachable
from automation.core.plan import lines, to_json
from automation.core.resume import Unfinished, UpdateLeft
from automation.core.updates import Entry, Note, Outcome
from automation.errors import HhctlError, TimedOut
from stacks.dials import Dials, from_document
from stacks.quantities import STACKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from automation.core.plan import Plan

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def cases(name: str) -> list[Any]:
    """Read the cases of a planner."""
    held = yaml.safe_load((Path(__file__).parent / "cases" / f"{name}.yaml").read_text())
    return [pytest.param(case, id=case["case"]) for case in held]


def check(case: dict[str, Any], plan: Callable[[Facts], Plan], command: str) -> None:
    """Compare what a planner makes of a case with what the case says."""
    facts = Facts({stack: found(stack, case[stack]) for stack in STACKS if stack in case}, _unfinished(case, command))
    if refusal := case.get("refusal"):
        with pytest.raises(HhctlError) as refused:
            plan(facts)
        told = {"code": int(refused.value.code), "says": refused.value.message, "next": refused.value.hint}
        assert told == refusal
        return
    planned = plan(facts)
    assert _DIGEST.sub("DIGEST", "\n".join(lines(planned))) + "\n" == case["plan"]
    assert dict(planned.bases) == case["bases"]
    assert planned.operation == command
    assert len(to_json(planned)["steps"]) == len(planned.steps)  # type: ignore[arg-type]


def digest(tag: str) -> str:
    """Return the digest that a tag's image has in cases."""
    return f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"


def dials(written: dict[str, Any]) -> Dials:
    """Read dials in which an image is its tag and a canary its weight, or its dials."""
    document = dict(written)
    if tag := document.get("image"):
        document["image"] = {"tag": tag, "digest": digest(tag)}
    if canary := document.get("canary"):
        held = canary if isinstance(canary, dict) else {"weight": canary, "minimum": 1}
        tag = held.get("image", "v9")
        document["canary"] = {**held, "image": {"tag": tag, "digest": digest(tag)}}
    return from_document(document, place="case")


def found(stack: str, written: dict[str, Any]) -> StackFacts | Unreachable:
    """Read what a case has of a stack."""
    if says := written.get("unreachable"):
        return Unreachable(stack, TimedOut(says))
    entries = tuple(_entry(each) for each in written["entries"])
    return StackFacts(stack, entries, dials(written["first"]) if "first" in written else None)


def _entry(written: dict[str, Any]) -> Entry:
    note = Note(written.get("operation", "another"), "somebody", "")
    outcome = Outcome(written.get("outcome", "succeeded"))
    return Entry(written["revision"], dials(written["dials"]), outcome, note, BEGINNING, BEGINNING)


def _unfinished(case: dict[str, Any], command: str) -> Unfinished | None:
    if not (left := case.get("left")):
        return None
    found = left if isinstance(left, list) else [left]
    return Unfinished("01RUN", command, "dr", tuple(_left(number, each) for number, each in enumerate(found, 1)))


def _left(number: int, written: dict[str, Any]) -> UpdateLeft:
    return UpdateLeft(
        number,
        written["stack"],
        dials(written["after"]),
        dials(written["undo"]) if "undo" in written else None,
        written["base"],
        written.get("revision"),
        began=BEGINNING if "began" in written else None,
        soaking=BEGINNING if "soaking" in written else None,
        passed=written.get("passed", False),
    )
