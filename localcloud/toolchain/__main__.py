"""Build the toolchain and nothing else, as `make test` does before its tests start their clocks.

python -m localcloud.toolchain
"""

from __future__ import annotations

import sys

from automation.errors import Cancelled, ExitCode, HhctlError
from automation.failures import tell_failure
from automation.options import Options
from localcloud import toolchain


def main() -> ExitCode:
    """Have every pinned program in the cache; the exit code of hhctl's own commands."""
    try:
        toolchain.ensure(toolchain.progress_on_stderr())
    except KeyboardInterrupt:
        fault: HhctlError = Cancelled("cancelled; what was built stays", hint="the same command goes on from there")
    except HhctlError as failed:
        fault = failed
    else:
        return ExitCode.DONE
    tell_failure(fault, Options())
    return fault.code


if __name__ == "__main__":
    sys.exit(main())
