"""`directca root-crl`: the root's list when the root's key is kept on a machine of its own.

`export` and `import` run where the authority serves; `make` runs where the key is, and needs nothing but the files it is given.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

from directca import rooms
from directca.cli import present
from directca.cli.commands import Common, Spoken, command, group
from directca.cli.context import operator
from directca.cli.errors import BadOption, CrlRefused, NotConfirmed
from directca.cli.new_file import refuse_taken, write_new
from directca.clock import SystemClock, rfc3339
from directca.desk import Desk, open_desk
from directca.issuance.found import ROOT
from directca.pki import profiles
from directca.pki.certificate_view import read_issuer
from directca.pki.lints.errors import LintFailed
from directca.pki.profiles import Policy
from directca.revocation import authority_status, offline_list, offline_order
from directca.revocation.brought_list import MOST_OCTETS
from directca.revocation.context import Revocation
from directca.revocation.model import ListFacts
from directca.revocation.offline_list import MadeList
from directca.revocation.offline_order import Order, described, next_number
from directca.settings import PASSPHRASE_VARIABLE
from directca.signing.authority import Authority as SigningAuthority

app = group("root-crl", "The root's revocation list, when the root's key is kept offline.")

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions(Common):
    """Options of `export`."""

    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The order, a new file to carry to the root's key.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeOptions(Spoken):
    """Options of `make`."""

    order: Annotated[Path, typer.Option("--order", metavar="FILE", help="The order that `export` wrote.")]
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The root's key file.")]
    certificate: Annotated[Path, typer.Option("--certificate", metavar="FILE", help="The root's certificate, PEM or DER.")]
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The list, a new file to carry back.")]
    next_update_days: Annotated[int, typer.Option(min=1, max=400, help="For how many days the list is good.")] = 180
    passphrase_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"What opens the key file; else {PASSPHRASE_VARIABLE}, else you are asked."),
    ] = None
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the list is signed.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions(Common):
    """Options of `import`."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="The list that `make` wrote.")]


def export(options: ExportOptions) -> None:
    """Write the order: what the root's next list must say. Nothing is changed, and the file holds no secret."""
    with _without_keys(options.data) as (desk, ca):
        with desk.database.read() as tx:
            entry = authority_status.find(tx, ROOT)
        order = offline_list.order(ca, entry, desk.settings.policy.read_text("utf-8"), actor=operator())
    content = offline_order.write(order)
    write_new(options.out, content)
    data = {"file": str(options.out), "sha256": sha256(content).hexdigest(), **_ordered(order)}
    human = (
        f"{_in_words(order)}\nWrote {options.out}, SHA-256 {data['sha256']}. Carry it to the root's key: directca root-crl make"
    )
    present.emit(data, as_json=options.as_json, human=human)


def make(options: MakeOptions) -> None:
    """Sign the root's list on the machine where its key is, as an order says, after showing what it will say."""
    content = options.order.read_bytes()
    order = offline_order.read(content)
    policy = profiles.load(order.policy.encode()).for_offline_lists()
    lasts = options.next_update_days * _DAY
    if lasts > policy.crl.next_update:
        raise BadOption(
            f"The policy lets such a list be good for {policy.crl.next_update // _DAY} days at most.", field="next_update_days"
        )
    refuse_taken(options.out)
    root = _root(options, policy)
    offline_list.check_is_for(order, root)
    if not options.yes and not _confirmed(order, content, options.next_update_days):
        raise NotConfirmed("Nothing was signed.")
    made = _made(order, root, lasts)
    write_new(options.out, made.der)
    data = {
        "file": str(options.out),
        "sha256": sha256(made.der).hexdigest(),
        "number": made.number,
        "entries": made.entries,
        "this_update": rfc3339(made.this_update),
        "next_update": rfc3339(made.next_update),
    }
    human = (
        f"Wrote {options.out}: number {made.number}, entries {made.entries}, good until {rfc3339(made.next_update)}. "
        f"Carry it to the authority: directca root-crl import {options.out.name}"
    )
    present.emit(data, as_json=options.as_json, human=human)


def bring(options: ImportOptions) -> None:
    """Publish a list that was made offline, once it was held against the register: no entry missing, none unexplained."""
    with options.file.open("rb") as file:
        encoded = file.read(MOST_OCTETS + 1)
    with _without_keys(options.data) as (desk, ca):
        with desk.database.read() as tx:
            entry = authority_status.find(tx, ROOT)
        published = offline_list.bring(ca, entry, encoded, actor=operator())
    human = f"Published: number {published.number}, entries {published.entries}, good until {rfc3339(published.next_update)}."
    present.emit(_published(published), as_json=options.as_json, human=human)


@contextmanager
def _without_keys(data: Path) -> Iterator[tuple[Desk, Revocation]]:
    """The authority of a data folder as far as it works without any key or passphrase."""
    desk = open_desk(data)
    with closing(desk.database):
        yield desk, Revocation(desk.database, desk.clock, desk.policy, {})


def _root(options: MakeOptions, policy: Policy) -> SigningAuthority:
    content = options.certificate.read_bytes()
    try:
        load = load_pem_x509_certificate if content.lstrip().startswith(b"-----") else load_der_x509_certificate
        certificate = load(content).public_bytes(Encoding.DER)
        read_issuer(certificate)
    except ValueError as error:
        raise BadOption(f"{options.certificate} is not a CA's certificate in PEM or DER.", field="certificate") from error
    try:
        return rooms.offline_authority(certificate, options.key, _passphrase(options), policy)
    except LintFailed as error:
        raise CrlRefused(f"The certificate is not one of this policy: {error}.") from error


def _made(order: Order, root: SigningAuthority, lasts: timedelta) -> MadeList:
    try:
        return offline_list.make(order, root, SystemClock().now(), lasts)
    except LintFailed as error:
        raise CrlRefused(f"The authority's own checks refuse this list: {error}. Export a new order.") from error


def _passphrase(options: MakeOptions) -> bytes:
    if options.passphrase_file is not None:
        return options.passphrase_file.read_bytes().strip()
    spoken = os.environ.get(PASSPHRASE_VARIABLE)
    return (spoken or typer.prompt("Passphrase of the root's key", hide_input=True, err=True)).encode()


def _confirmed(order: Order, content: bytes, days: int) -> bool:
    about = f"Order of {rfc3339(order.made_at)}, SHA-256 {sha256(content).hexdigest()}."
    return typer.confirm(
        f"{_in_words(order)}\n{_number(order, SystemClock().now())}\n{about}\nSign this list, good for {days} days?", err=True
    )


def _in_words(order: Order) -> str:
    if not order.entries:
        return f"The next list of {order.subject} revokes nothing."
    lines = [f"The next list of {order.subject} revokes:"]
    for one in map(described, order.entries):
        since = "" if one["invalidity_date"] is None else f", suspect since {one['invalidity_date']}"
        why = one["reason"] or "no reason given"
        lines.append(f"  {one['serial']}  {one['name'] or 'unknown name'}: {why}, {one['revoked_at']}{since}")
    return "\n".join(lines)


def _number(order: Order, now: datetime) -> str:
    """The number of the list and what it means: who may never use up the numbers must see it. Raises CrlNumberFar."""
    number = next_number(order.number_above, now)
    ahead = number - int(now.timestamp())
    if not ahead:
        return f"Its number will be about {number}, the time in seconds, as it should be."
    far = f"{ahead / _DAY.total_seconds():,.1f} days" if ahead >= _DAY.total_seconds() else f"{ahead:,} seconds"
    return (
        f"Its number will be {number}, which is AHEAD of the time in seconds by {far}. That is right only if a clock ran ahead "
        f"where lists are made. Every later list must be above it. The last number there must be {order.number_above}."
    )


def _ordered(order: Order) -> dict[str, Any]:
    return {"subject": order.subject, "number_above": order.number_above, "entries": [described(one) for one in order.entries]}


def _published(published: ListFacts) -> dict[str, Any]:
    return {
        "number": published.number,
        "entries": published.entries,
        "this_update": rfc3339(published.this_update),
        "next_update": rfc3339(published.next_update),
        "sha256": published.sha256,
    }


command(app, "export", ExportOptions, export)
command(app, "make", MakeOptions, make)
command(app, "import", ImportOptions, bring)
