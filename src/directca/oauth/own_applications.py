"""The applications of an account, kept by its own people: made, given other redirect URIs, a new secret, stopped.

An application of another account is as one that does not exist, in every place. What an account may give to an application is
what concerns the account; what reaches beyond it, and who the application says it belongs to, are not its people's to choose.
"""

from dataclasses import dataclass
from datetime import timedelta

from directca.accounts import accounts, permissions
from directca.accounts.member import Member, acting, acting_anew
from directca.accounts.permissions import Whose
from directca.db.engine import Tx
from directca.oauth import application_store, applications, scopes
from directca.oauth.applications import NewApplication, Registered
from directca.oauth.context import OAuth
from directca.oauth.errors import BadApplication, NoSuchApplication, StoppedByAuthority, TooManyApplications
from directca.oauth.model import Client, ClientStatus, StoppedBy

MOST_OF_ACCOUNT = 50
LONGEST_OVERLAP = timedelta(days=30)


@dataclass(frozen=True)
class Wanted:
    """An application as an account's people describe it. `owner_name`, the account and the client_id are not among it."""

    name: str
    redirect_uris: tuple[str, ...]
    confidential: bool = True
    native: bool = False
    scopes: tuple[str, ...] = scopes.OF_ACCOUNT


@dataclass(frozen=True)
class Changes:
    """What is to be otherwise; None stays as it is."""

    name: str | None = None
    redirect_uris: tuple[str, ...] | None = None


def of_account(oauth: OAuth, who: Member) -> tuple[Client, ...]:
    """The account's applications, by name. Raises SessionEnded."""
    with oauth.database.read() as tx:
        acting(tx, who, permissions.SEE_OWN_APPLICATIONS)
        return applications.listed(tx, who.account_id)


def one(oauth: OAuth, who: Member, client_id: str) -> Client:
    """One of them. Raises NoSuchApplication, SessionEnded."""
    with oauth.database.read() as tx:
        acting(tx, who, permissions.SEE_OWN_APPLICATIONS)
        return _own(tx, who, client_id)


def create(oauth: OAuth, who: Member, wanted: Wanted) -> Registered:
    """Register an application of the account; its secret is told this once.

    Raises BadApplication, BadRedirectUri, TooManyApplications, AccountSuspended, NotPermitted, StepUpFirst.
    """
    if not wanted.scopes or not set(wanted.scopes) <= set(scopes.REGISTRABLE):
        raise BadApplication(f"Give at least one scope, and only such as: {', '.join(scopes.REGISTRABLE)}.", field="scopes")
    with oauth.database.write() as tx:
        _check(tx, oauth, who)
        account = accounts.require_active(tx, who.account_id)
        if len(applications.listed(tx, account.id)) >= MOST_OF_ACCOUNT:
            raise TooManyApplications(
                f"The account has {MOST_OF_ACCOUNT} applications, which is as many as it can have. Change one of them instead."
            )
        new = NewApplication(
            name=wanted.name,
            owner_name=account.name,
            redirect_uris=wanted.redirect_uris,
            account_id=account.id,
            confidential=wanted.confidential,
            native=wanted.native,
            scopes=wanted.scopes,
        )
        return applications.add(oauth, tx, new, actor=who.actor)


def change(oauth: OAuth, who: Member, client_id: str, changes: Changes) -> Client:
    """Give it another name or other redirect URIs; codes that were sent to an old one are good no more.

    Raises NoSuchApplication, BadApplication, BadRedirectUri, NotPermitted, StepUpFirst.
    """
    with oauth.database.write() as tx:
        client = _kept(tx, oauth, who, client_id)
        return applications.change(oauth, tx, client, name=changes.name, redirect_uris=changes.redirect_uris, actor=who.actor)


def rotate(oauth: OAuth, who: Member, client_id: str, overlap: timedelta = timedelta()) -> Registered:
    """A new secret, told this once; the old one is good for the overlap, or no more from now on.

    Raises NoSuchApplication, BadApplication for a public application or an overlap that is too long, NotPermitted, StepUpFirst.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise BadApplication(f"The overlap must be 0 to {LONGEST_OVERLAP.days * 24} hours.", field="overlap_hours")
    with oauth.database.write() as tx:
        client = _kept(tx, oauth, who, client_id)
        return applications.give_secret(oauth, tx, client, overlap, actor=who.actor)


def disable(oauth: OAuth, who: Member, client_id: str) -> Client:
    """Stop it: it is sent nobody, gets no tokens, and those it has are refused. Twice is the same as once.

    Raises NoSuchApplication, NotPermitted, StepUpFirst.
    """
    with oauth.database.write() as tx:
        client = _kept(tx, oauth, who, client_id)
        return applications.stop(oauth, tx, client, StoppedBy.ACCOUNT, actor=who.actor)


def enable(oauth: OAuth, who: Member, client_id: str) -> Client:
    """Let it go on, unless the authority stopped it. Twice is the same as once.

    Raises NoSuchApplication, StoppedByAuthority, NotPermitted, StepUpFirst.
    """
    with oauth.database.write() as tx:
        client = _kept(tx, oauth, who, client_id)
        if client.status is ClientStatus.DISABLED and client.disabled_by is not StoppedBy.ACCOUNT:
            raise StoppedByAuthority("The certificate authority has stopped this application. Ask its operator.")
        return applications.let_go_on(oauth, tx, client, actor=who.actor)


def _check(tx: Tx, oauth: OAuth, who: Member) -> None:
    now, within = oauth.clock.now(), oauth.config.step_up_seconds
    acting_anew(tx, who, permissions.KEEP_OWN_APPLICATIONS, Whose.SAME_ACCOUNT, now=now, within=within)


def _kept(tx: Tx, oauth: OAuth, who: Member, client_id: str) -> Client:
    _check(tx, oauth, who)
    accounts.require_active(tx, who.account_id)
    return _own(tx, who, client_id)


def _own(tx: Tx, who: Member, client_id: str) -> Client:
    client = application_store.of_account(tx, who.account_id, client_id)
    if client is None:
        raise NoSuchApplication("The account has no application with this client_id.", field="client_id")
    return client
