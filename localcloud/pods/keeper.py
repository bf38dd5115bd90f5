"""`python -I -S keeper.py LOG ENDED MARK COMMAND…`: keep one container's process, its output into LOG, its end into ENDED.

It goes into the background and outlives the node agent, as a container outlives its kubelet; it prints its own process id and the
container's. Whatever the container starts, in whatever session, stays below it and ends with the container's process. LOG is in CRI's
format, as `kubectl logs` wants it. It imports little, since there is one of it a container.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import time

_MARK = "HHCTL_LOCAL_PART"
_READ = 65536
_LONGEST_LINE = 16384  # bytes; a longer one is written in pieces, as a container runtime does
_LOG_LIMIT = 10 * 1024 * 1024  # bytes, as a kubelet's default
_CANNOT_START = 128  # the exit code by which a container runtime says so
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
_MOST_EXPENDABLE = "1000"
_END_WITHIN, _LOOK_AGAIN = 10.0, 0.005  # seconds
_POLL_IN = select.POLLIN | select.POLLHUP


def main(arguments: list[str]) -> None:
    """Run the command to its end. The calling process returns as soon as the command runs."""
    log, ended, mark, *command = arguments
    if os.fork():
        os._exit(0)
    os.setsid()
    ctypes.CDLL(None).prctl(_SUBREAPER, *map(ctypes.c_ulong, (1, 0, 0, 0)))
    outputs = [os.pipe(), os.pipe()]
    try:
        pid = _spawn(command, mark, outputs[0][1], outputs[1][1])
    except OSError as error:
        _say(f"{os.getpid()} 0")
        _write_end(ended, _CANNOT_START, f"{command[0]}: {error.strerror}")
        return
    for _, write in outputs:
        os.close(write)
    _say(f"{os.getpid()} {pid}")
    status = _follow(pid, {outputs[0][0]: Stream("stdout"), outputs[1][0]: Stream("stderr")}, Log(log))
    code = os.waitstatus_to_exitcode(status)
    _write_end(ended, code if code >= 0 else 128 - code, "")


def _spawn(command: list[str], mark: str, output: int, errors: int) -> int:
    """Start the command in a session of its own; what Python has set for itself is not handed on.

    Where memory runs out, the kernel kills it and what it starts before anything else of the machine.
    """
    actions = [(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, errors, 2)]
    environment = {**os.environ, _MARK: mark}
    signals = [signal.SIGPIPE, signal.SIGXFSZ]
    own = _expendable(_MOST_EXPENDABLE)
    try:
        return os.posix_spawnp(command[0], command, environment, file_actions=actions, setsid=True, setsigdef=signals)
    finally:
        _expendable(own)


def _expendable(score: str) -> str:
    """Set this process's `oom_score_adj`, which children inherit; what it was. Everybody may raise it, and take that back."""
    try:
        with open("/proc/self/oom_score_adj", "r+") as file:  # noqa: PTH123 - pathlib costs a megabyte a container
            before = file.read()
            file.write(score)
    except OSError:
        return ""
    return before


def _say(ids: str) -> None:
    """Tell the agent, and let go of what it gave: it waits for the end of this output."""
    os.write(1, ids.encode())
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)


class Stream:
    """One of the two outputs: its name in the log and the line that is not whole yet."""

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._begun = b""

    def lines(self, data: bytes) -> bytes:
        """The CRI lines that `data` completes."""
        *whole, self._begun = (self._begun + data).split(b"\n")
        head = _now() + b" " + self._name
        entries: list[bytes] = []
        for line in whole:
            last = _cut(head, line, entries)
            entries.append(head + b" F " + last + b"\n")
        self._begun = _cut(head, self._begun, entries)
        return b"".join(entries)

    def rest(self) -> bytes:
        """What was written last without the end of a line."""
        return self.lines(b"\n") if self._begun else b""


def _cut(head: bytes, text: bytes, entries: list[bytes]) -> bytes:
    """Write what is too long for one line as pieces; what is left of it."""
    while len(text) > _LONGEST_LINE:
        entries.append(head + b" P " + text[:_LONGEST_LINE] + b"\n")
        text = text[_LONGEST_LINE:]
    return text


class Log:
    """The log file; once it is full it is put aside, and the one put aside before is lost."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._open()

    def write(self, lines: bytes) -> None:
        """Append whole lines. A full disk loses lines; it stops no container."""
        if self._size > _LOG_LIMIT:
            os.close(self._file)
            os.replace(self._path, f"{self._path}.rotated")  # noqa: PTH105 - pathlib costs a megabyte a container
            self._open()
        try:
            self._size += os.write(self._file, lines)
        except OSError:
            return

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._file).st_size


def _follow(pid: int, streams: dict[int, Stream], log: Log) -> int:
    """Write down what comes until the process has ended and all it said is written; its wait status."""

    def reap(_number: int, _frame: object) -> None:
        _reap_orphans(pid)

    signal.signal(signal.SIGCHLD, reap)
    _reap_orphans(pid)
    end = os.pidfd_open(pid)
    poll = select.poll()
    for source in (end, *streams):
        poll.register(source, _POLL_IN)
    for source in streams:
        os.set_blocking(source, False)
    while end not in (ready := [source for source, _ in poll.poll()]):
        for source in ready:
            if not _pass_on(source, streams[source], log):
                poll.unregister(source)
    status = _end_all(pid)
    for source, stream in streams.items():
        while _pass_on(source, stream, log):
            pass
        if rest := stream.rest():
            log.write(rest)
    return status


def _pass_on(source: int, stream: Stream, log: Log) -> bool:
    """Write some of what there is to read; False when there is nothing."""
    try:
        data = os.read(source, _READ)
    except BlockingIOError:
        return False
    if lines := stream.lines(data):
        log.write(lines)
    return bool(data)


def _end_all(pid: int) -> int:
    """Kill what the container's process has started and left behind, as everything in a container ends with it; its wait status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.killpg(pid, signal.SIGKILL)  # not waited for yet, it is still there to be found
    status = os.waitpid(pid, 0)[1]
    _end_orphans()
    return status


def _reap_orphans(pid: int) -> None:
    """Take note of orphans that have ended, so that none stays as a zombie; the container's own process is left."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid == pid:
            return
        os.waitpid(ended.si_pid, 0)


def _end_orphans() -> None:
    """Kill all children, and theirs, which become children as their parents end. One that cannot be killed holds nothing up for long."""
    until = time.monotonic() + _END_WITHIN
    while time.monotonic() < until:
        for child in _children():
            _kill(child)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_LOOK_AGAIN)


def _kill(child: int) -> None:
    try:
        os.kill(child, signal.SIGKILL)
    except OSError:  # it has taken on another user
        return


def _children() -> list[int]:
    own = os.getpid()
    try:
        with open(f"/proc/{own}/task/{own}/children") as file:  # noqa: PTH123 - pathlib costs a megabyte a container
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def _now() -> bytes:
    """The time as CRI writes it: RFC 3339 with nanoseconds, in UTC."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds:09}Z".encode()


def _write_end(path: str, code: int, message: str) -> None:
    """Say how it ended, whole or not at all."""
    draft = f"{path}.draft"
    with open(draft, "w") as file:  # noqa: PTH123 - pathlib costs a megabyte a container
        json.dump({"code": code, "message": message, "finished": time.time()}, file)
    os.replace(draft, path)  # noqa: PTH105 - likewise


if __name__ == "__main__":
    main(sys.argv[1:])
