"""What a data folder opens to without its CA keys: the rooms of people and records. No HTTP, no linter, no signer."""

from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from directca.accounts.billing import Billing
from directca.accounts.joining import Joining
from directca.accounts.passwords import Passwords
from directca.accounts.payment import ManualPayments
from directca.accounts.people import People
from directca.clock import Clock, SystemClock
from directca.db import migrate
from directca.db.engine import Database
from directca.db.opening import open_database
from directca.errors import Unavailable
from directca.mail.letter import Post
from directca.mail.smtp import SmtpPost
from directca.notices.context import Notices
from directca.oauth.context import OAuth
from directca.pki import profiles
from directca.pki.profiles import Policy
from directca.settings import FILE, Settings, load
from directca.signing.sealed_texts import SealedOnDemand
from directca.vetting.context import Registration


class NotFounded(Unavailable):
    """The data folder holds no certificate authority yet."""

    slug = "not_founded"


@dataclass(frozen=True)
class Desk:
    """The rooms that work without a CA key: what an operator's command about people and records needs."""

    settings: Settings
    clock: Clock
    database: Database
    policy: Policy
    people: People
    oauth: OAuth
    registration: Registration
    post: Post
    billing: Billing
    joining: Joining
    notices: Notices


def open_desk(data: Path, *, port: int | None = None, workers: int | None = None, clock: Clock | None = None) -> Desk:
    """The authority of a data folder without its keys. Raises BadSettings, NotFounded, BadPolicy, DatabaseUnusable."""
    settings = load(data, port=port, workers=workers)
    if settings.database_file is not None and not settings.database_file.exists():
        # Before a connection would make an empty one, which would hide that there was none, or that it was lost.
        raise not_founded(settings)
    clock = clock or SystemClock()
    database = open_records(settings)
    passwords = Passwords(settings.passwords_per_worker(), token_bytes)
    people = People(database, clock, token_bytes, passwords, settings.sessions, settings.limits)
    policy = profiles.load(settings.policy.read_bytes())
    sealed = SealedOnDemand(settings.passphrase)
    post = SmtpPost(settings.mail, settings.data, clock)
    return Desk(
        settings=settings,
        clock=clock,
        database=database,
        policy=policy,
        people=people,
        oauth=OAuth(database, clock, settings.oauth_config(), token_bytes),
        registration=Registration(database, clock, policy.rules, settings.approvals, people, sealed.seal, sealed.open),
        notices=Notices(database, clock, policy.rules, token_bytes, settings.notices, settings.public_url),
        post=post,
        joining=Joining(people, post, settings.sign_up, settings.public_url),
        billing=Billing(
            database=database,
            clock=clock,
            random=token_bytes,
            config=settings.billing,
            prices=settings.prices,
            payments=ManualPayments(settings.billing),
            post=post,
            authority=settings.public_url,
        ),
    )


def open_records(settings: Settings) -> Database:
    """The database of the settings, with every table of this release: made here, or found as their owner has made them.

    Raises DatabaseMoved, DatabaseUnusable, OlderNodesRun, SchemaBehind, RoleTooPowerful.
    """
    database = open_database(settings.database, settings.database_password(), settings.standby)
    try:
        if settings.owner is None:
            migrate.upgrade(database)
        else:
            migrate.check(database)
    except BaseException:
        database.close()
        raise
    return database


def is_blank(settings: Settings) -> bool:
    """Whether nothing of an authority exists yet where the settings say it is to be."""
    files = [settings.policy] if settings.database_file is None else [settings.policy, settings.database_file]
    return not (any(file.exists() for file in files) or any(settings.keys.glob("*")))


def not_founded(settings: Settings) -> NotFounded:
    """The error that says how an authority comes into such a data folder."""
    data, init = settings.data, f"`directca init --data {settings.data} --organization NAME`"
    if is_blank(settings):
        return NotFounded(
            f"There is no certificate authority in {data} yet. Make it with {init}, or, for a sandbox to try it in, "
            f"set enabled = true under [sandbox] in {data / FILE}."
        )
    return NotFounded(
        f"There is no certificate authority in {settings.database}. If there was one, restore a backup with `directca restore`; "
        f"if there was none, make it with {init}."
    )
