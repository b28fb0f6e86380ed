"""The one place where the operator's commands get hold of the authority in the data folder."""

import getpass
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from directca.accounts.config import PasswordConfig
from directca.accounts.passwords import Passwords
from directca.accounts.people import People
from directca.cli.errors import NoAuthorityHere
from directca.clock import Clock, SystemClock
from directca.db.engine import Database
from directca.oauth.config import OAuthConfig
from directca.oauth.context import OAuth
from directca.pki import profiles
from directca.pki.profiles import Rules
from directca.revocation.context import Revocation

DATABASE = "directca.sqlite"


@dataclass(frozen=True)
class Desk:
    """What an operator's command works with. `actor` is the operator, as the journal names them."""

    data: Path
    database: Database
    clock: Clock
    random: Callable[[int], bytes]
    rules: Rules
    oauth: OAuth
    revocation: Revocation
    actor: str

    def people(self) -> People:
        """What verbs about people need. Made on demand: it costs an Argon2 hash, a fifth of a second."""
        return People(self.database, self.clock, self.random, Passwords(PasswordConfig(), self.random))


@contextmanager
def opened(data: Path) -> Iterator[Desk]:
    """The authority of a data folder, open for one command. Raises NoAuthorityHere."""
    path = data / DATABASE
    if not path.is_file():
        raise NoAuthorityHere(f"There is no authority in {data}. Give its folder with --data, or make one: directca init")
    clock = SystemClock()
    database = Database(path)
    try:
        yield Desk(
            data=data,
            database=database,
            clock=clock,
            random=secrets.token_bytes,
            rules=profiles.shipped().rules,
            oauth=OAuth(database, clock, OAuthConfig("http://127.0.0.1:8600")),
            revocation=Revocation(database, clock, profiles.shipped(), {}),
            actor=operator(),
        )
    finally:
        database.close()


def operator() -> str:
    """Who runs the command, as the journal names them: the machine's user."""
    try:
        return f"operator:{getpass.getuser()}"
    except (OSError, KeyError):  # no name in the environment and none for the user's number
        return "operator:unknown"
