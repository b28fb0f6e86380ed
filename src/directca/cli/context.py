"""The one place where the operator's commands get hold of the authority in the data folder."""

import getpass
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from directca import rooms
from directca.accounts.billing import Billing
from directca.accounts.joining import Joining
from directca.accounts.people import People
from directca.clock import Clock
from directca.db.engine import Database
from directca.desk import open_desk
from directca.errors import DirectCAError
from directca.mail.letter import Post
from directca.notices.context import Notices
from directca.oauth.context import OAuth
from directca.pki.profiles import Rules
from directca.revocation.context import Revocation
from directca.rooms import Authority
from directca.settings import Settings
from directca.vetting.context import Registration


@dataclass(frozen=True)
class Desk:
    """What an operator's command works with. `actor` is the operator, as the journal names them."""

    settings: Settings
    database: Database
    clock: Clock
    random: Callable[[int], bytes]
    rules: Rules
    people: People
    oauth: OAuth
    registration: Registration
    notices: Notices
    post: Post
    billing: Billing
    joining: Joining
    actor: str


@contextmanager
def opened(data: Path) -> Iterator[Desk]:
    """The authority of a data folder, without its keys, open for one command. Raises BadSettings, DatabaseUnusable."""
    found = open_desk(data)
    with closing(found.database):
        yield Desk(
            settings=found.settings,
            database=found.database,
            clock=found.clock,
            random=secrets.token_bytes,
            rules=found.policy.rules,
            people=found.people,
            oauth=found.oauth,
            registration=found.registration,
            notices=found.notices,
            post=found.post,
            billing=found.billing,
            joining=found.joining,
            actor=operator(),
        )


@contextmanager
def opened_with_keys(data: Path) -> Iterator[Authority]:
    """The authority of a data folder, able to sign, open for one command. Raises what `rooms.open_authority` raises."""
    with closing(rooms.open_authority(data)) as authority:
        yield authority


@contextmanager
def opened_to_revoke(data: Path) -> Iterator[Revocation]:
    """What revokes, of `opened_to_order`."""
    with opened_to_order(data) as (revocation, _):
        yield revocation


@contextmanager
def opened_to_order(data: Path) -> Iterator[tuple[Revocation, Registration]]:
    """What revokes and, if the keys can be opened, publishes. An emergency does not wait for a passphrase: without the keys the
    revocations stand, and the server, which has them, makes the lists."""
    try:
        authority = rooms.open_authority(data)
    except DirectCAError:
        desk = open_desk(data)
        with closing(desk.database):
            yield Revocation(desk.database, desk.clock, desk.policy, {}), desk.registration
    else:
        with closing(authority):
            yield authority.revocation, authority.registration


def operator() -> str:
    """Who runs the command, as the journal names them: the machine's user."""
    try:
        return f"operator:{getpass.getuser()}"
    except (OSError, KeyError):  # no name in the environment and none for the user's number
        return "operator:unknown"
