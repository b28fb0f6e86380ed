"""People come into an account by a link or a code that reached their address, once, and nobody learns who has access."""

import re
import secrets
from collections.abc import Callable

import pytest
from sqlalchemy import update

from directca.accounts import (
    accounts,
    email_address,
    invitation_store,
    invitations,
    members,
    people,
    people_store,
    sign_up,
)
from directca.accounts.errors import BadAccountName
from directca.accounts.invitations import Accepted
from directca.accounts.joining import Joining
from directca.accounts.joining_model import InvitationState
from directca.accounts.member import Member
from directca.accounts.people import NewPerson
from directca.accounts.people_errors import (
    BadEmail,
    NoSuchInvitation,
    SessionEnded,
    SignUpClosed,
    TooManyAttempts,
    TooManyInvitations,
    UserExists,
    WeakPassword,
    WrongSignUpCode,
)
from directca.accounts.person import Person, Role
from directca.accounts.role_errors import NotPermitted
from directca.accounts.roles import AtCommand
from directca.accounts.sign_in import Attempt, sign_in
from directca.accounts.sign_up import Opened
from directca.accounts.sign_up_config import SignUpConfig
from directca.db.engine import Database
from directca.journal.store import rows_after
from directca.mail.errors import LetterNotSent, NoMailServer
from tests.billing import PostOffice, somebody
from tests.people import OPERATOR, PASSWORD, Clinic, a_clinic

NINA = "nina@clinic.example"
COMMAND = AtCommand(OPERATOR)
CHOSEN = Accepted("Nina Newcomer", PASSWORD)


class Front:
    """What lets people in, an account with an administrator, and the letters that were sent."""

    def __init__(self, database: Database, clinic: Clinic | None = None, **config: object) -> None:
        self.clinic: Clinic = clinic or a_clinic(database)
        self.office = PostOffice()
        rules = SignUpConfig(**{"open": True, **config})  # type: ignore[arg-type]  # each test's own
        self.joining = Joining(self.clinic.people, self.office, rules, "https://ca.example.org")
        self.who = somebody(database, self.clinic.clock, self.clinic.account_id, Role.ACCOUNT_ADMINISTRATOR)

    def token(self) -> str:
        (found,) = re.findall(r"token=([A-Za-z0-9_-]+)", self.office.letters[-1].text)
        return str(found)

    def code(self) -> str:
        (found,) = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", self.office.letters[-1].text)
        return str(found)

    def invited(self, email: str = NINA, **more: bool) -> str:
        invitations.invite(self.joining, self.who, email, **more)
        return self.token()

    def stranger(self, *roles: Role) -> Member:
        with self.clinic.people.database.write() as tx:
            now = self.clinic.clock.now()
            other = accounts.open_account(tx, "Other", actor=OPERATOR, at=now, random=secrets.token_bytes)
        return somebody(self.clinic.people.database, self.clinic.clock, other.id, *(roles or (Role.ACCOUNT_ADMINISTRATOR,)))

    def elsewhere(self, email: str) -> Person:
        """Somebody of another account who has this address."""
        return people.create(self.clinic.people, NewPerson(self.stranger().account_id, email, "X", PASSWORD), actor=OPERATOR)

    def enter(self, username: str) -> Person:
        return sign_in(self.clinic.people, Attempt(username, PASSWORD, "192.0.2.1")).session.person

    def states(self) -> list[InvitationState]:
        return [one.state for one in invitations.of_account(self.joining, self.who)]


@pytest.fixture
def front(database: Database) -> Front:
    return Front(database)


def test_a_link_that_was_mailed_lets_one_person_in_once(front: Front) -> None:
    token = front.invited(administrator=True)
    (letter,) = front.office.letters
    assert (letter.to, "Sandbox Clinic" in letter.text) == (NINA, True)
    assert token not in letter.subject
    for _ in range(2):  # mail programs look at links before people do
        assert invitations.presented(front.joining, token)[1] == "Sandbox Clinic"
    person = invitations.accept(front.joining, token, CHOSEN)
    assert (person.account_id, person.username, person.roles) == (
        *(front.who.account_id, NINA, frozenset({Role.ACCOUNT_ADMINISTRATOR})),
    )
    assert front.enter(NINA) == person
    with pytest.raises(NoSuchInvitation):
        invitations.accept(front.joining, token, Accepted("Mallory", PASSWORD))
    assert (front.states(), dict_of(front)[person.id]) == ([InvitationState.ACCEPTED], NINA)
    with front.clinic.people.database.read() as tx:
        assert token not in str([row.event for row in rows_after(tx, 0)])


def dict_of(front: Front) -> dict[str, str | None]:
    return {one.id: email for one, email in members.of_account(front.clinic.people, front.who)}


def _over(front: Front, _token: str) -> None:
    front.clinic.clock.advance(hours=168)


def _withdrawn(front: Front, _token: str) -> None:
    invitations.withdraw(front.joining, front.who, invitations.of_account(front.joining, front.who)[0].id)


def _replaced(front: Front, _token: str) -> None:
    front.invited()


def _suspended(front: Front, _token: str) -> None:
    with front.clinic.people.database.write() as tx:
        accounts.suspend(tx, front.who.account_id, actor=OPERATOR, reason="x", at=front.clinic.clock.now())


def _taken(front: Front, _token: str) -> None:
    front.elsewhere(NINA)


def _colleague(front: Front) -> Member:
    """Another administrator, who can do to the sender of the link what the account can do."""
    folk = front.clinic.people
    return somebody(folk.database, folk.clock, front.who.account_id, Role.ACCOUNT_ADMINISTRATOR)


def _sender(front: Front) -> str:
    with front.clinic.people.database.read() as tx:
        found = people_store.person_with(tx, front.who.person_id)
    assert found is not None
    return found.username


def _sender_removed(front: Front, _token: str) -> None:
    members.remove(front.clinic.people, _colleague(front), front.who.person_id)


def _sender_demoted(front: Front, _token: str) -> None:
    members.appoint(front.clinic.people, _colleague(front), front.who.person_id, administrator=False)


def _sender_kept_out(front: Front, _token: str) -> None:
    people.suspend(front.clinic.people, _sender(front), actor=OPERATOR, reason="x")


@pytest.mark.parametrize(
    "what",
    [*(_over, _withdrawn, _replaced, _suspended, _taken), *(_sender_removed, _sender_demoted, _sender_kept_out)],
)
def test_a_link_that_is_good_no_more_says_the_same_for_every_reason(front: Front, what: Callable[[Front, str], None]) -> None:
    token = front.invited()
    what(front, token)
    told = set()
    for presented in (token, "nothing", "", "\0", "x" * 5000):
        with pytest.raises(NoSuchInvitation) as refusal:
            invitations.accept(front.joining, presented, CHOSEN)
        told.add(refusal.value.detail)
    assert len(told) == 1


def test_a_link_is_as_good_as_the_right_of_whoever_sent_it(front: Front) -> None:
    """Through an application too, and as soon as they may invite once more; what the operator sent asks for nobody's right."""
    via = Member(front.who.account_id, front.who.person_id, "client:portal")
    invitations.invite(front.joining, via, NINA)
    token, colleague = front.token(), _colleague(front)
    _sender_demoted(front, token)
    for look in (lambda: invitations.presented(front.joining, token), lambda: invitations.accept(front.joining, token, CHOSEN)):
        with pytest.raises(NoSuchInvitation):
            look()
    assert [one.state for one in invitations.of_account(front.joining, colleague)] == [InvitationState.LAPSED]
    members.appoint(front.clinic.people, colleague, front.who.person_id, administrator=True)
    assert front.states() == [InvitationState.WAITING]
    by_hand = "by-hand@clinic.example"
    invitations.invite_to(front.joining, front.who.account_id, by_hand, administrator=False, by=COMMAND)
    sent_by_hand = front.token()
    assert invitations.accept(front.joining, token, CHOSEN).username == NINA
    members.remove(front.clinic.people, colleague, front.who.person_id)
    assert invitations.accept(front.joining, sent_by_hand, CHOSEN).username == by_hand


def test_what_lapsed_can_be_withdrawn_and_sent_anew_by_somebody_else(front: Front) -> None:
    front.invited()
    colleague = _colleague(front)
    _sender_removed(front, "")
    (lapsed,) = invitations.of_account(front.joining, colleague)
    invitations.withdraw(front.joining, colleague, lapsed.id)
    invitations.invite(front.joining, colleague, NINA)
    assert invitations.accept(front.joining, front.token(), CHOSEN).username == NINA


def test_an_invitation_of_whom_nobody_knows_lets_nobody_in(front: Front) -> None:
    token = front.invited()
    with front.clinic.people.database.write() as tx:
        tx.execute(update(invitation_store.invitation).values(invited_by="upkeep"))
    with pytest.raises(NoSuchInvitation):
        invitations.accept(front.joining, token, CHOSEN)


def test_a_weak_password_uses_no_link_up(front: Front) -> None:
    token = front.invited()
    for weak in ("short", NINA * 2, "\x07" * 20):
        with pytest.raises(WeakPassword):
            invitations.accept(front.joining, token, Accepted("Nina", weak))
    assert invitations.accept(front.joining, token, CHOSEN).username == NINA


def test_whoever_invites_does_not_learn_who_has_access_elsewhere(front: Front) -> None:
    front.elsewhere(NINA)
    known = invitations.invite(front.joining, front.who, NINA)
    new = invitations.invite(front.joining, front.who, "other@clinic.example")
    assert {**vars(known), "id": "", "email": ""} == {**vars(new), "id": "", "email": ""}
    first, second = front.office.letters
    assert ("token=" in first.text, "token=" in second.text) == (False, True)
    assert front.states() == [InvitationState.WAITING] * 2
    with pytest.raises(UserExists):
        invitations.invite(front.joining, front.who, front.clinic.maria.username)  # of a colleague everybody knows anyway


@pytest.mark.parametrize(
    "email",
    [
        *(
            "",
            "nina",
            "@clinic.example",
            "nina@",
            "nina@clinic",
            "nina@@clinic.example",
            "ni na@clinic.example",
            "nina@-x.example",
        ),
        *("nina@clinic.example\r\nBcc: x@evil.example", "nina@clinic.example,x@evil.example", "<nina@clinic.example>"),
        *('"a b"@clinic.example', "nina@[192.0.2.1]", "nïna@clinic.example", ".n@clinic.example", "n.@clinic.example"),
        *("n..n@clinic.example", f"{'n' * 60}@clinic.example", "nina@clinic.example\0", "=cmd@clinic.example"),
    ],
)
def test_what_is_no_address_is_never_written_to(front: Front, email: str) -> None:
    with pytest.raises(BadEmail):
        invitations.invite(front.joining, front.who, email)
    with pytest.raises(BadEmail):
        sign_up.begin(front.joining, email, address="192.0.2.1")
    assert front.office.letters == []


def test_an_address_has_one_spelling() -> None:
    assert email_address.parse(" Nina+x@Clinic.Example ") == "nina+x@clinic.example"


def test_invitations_are_for_administrators_of_the_account_and_for_the_operator(front: Front) -> None:
    colleague = somebody(front.clinic.people.database, front.clinic.clock, front.who.account_id, Role.REPRESENTATIVE)
    stranger = front.stranger()
    made = invitations.invite(front.joining, front.who, NINA)
    for verb in (
        lambda: invitations.invite(front.joining, colleague, "x@clinic.example"),
        lambda: invitations.withdraw(front.joining, colleague, made.id),
    ):
        with pytest.raises(NotPermitted):
            verb()
    for wanted in (made.id, "nothing", "\0"):
        with pytest.raises(NoSuchInvitation):
            invitations.withdraw(front.joining, stranger, wanted)
    assert invitations.of_account(front.joining, stranger) == ()
    with pytest.raises(SessionEnded):
        invitations.invite(front.joining, Member(front.who.account_id, stranger.person_id), "x@clinic.example")
    by_hand = invitations.invite_to(front.joining, stranger.account_id, NINA, administrator=True, by=COMMAND)
    assert by_hand.invited_by == OPERATOR


def test_nobody_is_flooded(database: Database) -> None:
    front = Front(database, letters_per_hour=2, invitations_per_hour=3)
    for email in (NINA, NINA):
        front.invited(email)
    with pytest.raises(TooManyInvitations):
        front.invited(NINA)
    front.invited("other@clinic.example")
    with pytest.raises(TooManyInvitations):
        front.invited("third@clinic.example")
    front.clinic.clock.advance(hours=1)
    front.invited(NINA)
    for _ in range(4):
        sign_up.begin(front.joining, "new@clinic.example", address="192.0.2.1")
    assert [one.to for one in front.office.letters].count("new@clinic.example") == 2
    for _ in range(6):
        sign_up.begin(front.joining, "new@clinic.example", address="192.0.2.1")
    with pytest.raises(TooManyAttempts):
        sign_up.begin(front.joining, "new@clinic.example", address="192.0.2.1")
    sign_up.begin(front.joining, "new@clinic.example", address="192.0.2.99")


def test_without_a_mail_server_nobody_is_invited_and_a_letter_that_was_not_taken_is_told(front: Front) -> None:
    front.office.is_away = True
    with pytest.raises(LetterNotSent):
        front.invited()
    front.office.is_set = False
    with pytest.raises(NoMailServer):
        front.invited()
    with pytest.raises(NoMailServer):
        sign_up.begin(front.joining, NINA, address="192.0.2.1")


# --------------------------------------------------------------------------------------------------------------- sign-up


def opened(code: str, **changes: str) -> Opened:
    return Opened(**{"code": code, "account_name": "Nina's Clinic", "display_name": "Nina", "password": PASSWORD, **changes})


def test_whoever_shows_an_address_opens_an_account_without_anything(front: Front) -> None:
    secret = sign_up.begin(front.joining, NINA, address="192.0.2.1")
    code = front.code()
    person = sign_up.finish(front.joining, secret, opened(code.lower().replace("-", " ")))
    assert person.roles == {Role.ACCOUNT_ADMINISTRATOR}
    assert (front.enter(NINA), person.account_id != front.who.account_id) == (person, True)
    with front.clinic.people.database.read() as tx:
        from_ledger = accounts.ledger_store.balance(tx, person.account_id)
        assert accounts.find(tx, person.account_id).name == "Nina's Clinic"
    assert from_ledger is not None
    assert (from_ledger.available, from_ledger.reserved) == (0, 0)
    with pytest.raises(WrongSignUpCode):
        sign_up.finish(front.joining, secret, opened(code))


def test_a_code_has_three_tries_and_its_minutes_and_is_of_one_sign_up(front: Front) -> None:
    begin = lambda email: (sign_up.begin(front.joining, email, address="192.0.2.1"), front.code())  # noqa: E731  (twice below)
    secret, code = begin(NINA)
    other, other_code = begin("other@clinic.example")
    for wrong in ("", other_code):
        with pytest.raises(WrongSignUpCode):
            sign_up.finish(front.joining, secret, opened(wrong))
    for bad in ("nothing", "", "\0"):
        with pytest.raises(WrongSignUpCode):
            sign_up.finish(front.joining, bad, opened(code))
    with pytest.raises(WrongSignUpCode):
        sign_up.finish(front.joining, secret, opened("AAAA-AAAA-AAAA"))
    with pytest.raises(WrongSignUpCode):  # right, and one too late
        sign_up.finish(front.joining, secret, opened(code))
    front.clinic.clock.advance(minutes=15)
    with pytest.raises(WrongSignUpCode):
        sign_up.finish(front.joining, other, opened(other_code))


def test_what_is_wrong_with_the_rest_costs_no_try(front: Front) -> None:
    secret = sign_up.begin(front.joining, NINA, address="192.0.2.1")
    for _ in range(4):
        with pytest.raises(WeakPassword):
            sign_up.finish(front.joining, secret, opened(front.code(), password=NINA))
        with pytest.raises(BadAccountName):
            sign_up.finish(front.joining, secret, opened(front.code(), account_name=" "))
    assert sign_up.finish(front.joining, secret, opened(front.code())).username == NINA


def test_nobody_learns_whether_an_address_has_access(front: Front) -> None:
    known = front.elsewhere("known@clinic.example").username
    secrets_of = [sign_up.begin(front.joining, email, address="192.0.2.1") for email in (known, NINA)]
    assert len({len(one) for one in secrets_of}) == 1
    assert [len(re.findall(r"\w{4}-\w{4}-\w{4}", one.text)) for one in front.office.letters] == [0, 1]
    told = set()
    for secret in secrets_of:
        with pytest.raises(WrongSignUpCode) as refusal:
            sign_up.finish(front.joining, secret, opened("AAAA-AAAA-AAAA"))
        told.add(refusal.value.detail)
    assert len(told) == 1


def test_where_it_is_not_open_nobody_opens_an_account(database: Database) -> None:
    front = Front(database, open=False)
    with pytest.raises(SignUpClosed):
        sign_up.begin(front.joining, NINA, address="192.0.2.1")
    with pytest.raises(SignUpClosed):
        sign_up.finish(front.joining, "x", opened("AAAA-AAAA-AAAA"))
    assert SignUpConfig().open is False


@pytest.mark.parametrize("config", [{"invitation_hours": 0}, {"code_tries": 11}, {"code_minutes": 61}, {"letters_per_hour": 0}])
def test_rules_that_mean_nothing_are_named(config: dict[str, int]) -> None:
    assert SignUpConfig(**config).unusable() in config  # type: ignore[arg-type]  # as wrong as a settings file may be
