"""A `go` that builds nothing: it says and does what a test wants, by files in its folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.toolchain.pins import GoModule, ProgramPin

if TYPE_CHECKING:
    from pathlib import Path

_SCRIPT = """\
#!/bin/sh
home=$(dirname "$0")
step=$1
case " $* " in *" -o "*) step=link ;; esac
case $step in
version) echo "go version go$(cat "$home/version") linux/amd64"; exit ;;
env) echo "$home/modules"; exit ;;
list) for program in first second; do printf 'needs-%s\\ttrue\\t\\nexample.com/%s\\ttrue\\tneeds-%s\\n' $program $program $program; done ;;
build) step=compile; echo needs-first >&2; echo needs-second >&2 ;;
esac
for output; do :; done  # the last argument is the package
echo "$step $output" >> "$home/calls"
if [ -e "$home/hold-$step" ]; then
  echo $$ > "$home/holding.draft"
  mv "$home/holding.draft" "$home/holding"
  while [ -e "$home/hold-$step" ]; do sleep 0.02; done
fi
if [ -e "$home/fail-$step" ]; then cat "$home/fail-$step" >&2; exit 1; fi
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then printf '#!/bin/sh\\necho made\\n' > "$2"; chmod 755 "$2"; fi
  shift
done
"""


@dataclass(frozen=True)
class FakeGo:
    """The folder of a fake `go`; put it on PATH."""

    folder: Path

    def say_version(self, version: str) -> None:
        (self.folder / "version").write_text(version)

    def fail(self, step: str, words: str) -> None:
        """Let `list`, `compile` or `link` end with exit code 1 and these words."""
        (self.folder / f"fail-{step}").write_text(words)

    def mend(self, step: str) -> None:
        (self.folder / f"fail-{step}").unlink()

    def hold(self, step: str) -> None:
        """Let a step stand still until it is released."""
        (self.folder / f"hold-{step}").touch()

    def release(self, step: str) -> None:
        (self.folder / f"hold-{step}").unlink()

    @property
    def holding(self) -> int | None:
        """The id of the process that stands still."""
        path = self.folder / "holding"
        return int(path.read_text()) if path.exists() else None

    @property
    def calls(self) -> list[str]:
        """The steps that were asked for, each with its last argument."""
        return (self.folder / "calls").read_text().splitlines()


def make_fake_go(folder: Path) -> FakeGo:
    folder.mkdir()
    program = folder / "go"
    program.write_text(_SCRIPT)
    program.chmod(0o755)
    fake = FakeGo(folder)
    fake.say_version("1.99.0")
    return fake


def pins_of(folder: Path) -> tuple[ProgramPin, ProgramPin]:
    """Two programs of a tools-only module that only a fake go can build."""
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text("module tools\n\ngo 1.26.0\n\nrequire (\n\texample.com/first v1.0.0\n\texample.com/second v2.0.0\n)\n")
    (folder / "go.sum").write_text("")
    module = GoModule(folder, tags="none", downloads=1)
    return (
        ProgramPin("first", module, "example.com/first", "example.com/first"),
        ProgramPin("second", module, "example.com/second", "example.com/second"),
    )


def path_with(*folders: Path) -> str:
    """A PATH that has these folders and what a shell script needs, but no other go."""
    return os.pathsep.join((*map(str, folders), "/usr/bin", "/bin"))
