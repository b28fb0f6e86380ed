"""What is said on one connection to PostgreSQL: what needs no answer yet waits for what does, and goes with it.

A way to the server and back takes more time of both sides than most statements do, so what a transaction inserts, and what it
asks beforehand, share the way with what must be answered, or with COMMIT (libpq's pipeline mode). Each statement is prepared
when a connection first says it. Whatever else uses the connection has to `settle` first.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import exc

from directca.db.sqlite_driver import Conflict
from directca.fibers import Wire

_MOST_WAITING = 500
_OPEN = (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR)


@dataclass(eq=False, slots=True)
class Said:
    """A statement with its values as they are sent, and its answer once there is one; or, with `prepares`, the wish to prepare
    it."""

    sql: bytes
    values: Sequence[Any] = ()
    formats: Sequence[pq.Format] = ()
    conflict: Conflict | None = None
    sure: bool = False
    prepares: bool = False
    answer: pq.abc.PGresult | None = field(default=None, init=False)


@dataclass(slots=True)
class _Patience:
    """For how many seconds somebody waits until it does something about it, once; then for as long as it takes."""

    seconds: float | None
    then: Callable[[], None]

    def end(self) -> None:
        """It has waited so long."""
        self.seconds = None
        self.then()


class Line:
    """A connection, and what waits to be said on it. For one thread at a time.

    Raises psycopg's errors; for a rule of the schema that was broken SQLAlchemy's IntegrityError, or what the statement's
    `conflict` makes of it, from whichever call has sent it.
    """

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self.driver = driver
        self._pg = driver.pgconn
        self._transformer = Transformer(driver)
        self._names: dict[bytes, bytes] = {}
        self._waiting: list[Said] = []
        self._left: list[Said] = []
        self._savepoint: Said | None = None
        self._wire = Wire(self._pg.socket)
        driver.prepare_threshold = None  # psycopg would forget what was prepared after each ROLLBACK, and make the server do so

    @property
    def is_open(self) -> bool:
        """Whether a transaction is open."""
        return self._pg.transaction_status in _OPEN

    @property
    def is_asked(self) -> bool:
        """Whether something waits to be said."""
        return bool(self._waiting)

    @property
    def may_be_refused(self) -> bool:
        """Whether something waits of which it is not sure that it breaks no rule."""
        return any(not one.sure for one in self._waiting)

    def later(self, sql: bytes, values: Sequence[Any] = (), conflict: Conflict | None = None, *, sure: bool = False) -> Said:
        """Say it with the next question, or the commit; soon, when very much waits already."""
        if len(self._waiting) >= _MOST_WAITING:
            self.settle()
        if values:
            # As text, which the server reads as the type that belongs there; octets would double their length.
            formats = [PyFormat.BINARY if type(value) is bytes else PyFormat.TEXT for value in values]
            dumped = self._transformer.dump_sequence(values, formats)
            said = Said(sql, dumped, tuple(self._transformer.formats or ()), conflict, sure)
        else:
            said = Said(sql, sure=sure)
        self._waiting.append(said)
        return said

    def answered(self, said: Said) -> pq.abc.PGresult:
        """The answer to what was said; said now, with all that waits, if it was not yet. Raises InFailedSqlTransaction where the
        server skipped it, as whatever comes after a statement that it refused."""
        if said.answer is None:
            self.settle()
        assert said.answer is not None  # it was among what waited, and nothing of that was refused
        if said.answer.status == pq.ExecStatus.PIPELINE_ABORTED:
            raise errors.InFailedSqlTransaction("what was said before it was refused")
        return said.answer

    def ask(self, sql: bytes, values: Sequence[Any] = ()) -> pq.abc.PGresult:
        """Say it now, behind all that waits; its answer."""
        return self.answered(self.later(sql, values))

    def rows(self, answer: pq.abc.PGresult) -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        self._transformer.set_pgresult(answer)
        return self._transformer.load_rows(0, answer.ntuples, tuple)

    def settle(self) -> None:
        """Say what waits."""
        if self._waiting:
            self._exchange()
        elif self._left:
            self.hear()

    def leave(self, sql: bytes) -> None:
        """Say it now without waiting for its answer, which `hear` takes, or whatever is said next. Nothing else may wait."""
        said, self._waiting = [self.later(sql)], []
        self._pg.enter_pipeline_mode()
        self._left = self._send(said)

    def hear(self) -> None:
        """Take the answer to what was left, and whatever else the server has said since. Raises OperationalError when the
        connection is closed."""
        left, self._left = self._left, []
        if left:
            self._finish(left)
        while self._wire.has_come():
            self._pg.consume_input()

    def begin_block(self, savepoint: bytes) -> None:
        """What is said from now on is of one block, and begins with this."""
        self._savepoint = None  # what waits may be said now, and be refused: that of the block before is none of this one's
        self._savepoint = self.later(savepoint, sure=True)

    def forget(self) -> bool:
        """Never say what waits of the block, which is undone. Whether anything of it was said before and is to be undone too.

        Raises OperationalError when the server has not begun it: what was said before it, of another block, was refused.
        """
        begun = self._savepoint
        if begun is not None and begun in self._waiting:
            del self._waiting[self._waiting.index(begun) :]
            return False
        self._waiting.clear()
        if begun is None or begun.answer is None or begun.answer.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError("what came before the block was refused")
        return True

    def roll_back(self) -> None:
        """ROLLBACK; what waits is never said."""
        self._waiting.clear()
        self._savepoint = None
        self.ask(b"ROLLBACK")

    def commit(self, seconds: float, impatient: Callable[[], None]) -> None:
        """COMMIT; `impatient` is called once when the server has not answered after so many seconds, and waited for again."""
        self.later(b"COMMIT")
        answer = self._exchange(_Patience(seconds, impatient))
        if answer.command_status != b"COMMIT":
            raise errors.InFailedSqlTransaction("the transaction is not one that can be committed")

    def _exchange(self, patience: "_Patience | None" = None) -> pq.abc.PGresult:
        """Say what waits, in one breath; the answer to the last of it."""
        if self._left:
            self.hear()
        said, self._waiting = self._waiting, []
        name = self._names.get(said[0].sql) if len(said) == 1 and patience is None else None
        if name is not None:
            return self._exchange_one(name, said[0])
        self._pg.enter_pipeline_mode()
        return self._finish(self._send(said), patience)

    def _finish(self, expected: Sequence[Said], patience: "_Patience | None" = None) -> pq.abc.PGresult:
        """Wait for what was sent; the answer to the last of it."""
        try:
            answer, failure = self._receive(expected, patience)
        except BaseException:
            with suppress(psycopg.Error):  # the connection is lost, or given up by whoever catches this
                self._pg.exit_pipeline_mode()
            raise
        self._pg.exit_pipeline_mode()
        if failure is not None:
            _refuse(*failure)
        return answer

    def _exchange_one(self, name: bytes, said: Said) -> pq.abc.PGresult:
        """Say one thing that is prepared, for which libpq needs no pipeline."""
        self._pg.send_query_prepared(name, said.values, said.formats)
        self._flush()
        answer = self._next_answer()
        assert answer is not None  # there is one to each statement, even where the connection is lost
        said.answer = answer
        while self._next_answer() is not None:
            pass
        if answer.status == pq.ExecStatus.FATAL_ERROR:
            if self._pg.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError(answer.get_error_message())
            _refuse(said, answer)
        return answer

    def _send(self, said: Sequence[Said]) -> list[Said]:
        expected = []
        fresh: dict[bytes, bytes] = {}
        for one in said:
            name = self._names.get(one.sql) or fresh.get(one.sql)
            if name is None:
                name = fresh[one.sql] = b"directca_%d" % (len(self._names) + len(fresh))
                self._pg.send_prepare(name, one.sql)
                expected.append(Said(one.sql, (name,), prepares=True))
            self._pg.send_query_prepared(name, one.values, one.formats)
            expected.append(one)
        self._pg.pipeline_sync()
        self._flush()
        return expected

    def _flush(self) -> None:
        while self._pg.flush():
            self._wire.wait(to_send=True)
            self._pg.consume_input()

    def _receive(
        self, expected: Sequence[Said], patience: "_Patience | None"
    ) -> tuple[pq.abc.PGresult, tuple[Said, pq.abc.PGresult] | None]:
        """The answer to the last of it, and what failed first with its answer: the server skips all that comes after it."""
        failure: tuple[Said, pq.abc.PGresult] | None = None
        answers: list[pq.abc.PGresult] = []
        while len(answers) <= len(expected):  # the last is that to the end of the pipeline
            answer = self._next_answer(patience)
            if answer is None:
                continue  # between the answers to two statements
            if answer.status == pq.ExecStatus.FATAL_ERROR:
                if self._pg.status == pq.ConnStatus.BAD or len(answers) == len(expected):
                    raise psycopg.OperationalError(answer.get_error_message())
                failure = failure or (expected[len(answers)], answer)
            elif len(answers) < len(expected):
                self._note(expected[len(answers)], answer)
            answers.append(answer)
        return answers[-2], failure

    def _next_answer(self, patience: "_Patience | None" = None) -> pq.abc.PGresult | None:
        """Wait for it; None after the last of a statement's."""
        while self._pg.is_busy():
            if patience is None:
                self._wire.wait()
            elif not self._wire.wait(patience.seconds):
                patience.end()
                continue
            self._pg.consume_input()
        return self._pg.get_result()

    def _note(self, said: Said, answer: pq.abc.PGresult) -> None:
        """Keep an answer, which may be that the server skipped it."""
        if not said.prepares:
            said.answer = answer
        elif answer.status == pq.ExecStatus.COMMAND_OK:
            self._names[said.sql] = said.values[0]


def _refuse(said: Said, answer: pq.abc.PGresult) -> None:
    error = errors.error_from_result(answer)
    if not isinstance(error, psycopg.IntegrityError):
        raise error
    broken = exc.IntegrityError(said.sql.decode(), None, error)
    if said.conflict is not None:
        raise said.conflict(broken) from broken
    raise broken from error
