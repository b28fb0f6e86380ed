"""Invitations: somebody of an account, or the operator, lets an address in; a link that was mailed there is good once.

`docs/flows/invitation.md` tells the same story. Whether an address belongs to somebody of another account is told to its owner
alone: whoever invites sees the same in every case. A link is worth what its sender may do when it is used: somebody whose access
or role was taken away must not come back by a link that they sent to themselves.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from directca.accounts import accounts, email_address, people, people_store, permissions
from directca.accounts import invitation_store as store
from directca.accounts.joining import Joining
from directca.accounts.joining_model import Invitation, InvitationState
from directca.accounts.member import Member, acting, acting_anew
from directca.accounts.model import AccountStatus
from directca.accounts.people import NewPerson
from directca.accounts.people_errors import NoSuchInvitation, SessionEnded, TooManyInvitations, UserExists
from directca.accounts.permissions import Whose
from directca.accounts.person import Person, Role
from directca.accounts.role_errors import NotPermitted
from directca.accounts.roles import AtCommand
from directca.accounts.sessions import digest, new_secret
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.mail.errors import NoMailServer
from directca.mail.letter import Letter
from directca.watch import step

_SHOWN = 100
_HOUR = timedelta(hours=1)
_BY_COMMAND = "operator:"
_NEW = """\
{account} invites you to its account at {authority}.

To choose a password and sign in, open this within {hours} hours:

    {authority}/invitation?token={token}

It is good once. If you know nothing of this, do nothing: without the link nothing happens.
"""
_KNOWN = """\
{account} invited this address to its account at {authority}.

You have access there already, and one address belongs to one account. To work for {account} as well, use another address;
to change over, have your access ended first, then be invited again. If you know nothing of this, do nothing.
"""


@dataclass(frozen=True)
class Accepted:
    """What somebody chose who follows a link."""

    display_name: str
    password: str = field(repr=False)


def invite(joining: Joining, who: Member, email: str, *, administrator: bool = False) -> Invitation:
    """Let an address into the own account; a link that was mailed to it before is good no more.

    Raises BadEmail, UserExists, TooManyInvitations, NoMailServer, LetterNotSent, AccountSuspended, NotPermitted, StepUpFirst,
    SessionEnded.
    """

    def admit(tx: Tx) -> None:
        _admit(tx, joining, who)

    return _invite(joining, _Asked(who.account_id, email, administrator, who.actor), admit)


def invite_to(joining: Joining, account_id: str, email: str, *, administrator: bool, by: AtCommand) -> Invitation:
    """The same into whatever account. For the operator. Raises NoSuchAccount besides."""
    return _invite(joining, _Asked(account_id, email, administrator, by.actor), lambda _tx: None)


def of_account(joining: Joining, who: Member) -> tuple[Invitation, ...]:
    """The account's newest. Raises SessionEnded."""
    with joining.people.database.read() as tx:
        acting(tx, who, permissions.SEE_USERS)
        return listed(tx, who.account_id)


def listed(tx: Tx, account_id: str) -> tuple[Invitation, ...]:
    """Those of whatever account. For the operator."""
    found = store.of_account(tx, account_id, _SHOWN)
    waiting = {one.invited_by: one for one in found if one.state is InvitationState.WAITING}
    lapsed = {sender for sender, one in waiting.items() if not _may_invite(tx, one)}
    return tuple(replace(one, state=InvitationState.LAPSED) if _has_lapsed(one, lapsed) else one for one in found)


def _has_lapsed(of: Invitation, senders: set[str]) -> bool:
    return of.state is InvitationState.WAITING and of.invited_by in senders


def withdraw(joining: Joining, who: Member, invitation_id: str) -> Invitation:
    """The link is good no more. Raises NoSuchInvitation, NotPermitted, StepUpFirst, SessionEnded."""
    now = joining.people.clock.now()
    with joining.people.database.write() as tx:
        _admit(tx, joining, who)
        found = store.by_id(tx, who.account_id, invitation_id)
        if found is None or not store.settle(tx, found, InvitationState.WITHDRAWN, now):
            raise NoSuchInvitation("The account has no invitation with this identifier that waits.")
        _journal(tx, "person.invitation_withdrawn", who.actor, found, now)
    return found


def _admit(tx: Tx, joining: Joining, who: Member) -> None:
    now, within = joining.people.clock.now(), joining.people.sessions.step_up_seconds
    acting_anew(tx, who, permissions.KEEP_USERS, Whose.SAME_ACCOUNT, now=now, within=within)


@dataclass(frozen=True)
class _Asked:
    """Who is to be let in where, and who says so."""

    account_id: str
    email: str
    administrator: bool
    actor: str


def _invite(joining: Joining, asked: _Asked, admit: people.Admit) -> Invitation:
    step(1, "read")
    email = email_address.parse(asked.email)
    if not joining.post.is_set:
        raise NoMailServer("This authority sends no mail, so nobody can be invited. Ask its operator to give access.")
    folk, now = joining.people, joining.people.clock.now()
    token = new_secret(folk)
    with folk.database.write() as tx:
        step(2, "admit")
        admit(tx)
        account = accounts.require_active(tx, asked.account_id)
        known = people_store.person_named(tx, email)
        if known is not None and known.account_id == account.id:
            raise UserExists("Somebody with this address has access to the account already.", field="email")
        _check_rates(tx, joining, account.id, email, now)
        step(3, "store")
        store.replace_open(tx, account.id, email, now)
        made = Invitation(
            id=folk.random(12).hex(),
            account_id=account.id,
            email=email,
            administrator=asked.administrator,
            state=InvitationState.WAITING,
            invited_by=asked.actor,
            invited_at=now,
            expires_at=now + timedelta(hours=joining.config.invitation_hours),
        )
        store.add(tx, made, None if known is not None else digest(token))
        _journal(tx, "person.invited", asked.actor, made, now)
    # A crash here leaves an invitation whose link nobody has; inviting again replaces it.
    step(4, "send")
    text = (_NEW if known is None else _KNOWN).format(
        account=account.name, authority=joining.authority, hours=joining.config.invitation_hours, token=token
    )
    joining.post.send(Letter(email, "An invitation", text))
    return made


def _check_rates(tx: Tx, joining: Joining, account_id: str, email: str, now: datetime) -> None:
    config = joining.config
    if store.count_since(tx, account_id, now - _HOUR) >= config.invitations_per_hour:
        raise TooManyInvitations("The account has invited many people within an hour. Go on in an hour.", retry_after=3600)
    if store.letters_since(tx, account_id, email, now - _HOUR) >= config.letters_per_hour:
        raise TooManyInvitations("Several letters went to this address within an hour. Go on in an hour.", retry_after=3600)


def presented(joining: Joining, token: str) -> tuple[Invitation, str]:
    """The invitation to which a link leads, and the account's name. Looking does not use it up. Raises NoSuchInvitation."""
    with joining.people.database.read() as tx:
        found = _good(tx, token, joining.people.clock.now())
        return found, accounts.find(tx, found.account_id).name


def accept(joining: Joining, token: str, said: Accepted) -> Person:
    """Give access to whoever holds the link, once. Raises NoSuchInvitation, WeakPassword, TooManyAtOnce."""
    folk = joining.people
    step(5, "look")
    with folk.database.read() as tx:
        found = _good(tx, token, folk.clock.now())
    step(6, "hash")  # no transaction is open: this takes a tenth of a second of a core
    roles = frozenset({Role.ACCOUNT_ADMINISTRATOR}) if found.administrator else frozenset()
    new = NewPerson(found.account_id, found.email, said.display_name, said.password, roles)
    folk.passwords.check_rules(new.password, new.username)
    password_hash = folk.passwords.make_hash(new.password)
    step(7, "let in")
    now = folk.clock.now()
    with folk.database.write() as tx:
        found = _good(tx, token, now)
        if not store.settle(tx, found, InvitationState.ACCEPTED, now) or people_store.person_named(tx, found.email) is not None:
            raise _none()
        person = people.add(tx, folk, new, password_hash, actor="browser:anonymous", email=found.email)
        _journal(tx, "person.invitation_accepted", person.actor, found, now)
    return person


def _good(tx: Tx, token: str, now: datetime) -> Invitation:
    found = store.by_token(tx, digest(token))
    if found is None or found.state is not InvitationState.WAITING or found.expires_at <= now:
        raise _none()
    if people_store.account_status(tx, found.account_id) != AccountStatus.ACTIVE or not _may_invite(tx, found):
        raise _none()
    return found


def _may_invite(tx: Tx, of: Invitation) -> bool:
    """Whether whoever sent it could send it now. The operator's command needs nobody's right; anybody else's must be known."""
    sender = Member.named(of.account_id, of.invited_by)
    if sender is None:
        return of.invited_by.startswith(_BY_COMMAND)
    try:
        acting(tx, sender, permissions.KEEP_USERS)
    except (SessionEnded, NotPermitted):
        return False
    return True


def _none() -> NoSuchInvitation:
    return NoSuchInvitation(
        "This invitation is good no more: it was used, replaced or withdrawn, it is over, or whoever sent it may invite nobody "
        "any more. Ask an administrator of the account for a new one."
    )


def _journal(tx: Tx, kind: str, actor: str, of: Invitation, at: datetime) -> None:
    detail: dict[str, Fact] = {"email": of.email, "administrator": of.administrator}
    append(tx, Event(kind, actor, f"invitation:{of.id}", account_id=of.account_id, detail=detail), at=at)
