from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from automation.errors import ExitCode

if TYPE_CHECKING:
    from tests.cli.conftest import Hhctl

FAILURES = [code for code in ExitCode if code is not ExitCode.DONE]


@pytest.mark.parametrize("code", FAILURES, ids=lambda code: code.name)
def test_a_failure_is_one_line_on_stderr_and_its_exit_code(trouble: Hhctl, code: ExitCode) -> None:
    answer = trouble("trouble", "fail", str(int(code)))
    assert (answer.code, answer.out, answer.err) == (code, "", "hhctl: the dam has burst; next: hhctl dam mend\n")


@pytest.mark.parametrize("code", ExitCode, ids=lambda code: code.name)
def test_what_a_command_answers_is_the_exit_code(trouble: Hhctl, code: ExitCode) -> None:
    assert trouble("trouble", "answer", str(int(code))).code == code


@pytest.mark.parametrize(("output", "parse"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_a_failure_is_one_document_where_documents_are_asked_for(trouble: Hhctl, output: str, parse: type) -> None:
    answer = trouble("trouble", "fail", "12", "-o", output)
    assert (answer.code, answer.err) == (12, "")
    assert parse(answer.out) == {
        "apiVersion": "hhctl/v1",
        "kind": "Error",
        "code": 12,
        "message": "the dam has burst",
        "hint": "hhctl dam mend",
    }


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["versoin"], "no such command 'versoin'; next: hhctl version"),
        (["local", "statsu"], "no such command 'statsu'; next: hhctl local status"),
        (["quux"], "no such command 'quux'; next: hhctl --help"),
        (["help", "versoin"], "no such command 'versoin'; next: hhctl version"),
        (["version", "--outptu"], "no such option '--outptu'; next: hhctl version --output"),
        (["version", "more"], "got unexpected extra argument (more); next: hhctl version --help"),
        (
            ["deploy", "v1.2.3", "--soak", "9999999999d"],
            "invalid value for '--soak': '9999999999d' is not a duration in ms, s, m, h or d, such as 30m; next: hhctl deploy --help",
        ),
        (["-o"], "option '-o' requires an argument; next: hhctl --help"),
        (["-o", "xml", "version"], "invalid value for '-o' / '--output': 'xml' is not one of 'table', 'json', 'yaml'; next: hhctl --help"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2_and_says_what_to_type(hhctl: Hhctl, line: list[str], says: str) -> None:
    answer = hhctl(*line)
    assert (answer.code, answer.out, answer.err) == (2, "", f"hhctl: {says}\n")


@pytest.mark.parametrize(
    "line",
    [["-o", "json", "quux"], ["quux", "-ojson"], ["version", "--output=json", "more"], ["version", "--quux", "-vo", "json"]],
    ids=" ".join,
)
def test_wrong_usage_is_a_document_wherever_the_line_asks_for_one(hhctl: Hhctl, line: list[str]) -> None:
    answer = hhctl(*line)
    assert (answer.code, answer.err) == (2, "")
    assert json.loads(answer.out)["kind"] == "Error"


def test_ctrl_c_exits_8(trouble: Hhctl) -> None:
    process = subprocess.Popen(
        [*trouble.command, "trouble", "wait"],
        env=dict(trouble.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr
        assert process.stderr.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (8, "", "hhctl: cancelled")


def test_a_defect_is_one_line_that_names_the_file_with_its_traceback(trouble: Hhctl) -> None:
    answer = trouble("trouble", "crash")
    said, file = answer.err.rstrip("\n").split("; next: report it with ")
    assert (answer.code, answer.out, said) == (1, "", "hhctl: defect in hhctl: ZeroDivisionError: no hhctl should do this")
    saved = Path(file)
    assert saved.parent == Path(trouble.environment["XDG_STATE_HOME"]) / "hhctl"
    assert saved.stat().st_mode & 0o777 == 0o600
    assert "Traceback (most recent call last)" in saved.read_text()


def test_verbose_shows_the_traceback_at_once(trouble: Hhctl) -> None:
    assert "Traceback (most recent call last)" in trouble("trouble", "crash", "-v").err


def test_a_defect_is_told_even_where_its_traceback_cannot_be_saved(trouble: Hhctl, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = trouble("trouble", "crash", XDG_STATE_HOME=str(tmp_path / "file"))
    assert answer.code == 1
    assert answer.err.startswith("hhctl: defect in hhctl: ZeroDivisionError: no hhctl should do this (the traceback could not be saved: ")
    assert answer.err.endswith("; next: run it again with -v\n")


def test_a_package_that_is_not_installed_is_named(trouble: Hhctl) -> None:
    answer = trouble("trouble", "unmet")
    assert answer.code == 1
    assert answer.err.startswith("hhctl: unmet needs the Python package nowhere_to_be_had, which is not installed; next: install hhctl")


def test_a_command_whose_own_module_is_gone_is_a_defect(trouble: Hhctl) -> None:
    assert trouble("trouble", "homeless").err.startswith("hhctl: defect in hhctl: ModuleNotFoundError")


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (["version"], 1, "stdout cannot be written: No space left on device"),
        (["help", "exit-codes"], 1, "stdout cannot be written: No space left on device"),
        (["version", "-o", "json"], 1, "stdout cannot be written: No space left on device"),
        (["quux", "-o", "json"], 2, "no such command 'quux'; next: hhctl --help"),
    ],
    ids=["a table", "a long table", "a document", "a failure as a document"],
)
def test_what_a_full_disk_loses_is_told_on_stderr(hhctl: Hhctl, line: list[str], code: int, says: str) -> None:
    with Path("/dev/full").open("w") as full:
        assert _started_with(hhctl, line, stdout=full.fileno()) == (code, f"hhctl: {says}\n")


def test_a_reader_that_has_gone_is_no_news(hhctl: Hhctl) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert _started_with(hhctl, ["help", "exit-codes"], stdout=writing) == (ExitCode.FAILED, "")
    finally:
        os.close(writing)


@pytest.mark.parametrize("line", [["trouble", "fail", "8"], ["trouble", "fail", "10"]], ids=" ".join)
def test_an_exit_code_needs_nobody_who_hears_the_failure(trouble: Hhctl, line: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe, Path("/dev/full").open("w") as full:
        codes = [
            subprocess.run([*trouble.command, *line], stderr=lost, env=trouble.environment, check=False).returncode for lost in (pipe, full)
        ]
    assert codes == [int(line[-1])] * 2


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_one_that_leads_nowhere(trouble: Hhctl, closed: str) -> None:
    line = f'"$@" {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, "sh", *trouble.command, "up", "staging"],
        env=trouble.environment,
        cwd=trouble.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert ("nobody can be asked" in done.stderr) == ("2>" not in closed)


def test_what_is_told_with_stderr_closed_goes_into_no_file_opened_since(tmp_path: Path) -> None:
    code = """import gc, sys
from automation.streams import secure_streams
secure_streams()
gc.collect()
with open(sys.argv[1], "w") as kept:
    print("told", file=sys.stderr)
    print("kept", file=kept)
"""
    kept = tmp_path / "kept"
    done = subprocess.run(["/bin/sh", "-c", '"$@" 2>&-', "sh", sys.executable, "-c", code, str(kept)], check=False)
    assert (done.returncode, kept.read_text()) == (0, "kept\n")


def _started_with(hhctl: Hhctl, line: list[str], *, stdout: int) -> tuple[int, str]:
    environment = dict(hhctl.environment)
    done = subprocess.run([*hhctl.command, *line], stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    return done.returncode, done.stderr
