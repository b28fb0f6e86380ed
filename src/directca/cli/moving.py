"""`directca db copy`: an authority's records move from a SQLite file to a PostgreSQL server, and live on there alone.

1 keep out    no server, and no other writer, while the copy is made
2 look        both databases are sound, the target is empty
3 fill        every table, in one transaction of the target
4 compare     every row of both, read again; the journal's chain
5 mark        the file, so that no start on it lets both live
6 commit      the target's transaction
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from directca.cli import present
from directca.cli.commands import Common
from directca.cli.context import operator
from directca.cli.errors import BadOption, JournalBroken
from directca.cli.sole_server import sole_server
from directca.clock import SystemClock
from directca.db import copying, moved
from directca.db.address import BadDatabaseAddress
from directca.db.copying import Compared
from directca.db.engine import Tx
from directca.db.errors import CopyRefused
from directca.db.postgresql import PostgresDatabase
from directca.db.sqlite import SqliteDatabase
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.journal.verify import Verdict, verify_founded
from directca.settings import FILE, Settings, load

_TWO_ROLES = (
    "That role owns the tables. If another one serves, name it there with its own password, add database_owner with the owner's "
    "name, and give the command `directca db migrate`, which grants; keep the owner's password where the servers are not."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOptions(Common):
    """Options of `db copy`."""

    target: Annotated[str, typer.Argument(metavar="ADDRESS", help="An empty database, such as postgresql://host/name.")]
    password_file: Annotated[
        str,
        typer.Option(metavar="FILE", help="Holds its password, from the data folder on; default: DIRECTCA_DATABASE_PASSWORD."),
    ] = ""


def copy(options: CopyOptions) -> None:
    """Move the authority's records to PostgreSQL, compare every row, and let the file be used no more. Stop the server first."""
    settings = load(options.data)
    file = settings.database_file
    if file is None or not file.exists():
        raise CopyRefused(f"There is no SQLite file {settings.database}: only an authority that is in one is copied.")
    then = _settings_afterwards(settings, options)
    # 1 keep out
    with (
        sole_server(options.data),
        _opened(file, then) as (source, target),
        source.write(),  # a writer that changes nothing: no other one gets its turn until the copy is committed
        source.scan() as old,
    ):
        # 2 look
        source.check()
        copying.check_source(source)
        target.check()
        with target.write() as new:
            _check_mark(file, target.name, new)
            # 3 fill
            tables = copying.prepare(old, new)
            copying.fill(old, new, tables)
            # 4 compare
            done = copying.compare(old, new, tables)
            verdict = _noted(new, done)
            # 5 mark
            moved.mark(file, target.name)
            # A crash here leaves a marked file and an empty target: give the command once more, to the same target.
        # 6 commit
        # A crash here leaves a copy that is whole: the command, given once more, says that the records are there already.
    _tell(options, done, verdict)


def _noted(new: Tx, done: tuple[Compared, ...]) -> Verdict:
    """The journal of the copy, which holds, and says from now on that it is one."""
    verdict = verify_founded(new)
    if verdict.problems:
        raise JournalBroken(f"The journal does not hold: {'; '.join(verdict.problems)}. Nothing was kept of the copy.")
    detail: dict[str, Fact] = {"rows": sum(one.rows for one in done), "digest": verdict.digest}
    append(new, Event("authority.moved", operator(), "authority:issuing", detail=detail), at=SystemClock().now())
    return verdict


@contextmanager
def _opened(file: Path, then: Settings) -> Iterator[tuple[SqliteDatabase, PostgresDatabase]]:
    try:
        address = then.database
    except BadDatabaseAddress as error:
        raise BadOption(error.detail, field="target") from error
    if isinstance(address, Path):
        raise BadOption(f"{address} is no database of a server. Write postgresql://host/name.", field="target")
    # Opened as what they are: a file that is marked may be copied again, if nothing came of the first time.
    with closing(SqliteDatabase(file)) as source, closing(PostgresDatabase(address, then.database_password())) as target:
        yield source, target


def _settings_afterwards(settings: Settings, options: CopyOptions) -> Settings:
    """The settings as the command tells to change them."""
    storage = replace(settings.storage, database=options.target, database_password_file=options.password_file)
    return replace(settings, storage=storage)


def _check_mark(file: Path, target: str, new: Tx) -> None:
    """Raise DatabaseMoved for a file whose records are elsewhere, or in this target already."""
    to = moved.moved_to(file)
    if to is not None and (to != target or copying.occupant(new) is not None):
        moved.check_here(file)


def _tell(options: CopyOptions, done: tuple[Compared, ...], verdict: Verdict) -> None:
    said = {"database": options.target}
    if options.password_file:
        said["database_password_file"] = options.password_file
    data: dict[str, Any] = {
        "tables": [asdict(one) for one in done],
        "journal_rows": verdict.rows,
        "journal_digest": verdict.digest,
        "storage": said,
    }
    columns = ("table", "rows", "SHA-256")
    table = present.listing(columns, [(one.name, one.rows, one.sha256) for one in done], empty="There are no tables.")
    present.emit(data, as_json=options.as_json, human=table)
    if not options.as_json:
        lines = "\n".join(f'{name} = "{value}"' for name, value in said.items())
        present.space()
        present.emit(
            data,
            as_json=False,
            human=f"Every row is the same in both, and the journal is whole: {verdict.rows} rows, digest {verdict.digest}.\n"
            f"The file is not used any more. Now write into {options.data / FILE}:\n\n[storage]\n{lines}",
        )
        present.space()
        present.emit(data, as_json=False, human=_TWO_ROLES)
