"""`directca notify`: send what waits for webhooks and people, once or for a while. A server starts it by itself."""

import os
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType
from typing import Annotated

import structlog
import typer

from directca import rooms
from directca.cli import logs, present
from directca.cli.commands import Common, alone, command
from directca.cli.context import opened
from directca.mail.letter import Post
from directca.notices.context import Notices, Webhooks
from directca.notices.deliver import Dispatcher
from directca.notices.errors import NoticesRunning
from directca.notices.follow import follow, give_back
from directca.notices.letters import give_back as give_letters_back
from directca.notices.letters import is_due as letters_due
from directca.notices.letters import send_due
from directca.notices.webhook_model import Delivery

_LOG = structlog.get_logger("directca.notify")
_PAUSE_SECONDS = 0.2
_LETTER_SECONDS = 5.0

app = alone()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyOptions(Common):
    """Options of `notify`."""

    linger: Annotated[int, typer.Option(min=0, max=3600, help="Go on for so many seconds after nothing is left.")] = 0
    passphrase_from_input: Annotated[
        bool,
        typer.Option(
            "--passphrase-from-input", help="Read what opens the secrets of webhooks from standard input, for who supervises it."
        ),
    ] = False


def notify(options: NotifyOptions) -> None:
    """Send what waits for webhooks and people. A server does so by itself."""
    if options.linger:
        logs.set_up()
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with opened(options.data) as desk:
            given = sys.stdin.buffer.readline().strip() if options.passphrase_from_input else None
            passphrase = rooms.webhook_passphrase(desk.settings) if given is None else given
            hooks = rooms.webhooks_of(desk.settings, desk.notices, passphrase)
            tried = _work(hooks, desk.post, f"{socket.gethostname()}:{os.getpid()}", float(options.linger), asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    present.emit({"done": tried}, as_json=options.as_json, human="Nothing is left that could be sent now.")


command(app, "notify", NotifyOptions, notify)


def _work(hooks: Webhooks, post: Post, holder: str, linger: float, asked: list[int]) -> bool:
    """Send until nothing was left for a while, or until somebody asks this process to end; whether anything was sent."""
    dispatcher, letters = Dispatcher(hooks, holder, _broke), Letters(hooks.notices, post, holder)
    ever, since = False, time.monotonic()
    try:
        while not asked:
            busy = _followed(hooks.notices, holder)
            busy = dispatcher.turn(_PAUSE_SECONDS) or busy
            busy = letters.turn() or busy
            if busy:
                ever, since = True, time.monotonic()
            elif time.monotonic() - since >= linger:
                break
            else:
                time.sleep(_PAUSE_SECONDS)
    finally:
        letters.stop()
        dispatcher.stop()
        give_back(hooks.notices, holder)
    return ever


class Letters:
    """Sends letters in a thread of its own: a mail server that is slow holds up no webhook."""

    def __init__(self, notices: Notices, post: Post, holder: str) -> None:
        self._notices = notices
        self._post = post
        self._holder = holder
        self._failed: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._sent = False

    def turn(self) -> bool:
        """Begin to send if something is due and nobody does; whether anybody does. Raises what the sending raised."""
        if self._thread is not None and self._thread.is_alive():
            return True
        self._thread = None
        if self._failed is not None:
            raise self._failed
        if not self._post.is_set or not letters_due(self._notices):
            return False
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()
        return True

    def stop(self) -> None:
        """Wait for the letters that are on their way, and let another process send at once."""
        if self._thread is not None:
            self._thread.join(_LETTER_SECONDS)
        if self._sent:
            give_letters_back(self._notices, self._holder)

    def _send(self) -> None:
        try:
            self._sent = bool(send_due(self._notices, self._post, self._holder)) or self._sent
        except BaseException as error:  # noqa: BLE001  (raised again in the thread that waits)
            self._failed = error


def _followed(notices: Notices, holder: str) -> bool:
    """Make events of what was written meanwhile, unless another process does so at this moment."""
    try:
        return follow(notices, holder) > 0
    except NoticesRunning:
        return False


def _broke(error: Exception, delivery: Delivery) -> None:
    _LOG.error("sending to a webhook broke", webhook=delivery.webhook_id, delivery=delivery.id, exc_info=error)
