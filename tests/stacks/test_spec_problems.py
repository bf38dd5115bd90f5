from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stacks.loading import SpecInvalid, load_spec
from stacks.quantities import STACKS

if TYPE_CHECKING:
    from pathlib import Path

FREEZE = """
[[freeze]]
reason = "year-end"
stacks = [
  "prod",
  "global",
]
begins = 2030-12-30T18:00:00Z
ends = 2031-01-02T08:00:00Z
"""


def _problems(folder: Path, text: str, **environment: str) -> list[str]:
    (folder / "hhctl.toml").write_text(text)
    with pytest.raises(SpecInvalid) as invalid:
        load_spec(folder, {"XDG_CONFIG_HOME": str(folder / "none"), **environment})
    assert str(invalid.value) == "\n".join(str(problem) for problem in invalid.value.problems)
    return [str(problem).removeprefix(f"{folder}/") for problem in invalid.value.problems]


TABLES = "regions, stacks, objectives, smoke, contacts, freeze, smoke_program, registry, changelog, dashboards, dns, messages"

# What is changed in valid.toml, and every problem that this is; a problem's line is the one where the value begins.
INVALID = {
    "an unknown key near a known one": (
        'context = "east"',
        'contxt = "east"',
        [
            (
                "hhctl.toml:2: regions.us-east-1.contxt: unknown key; did you mean context?; "
                "allowed: context, prometheus, aws_endpoint, fingerprint"
            ),
            "hhctl.toml:1: regions.us-east-1.context: missing; allowed: a non-empty text",
        ],
    ),
    "an unknown key near none": (
        "[objectives]\n",
        "[objectives]\nquux = 1\n",
        ["hhctl.toml:33: objectives.quux: unknown key; allowed: error_rate, p95, degradation, failover, recover"],
    ),
    "an unknown table": (
        "[[smoke]]",
        "[[smokes]]",
        [
            f"hhctl.toml:28: smokes: unknown key; did you mean smoke?; allowed: {TABLES}",
            "hhctl.toml: smoke: missing; allowed: a list",
        ],
    ),
    "an empty text": (
        'context = "east"',
        'context = " "',
        ["hhctl.toml:2: regions.us-east-1.context: ' ' is not a non-empty text"],
    ),
    "a number for a text": (
        'context = "east"',
        "context = 1",
        ["hhctl.toml:2: regions.us-east-1.context: 1 is not a non-empty text"],
    ),
    "a URL of another kind": (
        "https://prometheus.example",
        "ftp://prometheus.example",
        ["hhctl.toml:3: regions.us-east-1.prometheus: 'ftp://prometheus.example' is not a URL with http:// or https://"],
    ),
    "a URL without a host": (
        "https://prometheus.example",
        "https://:80",
        ["hhctl.toml:3: regions.us-east-1.prometheus: 'https://:80' is not a URL with http:// or https://"],
    ),
    "a port that is none": (
        "127.0.0.1:9090",
        "127.0.0.1:99999",
        ["hhctl.toml:6: regions.us-west-2.prometheus: 'http://127.0.0.1:99999' is not a URL with http:// or https://"],
    ),
    "a name that is no region": (
        "[regions.us-west-2]",
        "[regions.oregon]",
        [
            "hhctl.toml:19: stacks.dr.region: 'us-west-2' is no region of this spec; allowed: us-east-1, oregon",
            "hhctl.toml:4: regions.oregon: 'oregon' is not a region, such as us-east-1",
        ],
    ),
    "a region that is not listed": (
        'region = "us-west-2"',
        'region = "eu-west-1"',
        ["hhctl.toml:19: stacks.dr.region: 'eu-west-1' is no region of this spec; allowed: us-east-1, us-west-2"],
    ),
    "an unknown stack in place of a known one": (
        "[stacks.dr]",
        "[stacks.qa]",
        [
            "hhctl.toml:8: stacks.dr: missing; allowed: a table",
            "hhctl.toml:18: stacks.qa: 'qa' is not a stack: staging, dr, prod, global",
        ],
    ),
    "a stack without its workload": (
        'workload = { namespace = "house", url = "https://west.example" }\n',
        "",
        ["hhctl.toml:18: stacks.dr.workload: missing; allowed: a table"],
    ),
    "a namespace that Kubernetes refuses": (
        "house-staging",
        "House_",
        ["hhctl.toml:12: stacks.staging.workload.namespace: 'House_' is not a Kubernetes namespace: at most 63 of a-z, 0-9 and '-'"],
    ),
    "a backend that Pulumi lacks": (
        "file:///state",
        "/state",
        ["hhctl.toml:20: stacks.dr.backend: '/state' is not a URL with s3://, azblob://, gs://, file:// or https://"],
    ),
    "a secrets provider that Pulumi lacks": (
        "awskms://alias/state?region=us-west-2",
        "vault",
        [
            "hhctl.toml:21: stacks.dr.secrets_provider: 'vault' is not passphrase, or a URL with awskms://, azurekeyvault://, gcpkms:// or hashivault://"
        ],
    ),
    "a table that is none": (
        'failover = { rto = "5m", rpo = "30s" }',
        'failover = "5m"',
        ["hhctl.toml:36: objectives.failover: '5m' is not a table"],
    ),
    "a list that is none": (
        "[[contacts]]",
        "[contacts]",
        ["hhctl.toml:39: contacts: {'role': 'CTO', 'reach': 'cto@house.example'} is not a list"],
    ),
    "a percentage above all": (
        '"0.5%"',
        '"101%"',
        ["hhctl.toml:33: objectives.error_rate: '101%' is not a percentage from 0% to 100%, such as 1%"],
    ),
    "a percentage without its sign": (
        '"0.5%"',
        "0.005",
        ["hhctl.toml:33: objectives.error_rate: 0.005 is not a percentage from 0% to 100%, such as 1%"],
    ),
    "a duration without a unit": (
        '"1000ms"',
        '"1000"',
        ["hhctl.toml:34: objectives.p95: '1000' is not a duration in ms, s, m, h or d, such as 30m"],
    ),
    "no duration at all": (
        '"1000ms"',
        '"0s"',
        ["hhctl.toml:34: objectives.p95: '0s' is not a duration in ms, s, m, h or d, such as 30m"],
    ),
    "a duration that nobody lives to see": (
        '"1000ms"',
        '"9999999999d"',
        ["hhctl.toml:34: objectives.p95: '9999999999d' is not a duration in ms, s, m, h or d, such as 30m"],
    ),
    "a relative path": (
        'path = "/health"',
        'path = "health"',
        ["hhctl.toml:30: smoke[0].path: 'health' is not a path that starts with '/', of printable ASCII"],
    ),
    "a path that no request can name": (
        'path = "/health"',
        'path = "/\u00fcberblick"',
        ["hhctl.toml:30: smoke[0].path: '/\u00fcberblick' is not a path that starts with '/', of printable ASCII"],
    ),
    "a status that HTTP lacks": (
        'path = "/health"',
        'path = "/health"\nstatus = 99',
        ["hhctl.toml:31: smoke[0].status: 99 is not an HTTP status from 100 to 599"],
    ),
    "several faults at once": (
        'error_rate = "0.5%"\np95 = "1000ms"',
        "error_rate = 1\np95 = 1",
        [
            "hhctl.toml:33: objectives.error_rate: 1 is not a percentage from 0% to 100%, such as 1%",
            "hhctl.toml:34: objectives.p95: 1 is not a duration in ms, s, m, h or d, such as 30m",
        ],
    ),
    "no TOML": (
        'context = "east"',
        "context = east",
        ["hhctl.toml: is no TOML in UTF-8: Invalid value (at line 2, column 11)"],
    ),
}


@pytest.mark.parametrize(("old", "new", "problems"), INVALID.values(), ids=INVALID)
def test_a_problem_names_line_key_and_what_is_allowed(valid: str, tmp_path: Path, old: str, new: str, problems: list[str]) -> None:
    assert old in valid
    assert _problems(tmp_path, valid.replace(old, new, 1)) == problems


INVALID_FREEZES = {
    "a stack that is none, in a list over several lines": (
        '"global"',
        '"globe"',
        ["hhctl.toml:45: freeze[0].stacks[1]: 'globe' is not a stack: staging, dr, prod, global"],
    ),
    "a time without an offset": (
        "2031-01-02T08:00:00Z",
        "2031-01-02T08:00:00",
        ["hhctl.toml:50: freeze[0].ends: 2031-01-02T08:00:00 is not a date and time with an offset, such as 2030-12-20T18:00:00Z"],
    ),
    "a date": (
        "2031-01-02T08:00:00Z",
        "2031-01-02",
        ["hhctl.toml:50: freeze[0].ends: 2031-01-02 is not a date and time with an offset, such as 2030-12-20T18:00:00Z"],
    ),
    "an end before the beginning": (
        "2031-01-02",
        "2030-01-02",
        ["hhctl.toml:43: freeze[0]: ends must come after begins"],
    ),
}


@pytest.mark.parametrize(("old", "new", "problems"), INVALID_FREEZES.values(), ids=INVALID_FREEZES)
def test_a_freeze_names_what_is_wrong_with_it(valid: str, tmp_path: Path, old: str, new: str, problems: list[str]) -> None:
    assert _problems(tmp_path, valid + FREEZE.replace(old, new)) == problems


def test_an_empty_file_lacks_everything_in_one_go(tmp_path: Path) -> None:
    assert _problems(tmp_path, "") == [
        *(f"hhctl.toml: stacks.{stack}: missing; allowed: a table" for stack in STACKS),
        "hhctl.toml: regions: missing; allowed: a table",
        "hhctl.toml: stacks: missing; allowed: a table",
        "hhctl.toml: objectives: missing; allowed: a table",
        "hhctl.toml: smoke: missing; allowed: a list",
        "hhctl.toml: contacts: missing; allowed: a list",
    ]


def test_a_file_that_is_no_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "hhctl.toml").write_bytes(b"\xff")
    with pytest.raises(SpecInvalid, match=r"hhctl\.toml: is no TOML in UTF-8: "):
        load_spec(tmp_path, {"XDG_CONFIG_HOME": str(tmp_path)})


def test_no_file_at_all_is_named(home: Path) -> None:
    with pytest.raises(SpecInvalid) as invalid:
        load_spec(home, {"XDG_CONFIG_HOME": str(home)})
    assert str(invalid.value) == f"{home / 'hhctl.toml'}: there is none here, in a folder above or in the user's configuration"


def test_a_fault_in_the_users_own_file_names_that_file(valid: str, tmp_path: Path, home: Path) -> None:
    own = home / "hhctl" / "hhctl.toml"
    own.parent.mkdir()
    own.write_text('[regions.us-east-1]\naws_endpoint = "here"\n')
    (tmp_path / "hhctl.toml").write_text(valid)
    with pytest.raises(SpecInvalid) as invalid:
        load_spec(tmp_path, {"XDG_CONFIG_HOME": str(home)})
    assert str(invalid.value) == f"{own}:2: regions.us-east-1.aws_endpoint: 'here' is not a URL with http:// or https://"


def test_a_variable_that_is_wrong_is_named(valid: str, tmp_path: Path) -> None:
    assert _problems(tmp_path, valid, HHCTL_PROMETHEUS_US_EAST_1="nine") == [
        "HHCTL_PROMETHEUS_US_EAST_1: regions.us-east-1.prometheus: 'nine' is not a URL with http:// or https://"
    ]
