"""Worker processes: each one serves the whole HTTP application on the socket that the parent opened."""

import faulthandler
import gc
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import anyio.to_thread
import prometheus_client.values
import structlog
import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import mark_process_dead
from starlette.types import ASGIApp, Receive, Scope, Send

from directca import app, watch
from directca.api.draining import Draining
from directca.api.metrics import Metrics
from directca.api.protocol import BoundedProtocol
from directca.api.ready import Ready
from directca.cli.accepting import BalancedServer, Shares
from directca.cli.tracing import ProcessTraces, traces_of
from directca.responders.ocsp import PATH as OCSP_PATH
from directca.responders.ocsp_process import ocsp_edge
from directca.responders.status_files import StatusEdge, StatusFiles
from directca.responders.status_metrics import StatusMetrics
from directca.rooms import Authority
from directca.sections import ServerSettings

_LOG = structlog.get_logger("directca.worker")
_forget_metrics_of: Callable[[int, str], None] = mark_process_dead
_KEEP_ALIVE_SECONDS = 15
_GRACE_SECONDS = 10
_RESTART_SECONDS = 1.0
_GARBAGE_THRESHOLDS = (20_000, 20, 50)
_SWITCH_SECONDS = 0.0005
"""How long a thread may keep others from running Python: the one that waits may be the writer whom both processes wait for."""
_STILL_LOOKS, _SAYING_LOOKS = 150, 5
"""Half a minute, and a second: the parent looks five times a second."""
_SAY_WHERE = signal.SIGUSR2
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@dataclass
class _Alive:
    """A worker that runs: its place among the workers, since when on the monotonic clock, at how many looks it stood still."""

    place: int
    since: float
    beats: int = -1
    still: int = 0


class Workers:
    """The processes, started by fork: what the parent has loaded (keys, libraries) is theirs at no cost."""

    def __init__(self, authority: Authority, listening: socket.socket, count: int) -> None:
        self._authority = authority
        self._socket = socket.socket(fileno=os.dup(listening.fileno()))
        self._count = count
        self._alive: dict[int, _Alive] = {}
        self._vacant: set[int] = set()
        self._shares = Shares(count)
        self._traces = traces_of(authority.settings.tracing, app.VERSION)
        self._draining = Draining()
        # The parent alone holds the writing end: a worker reads the end of the pipe when its parent is no more.
        self._parent_ended, self._parent_lives = os.pipe()
        self.metrics_folder = Path(tempfile.mkdtemp(prefix="directca-metrics-"))

    def start(self) -> None:
        """Start all of them."""
        for place in range(self._count):
            self._fork(place)

    def replace_dead(self) -> None:
        """Start a worker for each that died; one that dies at once is not replaced faster than once a second."""
        for pid, alive in list(self._alive.items()):
            ended, code = os.waitpid(pid, os.WNOHANG)
            if ended == 0:
                continue
            del self._alive[pid]
            self._vacant.add(alive.place)
            _LOG.error("a worker died and is replaced", pid=pid, status=code)
            self._shares.report(alive.place, 0)
            _forget_metrics_of(pid, str(self.metrics_folder))
            if time.monotonic() - alive.since < _RESTART_SECONDS:
                time.sleep(_RESTART_SECONDS)
        for place in sorted(self._vacant):
            self._fork(place)  # may raise, where there is no process to be had: the place is filled at the next look
            self._vacant.discard(place)

    def end_still(self) -> None:
        """End each worker whose event loop has stood still for so many looks: what it has taken nobody would ever answer.

        To be called as often as `replace_dead`. Looks are counted and no seconds, so that a machine that was asleep ends nobody.
        """
        for pid, alive in self._alive.items():
            beats = self._shares.beats(alive.place)
            alive.still = alive.still + 1 if beats == alive.beats else 0
            alive.beats = beats
            if alive.still == _STILL_LOOKS:
                _LOG.error("a worker stands still; it says below where, and is ended", pid=pid)
                _signal(pid, _SAY_WHERE)
            elif alive.still == _STILL_LOOKS + _SAYING_LOOKS:
                _signal(pid, signal.SIGKILL)

    def drain(self) -> None:
        """Let balancers and clients know that this server is about to end."""
        self._draining.begin()

    def stop(self) -> None:
        """Ask all to finish what they are doing, and end those that do not."""
        self._socket.close()  # who comes now is refused at once, instead of waiting for a worker that takes nobody
        for pid in self._alive:
            _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS + 2
        for pid in list(self._alive):
            while os.waitpid(pid, os.WNOHANG)[0] == 0:
                if time.monotonic() > deadline:
                    _signal(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    break
                time.sleep(0.02)
        self._alive.clear()
        os.close(self._parent_ended)
        os.close(self._parent_lives)
        shutil.rmtree(self.metrics_folder, ignore_errors=True)

    def _server(self, config: uvicorn.Config, place: int) -> BalancedServer:
        return BalancedServer(config, self._socket, self._shares, place, self._draining)

    def _fork(self, place: int) -> None:
        # Also when a dead worker is replaced: SQLite in the child would take the parent's open connections for locks that it
        # holds, and the next process to close the database would remove the log under the child's hands
        # (https://www.sqlite.org/howtocorrupt.html, 2.6).
        self._authority.database.close()
        pid = os.fork()
        if pid:
            self._alive[pid] = _Alive(place, time.monotonic())
            return
        code = 1
        try:
            os.close(self._parent_lives)
            threading.Thread(target=_end_after, args=(self._parent_ended,), daemon=True).start()
            traces = self._traces() if self._traces is not None else None
            _serve(self._authority, self.metrics_folder, self._draining, traces, lambda config: self._server(config, place))
            code = 0
        finally:
            # Not sys.exit: the parent's frames below must not run in the child.
            os._exit(code)


def say_where_when_asked(to: TextIO) -> None:
    """When the parent asks, let every thread of this process write where it is: names of functions and no values."""
    faulthandler.register(_SAY_WHERE, to)


def _end_after(parent_ended: int) -> None:
    """End this worker in order once its parent is gone: nobody would do periodic work, and the next start needs the port."""
    os.read(parent_ended, 1)
    _LOG.error("the parent process died, so this worker ends", pid=os.getpid())
    _signal(os.getpid(), signal.SIGTERM)


def _serve(
    authority: Authority,
    metrics_folder: Path,
    draining: Draining,
    traces: ProcessTraces | None,
    server_of: Callable[[uvicorn.Config], uvicorn.Server],
) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.stderr is not None:
        say_where_when_asked(sys.stderr)
    os.environ[METRICS_VARIABLE] = str(metrics_folder)
    # Chosen by the library at import, before a folder was known: values that the parent can read.
    # Which process this is, is asked at each count; told once, it needs no word from the system.
    this = os.getpid()
    prometheus_client.values.ValueClass = prometheus_client.values.MultiProcessValue(lambda: this)  # type: ignore[no-untyped-call]  # untyped library
    server = authority.settings.server
    metrics = Metrics(CollectorRegistry())
    watch.tell(metrics.work.told)
    ocsp = ocsp_edge(authority.ocsp, metrics.registry, threads=authority.settings.cores_per_worker)
    files = StatusEdge(
        StatusFiles.of(authority.revocation, authority.entries.values()), StatusMetrics(metrics.registry, authority.entries)
    )
    application = ocsp.before(files.before(app.asgi(authority, metrics, traces, draining)))
    ocsp.start()
    # What is loaded by now lives as long as the process: the collector need not walk it again in the midst of requests.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_SECONDS)
    ready = Ready(OCSP_PATH.encode(), ocsp.ready)
    server_of(listener(_with_threads(application, server.threads), server, ready)).run()
    ocsp.stop()
    if traces is not None:
        traces.stop()
    authority.database.close()


def listener(application: ASGIApp, server: ServerSettings, ready: Ready | None = None) -> uvicorn.Config:
    """How a worker listens: bounded, silent, and believing nobody about where a request comes from but the named proxies."""
    return uvicorn.Config(
        application,
        http=BoundedProtocol if ready is None else BoundedProtocol.giving(ready),
        loop="uvloop",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Without a trusted proxy no forwarded header is believed, whatever the environment says (RFC 9700 4.13).
        proxy_headers=bool(server.trusted_proxies),
        forwarded_allow_ips=list(server.trusted_proxies),
        limit_concurrency=server.connections,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=1024,
    )


def _with_threads(application: ASGIApp, threads: int) -> ASGIApp:
    """Bound the pool in which verbs run: more threads than that only wait for one another."""
    bounded = False

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal bounded
        if not bounded:
            anyio.to_thread.current_default_thread_limiter().total_tokens = threads
            bounded = True
        await application(scope, receive, send)

    return serve


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
