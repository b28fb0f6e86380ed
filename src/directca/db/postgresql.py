"""PostgreSQL, 15 and newer: one database for many machines.

Writers of all nodes take their turn at one advisory lock, which the server gives up when a node dies; those of one process share
commits as on SQLite. A write transaction is READ COMMITTED and asks for the lock first, so it sees everything that any writer
before it committed. What `synchronous_commit` and `synchronous_standby_names` of the server promise is what a commit promises.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, create_engine, event, exc, text
from sqlalchemy.engine import URL

from directca.db import steps, trial
from directca.db.address import PostgresAddress
from directca.db.engine import BUSY_TIMEOUT_MS, Answer, ChangeMark, Database, Tx
from directca.db.errors import DatabaseBusy, DatabaseUnusable, UnstorableText
from directca.db.prepared import RUNNERS
from directca.db.psycopg_driver import PsycopgRunner, driver_of, line_of
from directca.db.psycopg_line import Line
from directca.db.word import Heard, NoMark, Word
from directca.db.writers import Batch, Writers
from directca.errors import DirectCAError, Unavailable
from directca.fibers import elsewhere

_OLDEST = 150_000
_STREAMED = "directca: answers were streamed on this connection"
_WRITER = int.from_bytes(b"directca", "big")
"""The number of the writers' lock."""

_MOST_CONNECTIONS = 64
_STATEMENT_MS = 60_000
"""No statement of a request takes so long; one that does has lost its server, or asks for too much."""

COMMIT_SECONDS = 30.0
"""How long a commit may wait for disk and standby before the server is asked to stop waiting."""

_IDLE_MS = 15_000
"""A node that stops in the middle of a transaction keeps others waiting no longer."""

_CONNECT = {
    "client_encoding": "UTF8",
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "target_session_attrs": "read-write",
}
_NAME = "directca/"
"""How sessions call themselves, with the step of the schema that their release knows: `directca/0005`."""

_OLDER = text("""
    SELECT DISTINCT coalesce(nullif(split_part(application_name, '/', 2), ''), 'before there were steps') AS step,
           coalesce(host(client_addr), 'this machine') AS place
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid() AND split_part(application_name, '/', 1) = 'directca'
        AND split_part(application_name, '/', 2) COLLATE "C" < :floor
    ORDER BY place, step
""")
_SESSION = {
    "lock_timeout": BUSY_TIMEOUT_MS,
    "statement_timeout": _STATEMENT_MS,
    "idle_in_transaction_session_timeout": _IDLE_MS,
    "timezone": "UTC",
}

_BEGIN_WRITING = (
    b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    b"SELECT pg_advisory_xact_lock(%d)" % _WRITER,
    b"SELECT pg_logical_emit_message(true, 'directca', '')",
)
"""The empty message is something to write down: the commit waits for disk and standby though the block changes nothing."""

_BEGIN_READING = (b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",)
_SORTED_BY_BYTES = frozenset({"C", "POSIX", "C.UTF-8", "C.utf8"})

_OTHERS_HAVE_IT = (
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.IdleInTransactionSessionTimeout,
)
RUNNERS["postgresql"] = PsycopgRunner()

_OPERATOR_ACTS = (psycopg.OperationalError, psycopg.InterfaceError, errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege)


class PostgresDatabase(Database):
    """A database of a PostgreSQL server; of several hosts in its address, the one that may be written to."""

    def __init__(
        self,
        address: PostgresAddress,
        password: str | None,
        *,
        pool_size: int = _MOST_CONNECTIONS,
        connect: Mapping[str, str] = _CONNECT,
    ) -> None:
        self.address = address
        parameters = _CONNECT | dict(connect) | dict(address.parameters)
        session = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
        parameters["application_name"] = f"{_NAME}{steps.NEWEST}"
        parameters["options"] = f"{session} {parameters.get('options', '')}".strip()
        if password is not None:
            parameters["password"] = password
        self._engine = create_engine(
            URL.create("postgresql+psycopg"),
            connect_args=parameters,
            isolation_level="AUTOCOMMIT",  # we say BEGIN ourselves
            paramstyle="format",
            hide_parameters=True,  # an error's text reaches the log, and parameters hold digests and requests (invariant 21)
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=BUSY_TIMEOUT_MS / 1000,
        )
        event.listen(self._engine, "before_cursor_execute", _settle)
        super().__init__(str(address), Writers(_TurnAtTheServer(), self._begin_batch, self._end_batch))
        self._word = Word(parameters)
        self._resting: list[Connection] = []

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that the server gives one snapshot, and that may not write."""
        with self._translated():
            tx = self._begin(_BEGIN_READING)
            try:
                yield tx
            except BaseException as error:
                if _is_refusal(error, tx):
                    with suppress(psycopg.Error, exc.DBAPIError):  # given up by then: the refusal is told, and nothing else
                        self._rest(tx)
                else:
                    _give_up(tx)
                raise
            self._rest(tx)

    def look(self, work: Callable[[Tx], Answer]) -> Answer:
        """Without a transaction around the statement's own: one way to the server and back."""
        with self._translated():
            while self._resting:
                tx = self._resting.pop()
                try:
                    found = work(tx)
                    line_of(tx).settle()  # what was asked and not waited for is answered here, and in nobody else's name
                except BaseException as error:
                    _give_up(tx)  # as `_begin` does
                    if not _may_be_broken(error):
                        raise
                else:
                    self._rest(tx)
                    return found
        with self.read() as tx:
            return work(tx)

    @contextmanager
    def scan(self) -> Iterator[Tx]:
        """What is long is read in runs through a cursor of the server's, and may take its time."""
        with self.read() as tx:
            driver_of(tx).execute("SET LOCAL statement_timeout = 0")
            yield tx

    def changes(self, *, at_once: bool) -> ChangeMark:
        """What the server sends word of, some milliseconds after a commit. Whoever must know at once has to ask each time."""
        return NoMark() if at_once else Heard(self._word)

    def check(self, *, whole_up_to: int | None = None) -> None:
        """Raise `DatabaseUnusable` unless the server keeps what it has committed, and sorts as directca does.

        Whether its files are sound is for the server's checksums and pg_amcheck to say.
        """
        with self.read() as tx:
            about = tx.execute(
                text("""
                    SELECT current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync,
                           current_setting('full_page_writes') AS full_pages, current_setting('synchronous_commit') AS commits,
                           pg_encoding_to_char(encoding) AS encoding,
                           CASE datlocprovider WHEN 'c' THEN datcollate WHEN 'b' THEN 'C' ELSE 'ICU' END AS collation
                    FROM pg_database WHERE datname = current_database()
                """)
            ).one()
        for wrong, what in (
            (about.version < _OLDEST, "its server is older than PostgreSQL 15; upgrade it"),
            (about.fsync == "off" or about.full_pages == "off", "fsync or full_page_writes is off; set both on"),
            (about.commits == "off", "synchronous_commit is off; set it on for this database"),
            (about.encoding != "UTF8", f"its encoding is {about.encoding}; make it with ENCODING 'UTF8'"),
            (
                about.collation not in _SORTED_BY_BYTES,
                f"it sorts by {about.collation}; make it TEMPLATE template0 LOCALE 'C'",
            ),
        ):
            if wrong:
                raise DatabaseUnusable(f"The database {self.name} cannot be used: {what}.")

    def older_nodes(self, tx: Tx, floor: str) -> tuple[str, ...]:
        """Sessions say by their name what their release knows; those of releases from before that say less than any step."""
        return tuple(f"{row.place} (schema {row.step})" for row in tx.execute(_OLDER, {"floor": floor}))

    def close(self) -> None:
        """Close every connection."""
        self._word.close()
        while self._resting:
            _give_up(self._resting.pop())
        self._engine.dispose()

    def _begin(self, statements: Sequence[bytes]) -> Connection:
        """A connection on which these began a transaction. One that broke while it rested is replaced by a new one."""
        while self._resting:
            tx = self._resting.pop()
            try:
                self._start(tx, statements)
            except BaseException as error:
                _give_up(tx)  # and whoever rests beside it is probably broken too: each is tried
                if not _may_be_broken(error):
                    raise
            else:
                return tx
        tx = elsewhere(self._engine.connect)
        try:
            self._start(tx, statements)
        except BaseException:
            _give_up(tx)
            raise
        return tx

    def _start(self, tx: Connection, statements: Sequence[bytes]) -> None:
        line = line_of(tx)
        line.hear()
        for statement in statements:
            line.later(statement)
        line.settle()

    def _rest(self, tx: Connection) -> None:
        """Keep a connection, whose reader's transaction ends: what was prepared stays prepared."""
        line = line_of(tx)
        status = line.driver.info.transaction_status
        if status is TransactionStatus.INTRANS and (line.is_asked or tx.in_transaction()):
            try:
                line.ask(b"COMMIT")
            except BaseException:
                _give_up(tx)  # it was asked and not waited for, and is refused
                raise
            tx.rollback()  # SQLAlchemy's own idea of a transaction ends too
        elif status is TransactionStatus.INTRANS:
            line.leave(b"COMMIT")  # a reader has nothing to undo, and nothing to wait for
        elif status is TransactionStatus.IDLE:
            tx.rollback()
        else:
            _give_up(tx)
            return
        self._resting.append(tx)

    def _begin_batch(self) -> Batch:
        tx = self._begin(_BEGIN_WRITING)  # the turn is waited for here
        return Batch(tx, _Driver(line_of(tx)))

    def _end_batch(self, batch: Batch) -> None:
        if batch.failure is None or (_is_refusal(batch.failure, batch.tx) and self._is_undone(batch.tx)):
            self._rest(batch.tx)
        else:
            _give_up(batch.tx)

    @staticmethod
    def _is_undone(tx: Connection) -> bool:
        """Undo what was refused; False where that fails too, which is not what the refused is to be told."""
        try:
            line_of(tx).roll_back()
        except psycopg.Error:
            return False
        return True

    def confirm(self) -> None:
        """A commit of its own: it waits for what was written before it."""
        with self.write():
            pass

    def _touch(self, tx: Tx) -> None:
        """Every transaction that may write has something to write down; on a full disk that still finds room in the log."""
        trial.hold(tx)

    def _translated(self) -> AbstractContextManager[None]:
        return _translated(self.name)


class _TurnAtTheServer:
    """The processes' turn is part of the transaction: the lock is asked for as it begins."""

    def take(self, seconds: float) -> None:
        pass

    def give_back(self) -> None:
        pass


class _Driver:
    """psycopg's connection, as those who share a commit need it."""

    errors = psycopg.Error

    def __init__(self, line: Line) -> None:
        self._line = line

    @property
    def in_transaction(self) -> bool:
        return self._line.is_open

    def begin_block(self) -> None:
        self._line.begin_block(b"SAVEPOINT block")

    def end_block(self, *, begun: bool) -> None:
        refusable = self._line.may_be_refused
        if begun:
            self._line.later(b"RELEASE block", sure=True)
        if refusable:
            self._line.settle()

    def undo_block(self) -> None:
        if self._line.forget():
            self._line.later(b"ROLLBACK TO block")
            self._line.ask(b"RELEASE block")

    def commit(self) -> None:
        driver = self._line.driver
        # The server answers COMMIT of a transaction in which something failed with a quiet ROLLBACK.
        if driver.info.transaction_status not in (TransactionStatus.INTRANS, TransactionStatus.IDLE):
            raise errors.InFailedSqlTransaction("the transaction is not one that can be committed")
        warned: list[str] = []

        def hear(said: errors.Diagnostic) -> None:
            if said.severity_nonlocalized == "WARNING":
                warned.append(said.message_primary or "")

        driver.add_notice_handler(hear)
        try:
            # No time-out of the server's counts while a commit waits for a standby (finish_xact_command ends them before).
            self._line.commit(COMMIT_SECONDS, partial(elsewhere, driver.cancel_safe))
        finally:
            driver.remove_notice_handler(hear)
        if warned:
            # A server that stops waiting for its standby calls the commit a success, and only warns (SyncRepWaitForLSN).
            raise errors.StatementCompletionUnknown(f"no standby has confirmed the commit: {' '.join(warned)}")

    def again(self, failure: BaseException) -> Exception:
        kind = type(failure) if isinstance(failure, psycopg.Error) else psycopg.OperationalError
        return kind(str(failure))


def _settle(tx: Connection, cursor: object, *_: object) -> None:
    """SQLAlchemy is about to say something on a connection on which something may wait."""
    line_of(tx).settle()
    if isinstance(cursor, psycopg.ServerCursor):
        tx.info[_STREAMED] = True


def _may_be_broken(error: BaseException) -> bool:
    """Whether another connection may fare better. It does not where others have what is wanted: one wait is enough."""
    return isinstance(error, _OPERATOR_ACTS) and not isinstance(error, _OTHERS_HAVE_IT)


def _is_refusal(error: BaseException, tx: Connection) -> bool:
    """Whether a room said no: the connection is as good as before, and the next who is refused needs no new one.

    Unless answers were streamed on it: who has not read to the end may close the cursor when somebody else has the connection.
    """
    return isinstance(error, DirectCAError) and not isinstance(error, Unavailable) and _STREAMED not in tx.info


def _give_up(tx: Connection) -> None:
    """Close the connection itself, and with it whatever it had begun."""
    tx.invalidate()
    tx.close()


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turn the driver's words into ours, where the operator is the one to act."""
    try:
        yield
    except exc.TimeoutError as error:
        raise DatabaseBusy("Every database connection is in use; try again in a few seconds.", retry_after=5) from error
    except (exc.DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, exc.DBAPIError) else error
        if isinstance(cause, _OTHERS_HAVE_IT):
            raise DatabaseBusy("The database is busy; try again in a few seconds.", retry_after=5) from error
        if type(cause) is psycopg.DataError:  # the driver's own, before anything was sent; the server's are of classes below it
            raise UnstorableText("A text holds a NUL character (U+0000), which cannot be kept; send it without.") from error
        if isinstance(cause, _OPERATOR_ACTS):
            raise DatabaseUnusable(f"The database {name} cannot be used: {_said(cause)}") from error
        raise


def _said(error: BaseException) -> str:
    """What the server or the driver said, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
