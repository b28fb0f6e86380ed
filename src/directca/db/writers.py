"""Writers that wait for one another share a commit, because what a commit costs is mostly the wait for the disk.

A writer that ends its block while another thread of the process waits leaves the transaction open and passes it on; the last
one commits for all, and only then does any of them return. Each later block runs under a savepoint of its own, so a block that
raises undoes its own changes and nobody else's. What one block changed the next one sees, as it would after a commit; and if
the commit fails, it fails for all of them. In a lane of `fibers` whoever begins a transaction first lets the others come to where
they want to write.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from sqlalchemy import Connection

from directca.db.errors import DatabaseBusy
from directca.db.turn import ThreadQueue
from directca.fibers import Place, let_others_first, place
from directca.watch import Timed

_LARGEST_BATCH = 16
"""How many blocks share a commit at most: the first of them waits for all, and so does every other process."""


class Turn(Protocol):
    """Whose turn it is to write among the processes, as far as it is settled before a transaction begins."""

    def take(self, seconds: float) -> None:
        """Return with the turn. Raises DatabaseBusy when another process still has it after so many seconds."""

    def give_back(self) -> None:
        """End the turn."""


class Driver(Protocol):
    """The connection beneath a transaction. What it raises is of its `errors`."""

    @property
    def errors(self) -> type[Exception]:
        """The family of what it raises."""

    @property
    def in_transaction(self) -> bool:
        """Whether the transaction is still open; an engine may have given it up."""

    def begin_block(self) -> None:
        """What is written from now on can be undone by itself."""

    def end_block(self, *, begun: bool) -> None:
        """Let what the block has written be refused now, as far as it may be. It was `begun`, unless it is the first."""

    def undo_block(self) -> None:
        """Undo what was written since the block was begun. After an error nobody knows where a block ends and the next begins."""

    def commit(self) -> None:
        """Make everything durable, or raise."""

    def again(self, failure: BaseException) -> Exception:
        """The failure of a shared commit, for another thread to raise."""


class Batch:
    """One transaction and the blocks in it, which run one after another, each in its own thread."""

    def __init__(self, tx: Connection, driver: Driver) -> None:
        self.tx = tx
        self.driver = driver
        self.blocks = 0
        self.failure: BaseException | None = None
        self._left: list[Place] = []  # where blocks wait that left before the end

    def leave_to_another(self) -> Place:
        """Where a block waits when it leaves the transaction to the next one."""
        mine = place()
        self._left.append(mine)
        return mine

    def end(self) -> None:
        """Tell every block that left."""
        for left in self._left:
            left.tell()


class Writers:
    """The writers of one process. `begin` opens a transaction that holds the write lock; `end` takes its connection back."""

    def __init__(self, turn: Turn, begin: Callable[[], Batch], end: Callable[[Batch], None]) -> None:
        self._queue = ThreadQueue()
        self._turn = turn
        self._begin = begin
        self._end = end
        self._batch: Batch | None = None  # touched by the thread whose turn it is, and by no other
        self._asked_at: float | None = None  # of a turn among processes, or a commit, that has not come yet

    def waits(self) -> float:
        """For how many seconds another process's turn, or the present commit, has been waited for; 0 if none is."""
        asked_at = self._asked_at
        return 0.0 if asked_at is None else time.monotonic() - asked_at

    @contextmanager
    def block(self, seconds: float) -> Iterator[Connection]:
        """Run the block in its turn; durable when this has returned. Raises DatabaseBusy when the turn does not come."""
        deadline = time.monotonic() + seconds
        with Timed("write turn"):
            self._queue.wait(seconds, self._abandon)
            if self._batch is None:
                let_others_first()  # who can write as well: one turn, and one commit, for all of them
            batch = self._batch or self._open(deadline - time.monotonic())
        batch.blocks += 1
        alone = batch.blocks == 1
        try:
            if not alone:
                batch.driver.begin_block()
            yield batch.tx
            batch.driver.end_block(begun=not alone)
        except BaseException as error:
            self._undo(batch, error, alone=alone)
            raise
        ended = self._pass_on(batch)
        if ended is not None:
            ended.wait()
        if batch.failure is not None:
            raise batch.driver.again(batch.failure) from batch.failure

    def _open(self, seconds: float) -> Batch:
        if seconds <= 0:  # in a lane all have waited for the first, which got nothing: one wait is enough
            self._queue.leave()
            raise DatabaseBusy("The database is busy; try again in a few seconds.", retry_after=5)
        self._asked_at = time.monotonic()
        try:
            self._turn.take(seconds)
            try:
                self._batch = batch = self._begin()
            except BaseException:
                self._turn.give_back()
                raise
        except BaseException:
            self._asked_at = None
            self._queue.leave()
            raise
        self._asked_at = None
        return batch

    def _undo(self, batch: Batch, error: BaseException, *, alone: bool) -> None:
        if alone or not batch.driver.in_transaction:
            # Nobody else has written yet; or the engine gave the whole transaction up, as SQLite does when the disk is full.
            batch.failure = error
        elif batch.failure is None:
            with suppress(batch.driver.errors):
                self._undo_block(batch)
        if batch.failure is None:
            self._pass_on(batch)
        else:
            self._close(batch)

    @staticmethod
    def _undo_block(batch: Batch) -> None:
        try:
            batch.driver.undo_block()
        except BaseException as error:
            batch.failure = error
            raise

    def _pass_on(self, batch: Batch) -> Place | None:
        """Leave the transaction to the next writer, and answer what to wait for; without one, or when enough share it, commit."""
        # A transaction that the block itself ended, or the engine, is not one to be left to another.
        open_to_others = batch.blocks < _LARGEST_BATCH and batch.driver.in_transaction and self._queue.somebody_waits()
        ended = batch.leave_to_another() if open_to_others else None
        if ended is not None and self._queue.pass_on():
            return ended
        batch.failure = InterruptedError("the commit was interrupted")
        self._asked_at = time.monotonic()
        try:
            with Timed("commit"):
                batch.driver.commit()
            batch.failure = None
        except batch.driver.errors as error:
            batch.failure = error  # raised by every block that shares the commit
        finally:
            self._close(batch)
        return None

    def _close(self, batch: Batch) -> None:
        self._batch = self._asked_at = None
        try:
            self._end(batch)
        finally:
            try:
                self._turn.give_back()
            finally:
                self._queue.leave()
                batch.end()

    def _abandon(self) -> None:
        """Give away a turn that came to somebody who no longer wants it: the blocks before it wait for their commit."""
        if self._batch is not None:
            self._pass_on(self._batch)
        else:
            self._queue.leave()
