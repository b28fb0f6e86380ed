"""The engine's port: transactions, and what else every engine does for the authority.

A verb opens `with database.write() as tx` and passes `tx` to the stores: everything in the block commits together or not at
all, and no other writer changes anything in between. `sqlite.py` and `postgresql.py` implement it; rooms know only this.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from directca.db.errors import DatabaseBusy, DatabaseUnusable
from directca.db.trouble import Trouble
from directca.db.writers import Writers

Tx = Connection
"""An open transaction: what every store function takes first."""

Answer = TypeVar("Answer")
Mark = tuple[int, ...]
"""Numbers that only grow: how far a database has come, as far as it matters to a question."""

STANDBY = "standby"
STANDBY_OUTCOMES = ("answered", "behind", "failed", "left_alone")
"""What becomes of a question that a standby may answer, for whoever watches; the primary answers all but the first."""

_LONGEST_WAIT = 5.0
"""For how many seconds a change may wait before this process says that it cannot write."""

_MOMENT = 1.0
"""How many seconds whoever asks whether this process can write is let wait for the answer."""

BUSY_TIMEOUT_MS = 10_000
"""How long one writer waits for another before it gives up, in milliseconds."""


class ChangeMark(Protocol):
    """Whether anything was committed since a moment, found out quickly. For one thread at a time."""

    def read(self) -> int | None:
        """A number that is another one after each commit of whatever process that changes the status of a certificate, a list,
        a responder or the kill switch; None when it cannot be told, and anything may have changed. Never waits."""

    def close(self) -> None:
        """Give back what it holds."""


class Database(ABC):
    """A database of the authority, shared by the threads of a process and by several processes.

    Every method raises `DatabaseUnusable` when it cannot be reached or is not sound, and `DatabaseBusy` when others have it for
    longer than `BUSY_TIMEOUT_MS`.
    """

    def __init__(self, name: str, writers: Writers) -> None:
        self.name = name
        """How messages call it; holds no password."""
        self._writers = writers
        self._trouble = Trouble()
        self._mutex = threading.Lock()
        self._trial: Future[None] | None = None

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that may change things. It is durable when the block has ended, and undone when the block raises.

        Writers that wait for one another may share a commit; none of them returns before it.
        """
        try:
            with self._translated(), self._writers.block(BUSY_TIMEOUT_MS / 1000) as tx:
                yield tx
        except DatabaseUnusable:
            self._trouble.was_unusable()
            raise
        except DatabaseBusy:
            self._trouble.came_to_nothing()
            raise
        self._trouble.was_taken()

    def check_writing(self) -> None:
        """Raise `DatabaseUnusable` or `DatabaseBusy` if the last change came to nothing and one still does, or if one waits too
        long for its turn or for its commit, as for a standby that is not there. Takes a moment at most.

        What came to nothing may have been a change of any process of the server; who waits is of this one.

        On a full disk small changes may still find room where others find none. So a database that was unusable is so until a
        trial, which needs room, says otherwise.
        """
        waits = self._writers.waits()
        if waits > _LONGEST_WAIT:
            raise DatabaseUnusable(
                f"The database {self.name} takes no changes: one has been waiting for {waits:.0f} seconds. "
                "Look at its disk, and at the standby that its commits wait for."
            )
        if self._trouble:
            self._try_writing()

    def _try_writing(self) -> None:
        """Whoever asks waits for a moment only, and all who ask for one trial: it may have to wait as long as any change."""
        with self._mutex:
            if self._trial is None or self._trial.done():
                thread = ThreadPoolExecutor(1, thread_name_prefix="directca trial")
                self._trial = thread.submit(self._change_nothing)
                thread.shutdown(wait=False)  # it ends with its only work
            trial = self._trial
        try:
            trial.result(_MOMENT)
        except TimeoutError as error:
            raise DatabaseUnusable(f"The database {self.name} takes no changes: one that only tries is waiting, too.") from error

    def _change_nothing(self) -> None:
        begun = self._trouble.moment()
        with self.write() as tx:
            self._touch(tx)
        self._trouble.overcome(begun)

    @abstractmethod
    def read(self) -> AbstractContextManager[Tx]:
        """A transaction that sees one consistent moment and changes nothing."""

    def look(self, work: Callable[[Tx], Answer]) -> Answer:
        """What `work` reads with one statement, which is a moment by itself; it changes nothing and may be called twice."""
        with self.read() as tx:
            return work(tx)

    def ask(self, work: Callable[[Tx], Answer], mark: Callable[[Tx], Mark]) -> Answer:
        """What `work` reads, which changes nothing, may be called twice, and may be answered by a standby that has come as far as
        the database itself, by what `mark` reads from both. Nothing that anybody was told before is missing in it."""
        with self.read() as tx:
            return work(tx)

    @abstractmethod
    def scan(self) -> AbstractContextManager[Tx]:
        """A `read` for very many rows, each looked at once: little of the database stays in this process's memory, and what must
        be sorted is sorted in a file."""

    @abstractmethod
    def confirm(self) -> None:
        """Return once all that a read has shown is as durable as what a write has changed. To be called before an answer that
        promises something is given from a read: a server that was restarted shows what no standby may have yet.
        """

    @abstractmethod
    def changes(self, *, at_once: bool) -> ChangeMark:
        """A new mark of this database. With `at_once` its number is another one as soon as a commit has returned to whoever made
        it; without, a moment later, two seconds at most."""

    @abstractmethod
    def check(self, *, whole_up_to: int | None = None) -> None:
        """Raise `DatabaseUnusable` unless the database is sound, as far as it can be told.

        Of one of more than `whole_up_to` bytes only what is quick is looked at, so that a start takes no longer with years of
        records than without. Otherwise everything may be read: not for hot paths.
        """

    @abstractmethod
    def older_nodes(self, tx: Tx, floor: str) -> tuple[str, ...]:
        """Who else uses the database now with a release from before a step of the schema, as messages call them.

        Asked at the end of the transaction that changes the schema: whoever comes after it finds the new one.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back every connection. The database may be used again afterwards, by a forked process too."""

    @abstractmethod
    def _touch(self, tx: Tx) -> None:
        """Change something that nobody reads, so that a commit has to reach the disk. It needs room, as a change does."""

    @abstractmethod
    def _translated(self) -> AbstractContextManager[None]:
        """Turn the driver's words into ours, where the operator is the one to act."""
