"""`directca account`: open accounts, let people in, book money."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from directca.accounts import accounts, email_address, ledger, lost_factors, people
from directca.accounts.model import Account, Balance
from directca.accounts.people import NewPerson
from directca.accounts.person import Person, Role
from directca.accounts.policy import ROLE_WORDS
from directca.cli import account_quota, account_users, present
from directca.cli.amounts import cents
from directca.cli.commands import Common, Reason, command, group
from directca.cli.context import opened
from directca.cli.errors import BooksDisagree
from directca.cli.words import new_password
from directca.clock import rfc3339
from directca.oauth import person_access
from directca.oauth.person_access import Access

app = group("account", "TUser accounts, their people and their money.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOptions(Common):
    """Options of `account open`."""

    name: Annotated[str, typer.Argument(help="What the account is called.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneAccount(Common):
    """Options of the commands about one account."""

    account: Annotated[str, typer.Argument(help="The account's identifier.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendOptions(OneAccount):
    """Options of `account suspend`."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositOptions(OneAccount):
    """Options of `account deposit`."""

    dollars: Annotated[str, typer.Argument(help="The amount in US dollars, such as 125.00.")]
    reference: Annotated[str, typer.Option(help="What the money came by, such as a wire's number; booked once.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOptions(OneAccount):
    """Options of `account person`."""

    username: Annotated[str, typer.Argument(help="The name to sign in with.")]
    display_name: Annotated[str, typer.Option(help="How pages greet the person. Default: the user name.")] = ""
    officer: Annotated[bool, typer.Option("--officer", help="The person is an officer of the authority.")] = False
    administrator: Annotated[
        bool, typer.Option("--administrator", help="The person keeps the account's users and applications.")
    ] = False
    password_file: Annotated[Path | None, typer.Option(help="Take the password from this file. Default: make one.")] = None
    email: Annotated[str, typer.Option(help="Where letters reach the person. Default: nowhere.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePerson(Common):
    """Options of the commands about one person."""

    username: Annotated[str, typer.Argument(help="The name that the person signs in with.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordOptions(OnePerson):
    """Options of `account password`."""

    password_file: Annotated[Path | None, typer.Option(help="Take the password from this file. Default: make one.")] = None
    withdraw_applications: Annotated[
        bool, typer.Option("--withdraw-applications", help="Also end all access that the person granted to applications.")
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReasonOptions(OnePerson):
    """Options of `account suspend-person` and of `account reset-factors`."""

    reason: Reason


def open_account(options: OpenOptions) -> None:
    """Open an account, active and with an empty balance."""
    with opened(options.data) as desk, desk.database.write() as tx:
        made = accounts.open_account(tx, options.name, actor=desk.actor, at=desk.clock.now(), random=desk.random)
    present.emit(_account(made), as_json=options.as_json, human=f"Opened {made.name}: {made.id}")


def list_accounts(options: Common) -> None:
    """List every account, oldest first."""
    with opened(options.data) as desk, desk.database.read() as tx:
        rows = [_account(one) | _balance(ledger.balance(tx, one.id)) for one in accounts.every(tx)]
    table = present.listing(
        ("account", "name", "status", "available", "reserved", "opened"),
        [
            (
                row["id"],
                row["name"],
                row["status"],
                ledger.money(row["available_cents"]),
                ledger.money(row["reserved_cents"]),
                row["created_ts"],
            )
            for row in rows
        ],
        empty="There is no account yet. Open one: directca account open NAME",
    )
    present.emit(rows, as_json=options.as_json, human=table)


def show(options: OneAccount) -> None:
    """Show one account, its people, its quotas and its movements of money."""
    with opened(options.data) as desk:
        with desk.database.read() as tx:
            found = accounts.find(tx, options.account)
            balance = ledger.balance(tx, found.id)
            movements = ledger.statement(tx, found.id)
            quotas = account_quota.shown(tx, desk, found.id)
        members = people.people_of(desk.people, found.id)
    data = _account(found) | _balance(balance) | {"quotas": quotas}
    data["people"] = [{"username": one.username, "roles": sorted(one.roles), "status": one.status.value} for one in members]
    data["movements"] = [
        {
            "at": rfc3339(one.at),
            "kind": one.kind.value,
            "cents": one.amount,
            "order_id": one.order_id,
            "reference": one.reference,
        }
        for one in movements
    ]
    summary = {
        "account": found.id,
        "name": found.name,
        "status": found.status,
        "opened": rfc3339(found.created_at),
        "available": ledger.money(balance.available),
        "reserved": ledger.money(balance.reserved),
        "people": [
            f"{one.username} ({', '.join([*(ROLE_WORDS[role] for role in sorted(one.roles)), one.status])})" for one in members
        ],
        **account_quota.in_words(quotas),
    }
    present.emit(data, as_json=options.as_json, human=present.facts(summary))
    if not options.as_json and movements:
        present.space()
        rows = [(rfc3339(one.at), one.kind, ledger.money(one.amount), one.order_id or one.reference) for one in movements]
        present.emit(None, as_json=False, human=present.listing(("at", "movement", "amount", "for"), rows, empty=""))


def deposit(options: DepositOptions) -> None:
    """Book money that arrived for an account."""
    amount = cents(options.dollars)
    with opened(options.data) as desk, desk.database.write() as tx:
        balance = ledger.deposit(tx, options.account, amount, reference=options.reference, actor=desk.actor, at=desk.clock.now())
    human = f"Booked {ledger.money(amount)}. Available now: {ledger.money(balance.available)}"
    present.emit(_balance(balance), as_json=options.as_json, human=human)


def suspend(options: SuspendOptions) -> None:
    """Stop everything an account may do. Its certificates stay valid."""
    with opened(options.data) as desk, desk.database.write() as tx:
        moved = accounts.suspend(tx, options.account, actor=desk.actor, reason=options.reason, at=desk.clock.now())
    present.emit(_account(moved), as_json=options.as_json, human=f"{moved.name} is suspended.")


def resume(options: OneAccount) -> None:
    """Lift an account's suspension."""
    with opened(options.data) as desk, desk.database.write() as tx:
        moved = accounts.resume(tx, options.account, actor=desk.actor, at=desk.clock.now())
    present.emit(_account(moved), as_json=options.as_json, human=f"{moved.name} is active again.")


def add_person(options: PersonOptions) -> None:
    """Let a person sign in for an account. The password is shown this once."""
    with opened(options.data) as desk:
        password = _password(options.password_file, desk.random)
        chosen = {Role.OFFICER: options.officer, Role.ACCOUNT_ADMINISTRATOR: options.administrator}
        granted = frozenset(role for role, is_given in chosen.items() if is_given)
        new = NewPerson(options.account, options.username, options.display_name, password, granted)
        email = email_address.parse(options.email) if options.email else None
        made = people.create(desk.people, new, actor=desk.actor, email=email)
    _show_password(made.username, password, made_here=options.password_file is None, as_json=options.as_json)


def set_password(options: PasswordOptions) -> None:
    """Give a person a new password and end their sessions. It is shown this once."""
    with opened(options.data) as desk:
        password = _password(options.password_file, desk.random)
        withdraw = options.withdraw_applications
        access = person_access.set_password(
            desk.oauth, desk.people, options.username, password, actor=desk.actor, withdraw=withdraw
        )
    _show_password(
        access.person.username, password, made_here=options.password_file is None, as_json=options.as_json, access=access
    )


def suspend_person(options: PersonReasonOptions) -> None:
    """Keep one person out and end all access that the person granted. The account goes on."""
    with opened(options.data) as desk:
        access = person_access.suspend(desk.oauth, desk.people, options.username, actor=desk.actor, reason=options.reason)
    data = _person(access.person) | {"applications_withdrawn": access.withdrawn}
    human = f"{access.person.username} is suspended. {_applications(access.withdrawn)} lost access."
    present.emit(data, as_json=options.as_json, human=human)


def resume_person(options: OnePerson) -> None:
    """Let a suspended person sign in again. What the person had granted stays withdrawn."""
    with opened(options.data) as desk:
        resumed = people.resume(desk.people, options.username, actor=desk.actor)
    human = f"{resumed.username} may sign in again. Applications have to be allowed anew."
    present.emit(_person(resumed), as_json=options.as_json, human=human)


def reset_factors(options: PersonReasonOptions) -> None:
    """Take away the second factors and recovery codes of a person who has lost them, and end their sessions."""
    with opened(options.data) as desk:
        person, removed = lost_factors.reset(desk.people, options.username, actor=desk.actor, reason=options.reason)
    human = f"{person.username} has no second factor any more; {removed} were taken away."
    if person.is_staff:
        human += " The next sign-in begins with adding one. Give a new password too, if somebody else may know it."
    present.emit(_person(person) | {"factors_removed": removed}, as_json=options.as_json, human=human)


def check_books(options: Common) -> None:
    """Add up the whole ledger and say whether every balance agrees with its entries."""
    with opened(options.data) as desk, desk.database.read() as tx:
        trial = ledger.trial_balance(tx)
    if trial.problems:
        raise BooksDisagree(f"The books do not agree: {'; '.join(trial.problems)}. Stop signing and restore or correct them.")
    data = {name.value: cents for name, cents in trial.totals.items()}
    table = present.listing(("ledger", "credit"), [(name, ledger.money(cents)) for name, cents in trial.totals.items()], empty="")
    present.emit(data, as_json=options.as_json, human=table)


command(app, "open", OpenOptions, open_account)
command(app, "list", Common, list_accounts)
command(app, "show", OneAccount, show)
command(app, "deposit", DepositOptions, deposit)
command(app, "suspend", SuspendOptions, suspend)
command(app, "resume", OneAccount, resume)
command(app, "person", PersonOptions, add_person)
command(app, "password", PasswordOptions, set_password)
command(app, "suspend-person", PersonReasonOptions, suspend_person)
command(app, "resume-person", OnePerson, resume_person)
command(app, "quota", account_quota.QuotaOptions, account_quota.set_quota)
command(app, "reset-factors", PersonReasonOptions, reset_factors)
command(app, "invite", account_users.InviteOptions, account_users.invite)
command(app, "invitations", account_users.InvitationsOptions, account_users.list_invitations)
command(app, "address", account_users.AddressOptions, account_users.set_address)
command(app, "remove-person", account_users.RemoveOptions, account_users.remove_person)
command(app, "check", Common, check_books)


def _account(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "status": account.status.value,
        "created_ts": rfc3339(account.created_at),
    }


def _balance(balance: Balance) -> dict[str, Any]:
    return {"available_cents": balance.available, "reserved_cents": balance.reserved}


def _password(file: Path | None, random: Any) -> str:
    return new_password(random) if file is None else file.read_text("utf-8").rstrip("\r\n")


def _show_password(username: str, password: str, *, made_here: bool, as_json: bool, access: Access | None = None) -> None:
    data: dict[str, Any] = {"username": username} | ({"password": password} if made_here else {})
    human = f"{username} signs in with the password {password}" if made_here else f"{username} has the password of the file."
    if access is not None:
        data |= {"applications_withdrawn": access.withdrawn, "applications_with_access": access.kept}
        human += f"\n{_about_access(access)}"
    present.emit(data, as_json=as_json, human=human)


def _about_access(access: Access) -> str:
    if access.kept:
        verb = "keeps" if access.kept == 1 else "keep"
        return f"{_applications(access.kept)} {verb} access in this person's name. To end that too, add --withdraw-applications."
    return f"{_applications(access.withdrawn)} lost access." if access.withdrawn else "No application has access."


def _applications(number: int) -> str:
    return {0: "No application", 1: "1 application"}.get(number, f"{number} applications")


def _person(person: Person) -> dict[str, Any]:
    return {"username": person.username, "account": person.account_id, "status": person.status.value}
