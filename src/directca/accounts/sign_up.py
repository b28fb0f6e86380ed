"""Open sign-up, where the settings allow it: whoever shows that an address is theirs opens an account, with nothing vetted and no
balance. `docs/flows/sign-up.md` tells the same story.

Whether an address has access already is told to its owner alone: the page, its answers and the time they take are the same.
"""

import hmac
from dataclasses import dataclass, field
from datetime import timedelta

from directca.accounts import accounts, email_address, limits, people, people_store
from directca.accounts import invitation_store as store
from directca.accounts.invitation_store import SignUp
from directca.accounts.joining import Joining
from directca.accounts.people import NewPerson
from directca.accounts.people_errors import SignUpClosed, WrongSignUpCode
from directca.accounts.person import Person, Role
from directca.accounts.sessions import digest, new_secret
from directca.mail.errors import NoMailServer
from directca.mail.letter import Letter
from directca.watch import step

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_NEW = """\
Somebody, perhaps you, wants to open an account at {authority} with this address.

If it was you, enter this code there within {minutes} minutes:

    {code}

It is good once. If it was not you, do nothing: without the code nothing happens.
"""
_KNOWN = """\
Somebody, perhaps you, wanted to open an account at {authority} with this address.

You have access there already: sign in with this address at {authority}/sign-in. If you have lost your password, ask whoever
gave you access. If it was not you, do nothing.
"""


@dataclass(frozen=True)
class Opened:
    """What somebody says who opens an account."""

    code: str = field(repr=False)
    account_name: str
    display_name: str
    password: str = field(repr=False)


def check_open(joining: Joining) -> None:
    """Raise SignUpClosed, or NoMailServer, unless people may open accounts by themselves here."""
    if not joining.config.open:
        raise SignUpClosed("Accounts are opened by invitation here. Ask the certificate authority for one.")
    if not joining.post.is_set:
        raise NoMailServer("This authority sends no mail, so nobody can sign up. Ask its operator for access.")


def begin(joining: Joining, email: str, *, address: str) -> str:
    """Mail a code to an address; the secret under which the sign-up goes on. It is the same whosever the address is.

    An address that was written to often within an hour gets no further letter. Raises SignUpClosed, BadEmail, TooManyAttempts,
    NoMailServer, LetterNotSent.
    """
    step(1, "read")
    check_open(joining)
    to = email_address.parse(email)
    folk, now = joining.people, joining.people.clock.now()
    secret, code = new_secret(folk), _new_code(joining)
    with folk.database.write() as tx:
        step(2, "limit")
        wanted = limits.sign_ups_from(joining.config.attempts_per_address, address)
        limits.spend(tx, wanted, folk.limits, now)
        known = people_store.person_named(tx, to) is not None
        written = store.codes_since(tx, to, now - _HOUR)
        step(3, "store")
        ends_at = now + timedelta(minutes=joining.config.code_minutes)
        store.forget_before(tx, now - _DAY)
        store.begin(tx, digest(secret), SignUp(to, None if known else _digest(secret, code), 0, ends_at), now)
    # A crash here leaves a sign-up whose code nobody has: it runs out by itself.
    step(4, "send")
    if written < joining.config.letters_per_hour:
        text = (_KNOWN if known else _NEW).format(authority=joining.authority, minutes=joining.config.code_minutes, code=code)
        joining.post.send(Letter(to, "Your account", text))
    return secret


def finish(joining: Joining, secret: str, said: Opened) -> Person:
    """Open the account, and let its first person in as its administrator, if the code is right. Each try counts.

    Raises SignUpClosed, WrongSignUpCode, WeakPassword, BadAccountName, TooManyAtOnce.
    """
    check_open(joining)
    folk = joining.people
    step(5, "hash")  # before the code is looked at: it takes as long for a wrong one, and no transaction is open
    with folk.database.read() as tx:
        address = store.address_of(tx, digest(secret))
    folk.passwords.check_rules(said.password, address)
    accounts.check_name(said.account_name)
    password_hash = folk.passwords.make_hash(said.password)
    now = folk.clock.now()
    with folk.database.write() as tx:
        step(6, "compare")
        found = store.tried(tx, digest(secret))
        right = (
            found is not None
            and found.code_sha256 is not None
            and found.tries <= joining.config.code_tries
            and now < found.expires_at
            and hmac.compare_digest(found.code_sha256, _digest(secret, said.code))
            and people_store.person_named(tx, found.email) is None
        )
        if right and found is not None:
            step(7, "open")
            store.done(tx, digest(secret))
            opened = accounts.open_account(tx, said.account_name, actor="browser:anonymous", at=now, random=folk.random)
            roles = frozenset({Role.ACCOUNT_ADMINISTRATOR})
            new = NewPerson(opened.id, found.email, said.display_name, said.password, roles)
            return people.add(tx, folk, new, password_hash, actor="browser:anonymous", email=found.email)
    raise WrongSignUpCode("This is not the code, or it is good no more. Begin again for a new one.", field="code")


def _new_code(joining: Joining) -> str:
    letters = "".join(_CODE_LETTERS[octet % len(_CODE_LETTERS)] for octet in joining.people.random(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def _digest(secret: str, code: str) -> str:
    """Bound to this one sign-up: a code of another says nothing here."""
    return digest(f"{secret} {''.join(code.upper().replace('-', '').split())}")
