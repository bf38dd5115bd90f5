from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from automation.core.findings import Finding, Level
from automation.ops.doctor import judge_package, judge_pulumi
from automation.ports.installed import Package, Program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Hhctl


def _findings(out: str) -> dict[str, dict[str, str]]:
    return {item["subject"]: item for item in json.loads(out)["items"]}


@pytest.mark.parametrize(
    ("package", "finding"),
    [
        (Package("rich", "", "15.0"), Finding("package rich", "15.0", Level.OK)),
        (Package("pulumi", "3.1", "3.1"), Finding("package pulumi", "3.1", Level.OK)),
        (Package("pulumi", "3.1", "3.0"), Finding("package pulumi", "3.0", Level.WARNING, "pip install pulumi==3.1")),
        (Package("pulumi", "3.1", None), Finding("package pulumi", "not installed", Level.BLOCKING, "pip install pulumi==3.1")),
        (Package("rich", "", None), Finding("package rich", "not installed", Level.BLOCKING, "pip install rich")),
    ],
    ids=["any version", "the pinned one", "another one", "no pinned one", "none"],
)
def test_a_package_is_judged(package: Package, finding: Finding) -> None:
    assert judge_package(package) == finding


@pytest.mark.parametrize(
    ("program", "seen", "level"),
    [
        (Program("/bin/pulumi", version="3.1"), "3.1 at /bin/pulumi", Level.OK),
        (Program("/bin/pulumi", version="2.9"), "2.9 at /bin/pulumi", Level.WARNING),
        (Program("/bin/pulumi", trouble="will not start"), "/bin/pulumi: will not start", Level.BLOCKING),
        (None, "not on PATH", Level.BLOCKING),
    ],
    ids=["the right one", "another one", "a broken one", "none"],
)
def test_pulumi_is_judged(program: Program | None, seen: str, level: Level) -> None:
    finding = judge_pulumi(program, wanted="3.1")
    assert (finding.seen, finding.level) == (seen, level)
    assert bool(finding.fix) is (level is not Level.OK)


@pytest.mark.usefixtures("pulumi")
def test_a_machine_in_order_exits_0(whole_hhctl: Hhctl) -> None:
    answer = whole_hhctl("doctor", "-o", "json")
    assert (answer.code, answer.err) == (0, "")
    assert {item["level"] for item in json.loads(answer.out)["items"]} == {"ok"}


def test_a_missing_pulumi_exits_1_and_says_how_to_get_it(whole_hhctl: Hhctl) -> None:
    answer = whole_hhctl("doctor", "-o", "json")
    finding = _findings(answer.out)["program pulumi"]
    assert (answer.code, finding["level"]) == (1, "blocking")
    assert finding["fix"].startswith("put pulumi 3.259.0 on PATH")


@pytest.mark.parametrize("script", ["#!/nowhere/sh\n", "#!/bin/sh\nexit 3\n"], ids=["no interpreter", "exits 3"])
def test_a_pulumi_that_does_not_run_blocks(whole_hhctl: Hhctl, pulumi: Path, script: str) -> None:
    pulumi.write_text(script)
    answer = whole_hhctl("doctor", "-o", "json")
    assert (answer.code, _findings(answer.out)["program pulumi"]["level"]) == (1, "blocking")


@pytest.mark.usefixtures("pulumi")
def test_every_fault_of_the_spec_blocks(whole_hhctl: Hhctl, tmp_path: Path) -> None:
    spec = tmp_path / "hhctl.toml"
    spec.write_text((whole_hhctl.folder / "hhctl.toml").read_text().replace("prometheus.us-west-2", "us west").replace('"1%"', "1"))
    answer = replace(whole_hhctl, folder=tmp_path)("doctor", "-o", "json")
    blocking = {subject: item["fix"] for subject, item in _findings(answer.out).items() if item["level"] == "blocking"}
    lines = spec.read_text().splitlines()
    assert answer.code == 1
    assert blocking == {
        "spec regions.us-west-2.prometheus": f"mend {spec}:{1 + next(i for i, line in enumerate(lines) if 'us west' in line)}",
        "spec objectives.error_rate": f"mend {spec}:{1 + lines.index('error_rate = 1')}",
    }


def test_folders_outside_add_findings_and_a_look_that_fails_is_one(trouble: Hhctl) -> None:
    answer = trouble("doctor", "-o", "json")
    findings = _findings(answer.out)
    assert findings["dam"] == {"level": "warning", "subject": "dam", "seen": "leaks", "fix": "plug it"}
    assert findings["trouble"] == {
        "level": "blocking",
        "subject": "trouble",
        "seen": "the river cannot be seen",
        "fix": "clean the glasses",
    }
    assert answer.code == 1
