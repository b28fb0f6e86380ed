"""`directca account quota`: what one account may obtain and have, beside what the settings say for every account."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from directca.accounts import accounts, quotas
from directca.accounts.quota_config import MOST
from directca.accounts.quotas import Quotas
from directca.cli import present
from directca.cli.commands import Common
from directca.cli.context import Desk, opened
from directca.cli.errors import BadOption
from directca.db.engine import Tx
from directca.issuance import quotas as pairs
from directca.issuance.found import ISSUING

_HELP = "A number, `none`, or `default` for what the settings say."
_ABOUT = {
    "pairs_per_day": "pairs in 24 hours",
    "pairs_per_month": "pairs this month",
    "current_pairs": "current pairs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaOptions(Common):
    """Options of `account quota`."""

    account: Annotated[str, typer.Argument(help="The account's identifier.")]
    per_day: Annotated[str, typer.Option(help=f"Pairs in any 24 hours. {_HELP}")] = ""
    per_month: Annotated[str, typer.Option(help=f"Pairs in a calendar month. {_HELP}")] = ""
    current: Annotated[str, typer.Option(help=f"Current pairs. {_HELP}")] = ""


def set_quota(options: QuotaOptions) -> None:
    """Say how many pairs an account may obtain and have; without options, show it."""
    asked = {"pairs_per_day": options.per_day, "pairs_per_month": options.per_month, "current_pairs": options.current}
    changes = {name: _number(name, said) for name, said in asked.items() if said}
    with opened(options.data) as desk:
        if changes:
            with desk.database.write() as tx:
                quotas.change(tx, options.account, changes, actor=desk.actor, at=desk.clock.now())
        with desk.database.read() as tx:
            accounts.find(tx, options.account)
            data = shown(tx, desk, options.account)
    present.emit(data, as_json=options.as_json, human=present.facts(in_words(data)))


def shown(tx: Tx, desk: Desk, account_id: str) -> dict[str, Any]:
    """Each quota of an account: its number, None without any; whether it was said of this account; and what is used."""
    found: Quotas = quotas.of(tx, account_id, desk.settings.quotas)
    used = asdict(pairs.used(tx, ISSUING, account_id, desk.clock.now()))
    return {
        name: {"most": most or None, "own": name in found.own, "used": used[name]} for name, most in asdict(found.config).items()
    }


def in_words(data: dict[str, Any]) -> dict[str, str]:
    """The same for people."""
    return {_ABOUT[name]: _one(**facts) for name, facts in data.items()}


def _one(*, most: int | None, own: bool, used: int) -> str:
    said = f"{used:,} of {most:,}" if most else f"{used:,}, no quota"
    return f"{said} (of this account alone)" if own else said


def _number(name: str, said: str) -> int | None:
    if said == "default":
        return None
    if said == "none":
        return 0
    if not (said.isascii() and said.isdecimal() and 1 <= int(said[:20]) <= MOST):
        raise BadOption(
            f"{said!r} is no quota. Write a number from 1 to {MOST}, none, or default; to stop an account, suspend it.",
            field=name,
        )
    return int(said)
