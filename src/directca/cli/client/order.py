"""`directca client issue`, `renew` and `reissue`: keys first, then the order, then its certificates."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from directca.cli.client import bundles, folder, keys, present, records
from directca.cli.client.connection import Connection, connect
from directca.cli.client.failures import Misused, Refused
from directca.cli.client.options import Access
from directca.clock import SystemClock
from directca.direct import names
from directca.direct.errors import BadDirectName

_FIELDS = {keys.SIGNING: "signingCertificatePkcs10Data", keys.ENCRYPTION: "encryptionCertificatePkcs10Data"}
_KEY_SIZES = (2048, 3072)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOptions(Access):
    """What all three take."""

    name: Annotated[str, typer.Argument(help="The Direct address or domain.", show_default=False)]
    out: Annotated[Path | None, typer.Option(help="Where the keys and certificates go. Default: a folder named NAME.")] = None
    key_size: Annotated[int, typer.Option(help="2048 or 3072 bits. Certificates that end after 2030 need 3072.")] = 3072
    p12: Annotated[bool, typer.Option("--p12", help="Write PKCS #12 files too: key, certificate and chain in one.")] = False
    p12_password_file: Annotated[Path | None, typer.Option(help="The PKCS #12 files' password; without it you are asked.")] = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Run every check and show the price; issue and charge nothing.")] = (
        False
    )
    idempotency_key: Annotated[
        str | None, typer.Option(help="Your own key for this order. Default: a random one, kept for repetition.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueOptions(OrderOptions):
    """What `issue` takes."""

    years: Annotated[int, typer.Option(min=1, max=3, help="How long: 1, 2 or 3 years.", show_default=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewOptions(OrderOptions):
    """What `renew` takes."""

    years: Annotated[int, typer.Option(min=1, max=3, help="How long: 1, 2 or 3 years.", show_default=False)]
    rekey: Annotated[bool, typer.Option("--rekey", help="Make new keys instead of certifying the same ones again.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReissueOptions(OrderOptions):
    """What `reissue` takes."""

    rekey: Annotated[bool, typer.Option("--rekey", help="Make new keys instead of certifying the same ones again.")] = False


def issue(options: IssueOptions) -> None:
    """Make two keys here and have them certified for a Direct address or domain."""
    _run(
        options,
        folder.Order(
            function="issue", name=_name(options), years=options.years, new_keys=True, idempotency_key=_idempotency_key(options)
        ),
    )


def renew(options: RenewOptions) -> None:
    """Buy a later pair for a name; the pair at hand stays valid until it ends."""
    _run(
        options,
        folder.Order(
            function="renew",
            name=_name(options),
            years=options.years,
            new_keys=options.rekey,
            idempotency_key=_idempotency_key(options),
        ),
    )


def reissue(options: ReissueOptions) -> None:
    """Replace a pair for the rest of its term, free of charge; the old pair is revoked as superseded some days later."""
    _run(
        options,
        folder.Order(
            function="reissue", name=_name(options), years=None, new_keys=options.rekey, idempotency_key=_idempotency_key(options)
        ),
    )


def _run(options: OrderOptions, order: folder.Order) -> None:
    if options.key_size not in _KEY_SIZES:
        raise Misused("--key-size is 2048 or 3072.")
    place = options.out or Path(order.name)
    clock = SystemClock()
    with connect(options.server, options.token_file, clock) as connection:
        if options.dry_run:
            _rehearse(connection, order, place, options)
            return
        password = bundles.password(options.p12_password_file) if options.p12 else None
        generation, record = _place(connection, order, place, options)
    found = folder.complete(place, generation, record)
    if password is not None:
        bundles.write(generation.path, record, found, password)
    folder.settle(place, generation)
    if options.as_json:
        present.verbatim(record.verbatim)
    else:
        present.record(record, clock.now())
        present.files(generation.path)
    if len(found) == len(keys.ROLES):
        return
    if options.p12:
        raise Misused("The certificates are here, but not their private keys; PKCS #12 files can be made where those are.")
    present.note("The private keys of these certificates are not in this folder; they are where you made them.")


def _place(
    connection: Connection, order: folder.Order, place: Path, options: OrderOptions
) -> tuple[folder.Generation, records.Record]:
    generation = folder.begin(place, order)
    if generation.repeated:
        present.note(f"Repeating the order begun in {generation.path}, whose answer was lost. It is charged once.")
    if options.idempotency_key not in {None, generation.order.idempotency_key}:
        raise Misused(f"{generation.path} holds the same order under another Idempotency-Key. Leave --idempotency-key out.")
    requests: dict[str, str] = {}
    if order.new_keys:
        for role in keys.ROLES:
            with present.working(f"Making the {role} key ({options.key_size} bits) …"):
                key = folder.store_key(generation, role, options.key_size)
            requests[role] = keys.certification_request(order.name, key)
    # A crash from here on leaves keys and unfinished.json: the same command repeats the same order.
    try:
        with present.working("Waiting for the authority …"):
            answer = _send(connection, generation.order, _body(order, requests), dry_run=False)
    except Refused as refused:
        if refused.settled:
            folder.mark_refused(generation)
        raise
    return generation, records.record(answer)


def _rehearse(connection: Connection, order: folder.Order, place: Path, options: OrderOptions) -> None:
    requests: dict[str, str] = {}
    if order.new_keys:
        kept = folder.unfinished_keys(place)
        for role in keys.ROLES:
            with present.working(f"Making the {role} key of the dry run …"):
                key = kept.get(role) or keys.make(options.key_size)
            requests[role] = keys.certification_request(order.name, key)
    answer = _send(connection, order, _body(order, requests), dry_run=True)
    if options.as_json:
        present.verbatim(answer)
    else:
        present.rehearsal(answer, SystemClock().now())


def _send(connection: Connection, order: folder.Order, body: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    if order.function == "issue":
        return connection.issue(body, idempotency_key=order.idempotency_key, dry_run=dry_run)
    if order.function == "renew":
        return connection.renew(order.name, body, idempotency_key=order.idempotency_key, dry_run=dry_run)
    return connection.reissue(order.name, body, idempotency_key=order.idempotency_key, dry_run=dry_run)


def _body(order: folder.Order, requests: dict[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {_FIELDS[role]: request for role, request in requests.items()}
    if order.years is not None:
        body["durationYear"] = order.years
    return body


def _name(options: OrderOptions) -> str:
    try:
        return names.parse(options.name).value
    except BadDirectName as error:
        raise Misused(error.detail) from None


def _idempotency_key(options: OrderOptions) -> str:
    return options.idempotency_key or secrets.token_hex(16)
