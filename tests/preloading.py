"""The process behind `preloaded.py`: it has loaded the product but for its commands, and forks a child for each call.

A child is given the words, the environment, the working folder and the standard streams that a process of its own would have,
and runs `python -m directca` from its first line to the interpreter's end. It loads the commands itself: what they set up when
they are loaded, such as memory that a server's processes share, is each one's own.
"""

import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from typing import Any

LOADED = (
    "directca.app",
    "directca.db.postgresql",
    "directca.pki.lints.pkilint_judges",
    "directca.responders.ocsp_process",
    "directca.responders.status_files",
    "directca.responders.status_metrics",
    "directca.rooms",
    "directca.vetting.dns_lookup",
    "typer",
)
LONGEST_CALL = 1 << 17
_STREAMS = 3
_MOST_DESCRIPTORS = 1024


def main(line: socket.socket) -> None:
    """Serve until the other end of the line is closed. In a child this returns, or raises, as the program does."""
    loading = importlib.import_module("directca.cli.loading").loading
    with loading():
        for name in LOADED:
            importlib.import_module(name)
    heard, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    told_of: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([line, heard], [], [])
        if heard in ready:
            os.read(heard, _MOST_DESCRIPTORS)
            tell_of_the_ended(told_of)
        if line in ready:
            message, streams, _, _ = socket.recv_fds(line, LONGEST_CALL, _STREAMS)
            if not message:
                return
            output, errors, told = streams
            pid = os.fork()
            if pid == 0:
                run(json.loads(message), line, output, errors)
                return
            told_of[pid] = told
            os.close(output)
            os.close(errors)


def tell_of_the_ended(told_of: dict[int, int]) -> None:
    """Write the exit code of each child that has ended, or the negative of the signal that ended it, to whoever waits for it."""
    while told_of:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        told = told_of.pop(pid)
        os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(told)


def run(call: dict[str, Any], line: socket.socket, output: int, errors: int) -> None:
    """Become `directca …`, in a session of its own if that is asked for."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if call["session"]:
        os.setsid()
    line.send(str(os.getpid()).encode())  # by now a signal to its group reaches it
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, output, errors)):
        os.dup2(stream, number)
    line.detach()
    os.closerange(_STREAMS, _MOST_DESCRIPTORS)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.argv[1:] = call["words"]
    runpy.run_module("directca", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
