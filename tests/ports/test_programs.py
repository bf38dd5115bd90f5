"""Programs that a run acts through, and a terminal's Ctrl-C, which goes to all of a group of processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from pods.programs import until

if TYPE_CHECKING:
    from pathlib import Path

RUN = """
from automation.interrupts import TerminalInterrupts
from automation.session import finishing

interrupts = TerminalInterrupts()
with interrupts.watched():
    ran = finishing(30).run(["sh", "-c", "touch begun; sleep 1; echo whole"])
print(ran.code, ran.out.strip(), interrupts.presses)
"""


def test_one_ctrl_c_in_a_terminal_lets_what_a_run_acts_through_come_to_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        until((tmp_path / "begun").exists, within=60)
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert out.split() == ["0", "whole", "1"]
