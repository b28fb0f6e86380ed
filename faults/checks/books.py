"""The books in themselves: serials, pairs, certificates, money, the journal's chain, and that it tells of everything."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from faults.evidence import Evidence, Row, detail, digest, moment

_SIDES = {
    ("deposit", "cash", "available"),
    ("authorize", "available", "reserved"),
    ("capture", "reserved", "revenue"),
    ("release", "reserved", "available"),
}
_CLOSED_BY = {"captured": "capture", "released": "release"}


def serials(of: Evidence) -> Iterator[str]:
    """No serial number was given twice, to whatever it was."""
    given = [(one["authority_id"], int(one["serial"], 16)) for one in of.tables["certificate"] + of.tables["ocsp_responder"]]
    for one in of.tables["authority"]:
        given.append((one["parent_id"] or one["id"], of.authority(one["id"]).serial_number))
    for (authority, serial), times in Counter(given).items():
        if times > 1:
            yield f"{authority} gave the serial {serial:x} {times} times"


def pairs(of: Evidence) -> Iterator[str]:
    """Each record is settled, or has both of its certificates; a name stands for one record at most; successors agree."""
    halves: dict[str, dict[str, Row]] = defaultdict(dict)
    for one in of.tables["certificate"]:
        halves[one["record_id"]][one["usage"]] = one
    by_id = {one["id"]: one for one in of.tables["record"]}
    for name in sorted(set(halves) - set(by_id)):
        yield f"certificates of {name}, which is no record"
    for one in by_id.values():
        yield from _pair(one, halves[one["id"]])
        after = by_id.get(one["superseded_by"] or "")
        if one["superseded_by"] and (after is None or after["supersedes"] != one["id"]):
            yield f"record {one['id']} names a successor that does not name it"
    for name, times in Counter(one["identifier"] for one in by_id.values() if one["current"]).items():
        if times > 1:
            yield f"{name} stands for {times} records"


def _pair(record: Row, halves: dict[str, Row]) -> Iterator[str]:
    name = f"record {record['id']}"
    if record["state"] == "intended":
        yield f"{name} was never settled"
        return
    if record["settled"] and record["state"] != "revoked":
        yield f"{name} was settled and is {record['state']}"
    if set(halves) != {"signing", "encryption"}:
        yield f"{name} has the certificates {sorted(halves)}"
    for usage, half in halves.items():
        if half["serial"] != record[f"{usage}_serial"]:
            yield f"{name} has another {usage} serial than its certificate"
        if (half["der"] is None) != bool(record["settled"]):
            yield f"{name} is {'settled and has' if record['settled'] else 'issued and lacks'} its {usage} certificate"


def certificates(of: Evidence) -> Iterator[str]:
    """Each certificate is what was intended, under its own serial, signed by the authority."""
    issuers = {one["id"]: of.authority(one["id"]) for one in of.tables["authority"]}
    for one in of.tables["certificate"] + of.tables["ocsp_responder"]:
        if one["der"] is None:
            continue
        try:
            read = x509.load_der_x509_certificate(one["der"])
            read.verify_directly_issued_by(issuers[one["authority_id"]])
        except (ValueError, InvalidSignature) as error:
            yield f"the certificate {one['serial']} is not one of {one['authority_id']}: {type(error).__name__}"
            continue
        if f"{read.serial_number:x}" != one["serial"] or digest(read.tbs_certificate_bytes) != one["tbs_sha256"]:
            yield f"the certificate {one['serial']} is not the one that was intended"


def ledger(of: Evidence) -> Iterator[str]:
    """Each balance is the sum of its movements, nothing is set aside, and what is gone was captured for a pair that exists."""
    sums: Counter[tuple[str, str]] = Counter()
    for one in of.tables["ledger_movement"]:
        if (one["kind"], one["debit_ledger"], one["credit_ledger"]) not in _SIDES:
            yield f"movement {one['id']} is a {one['kind']} from {one['debit_ledger']} to {one['credit_ledger']}"
        sums[one["account_id"], one["debit_ledger"]] -= one["amount"]
        sums[one["account_id"], one["credit_ledger"]] += one["amount"]
    for one in of.tables["ledger_balance"]:
        account = one["account_id"]
        for name in ("available", "reserved"):
            if one[name] != sums[account, name]:
                yield f"account {account} has {one[name]} {name}, and its movements say {sums[account, name]}"
        if one["reserved"]:
            yield f"account {account} has {one['reserved']} set aside for nothing"
        captured = sum(
            order["amount"]
            for order in of.tables["certificate_order"]
            if order["account_id"] == account and order["state"] == "captured"
        )
        if sums[account, "revenue"] != captured:
            yield f"account {account} paid {sums[account, 'revenue']}, and its orders cost {captured}"


def orders(of: Evidence) -> Iterator[str]:
    """Each order was charged once for its pair, or given back; each record has its order."""
    moved: dict[str, list[Row]] = defaultdict(list)
    for one in of.tables["ledger_movement"]:
        if one["order_id"] is not None:
            moved[one["order_id"]].append(one)
    records = {one["order_id"]: one for one in of.tables["record"]}
    orders = {one["id"]: one for one in of.tables["certificate_order"]}
    for name in sorted(set(records) ^ set(orders)):
        yield f"order {name} and its record are not both there"
    for name in sorted(set(moved) - set(orders)):
        yield f"money moved for {name}, which is no order"
    for order in orders.values():
        settled = records.get(order["id"], {}).get("settled")
        if order["state"] != ("released" if settled else "captured"):
            yield f"order {order['id']} is {order['state']}, and its record is {'settled' if settled else 'not'}"
        kinds = sorted(one["kind"] for one in moved[order["id"]])
        wanted = sorted(("authorize", _CLOSED_BY.get(order["state"], "")))
        if kinds != wanted and (order["amount"] or kinds):
            yield f"order {order['id']} is {order['state']}, and its movements are {kinds}"
        if any(one["amount"] != order["amount"] for one in moved[order["id"]]):
            yield f"order {order['id']} moved another amount than it costs"


def chain(of: Evidence) -> Iterator[str]:
    """The journal is whole: each row's digest covers the row and the one before it, without gaps, up to the head."""
    previous, expected = "0" * 64, 1
    for row in sorted(of.tables["journal"], key=lambda one: int(one["position"])):
        if row["position"] != expected:
            yield f"journal row {expected} is missing"
        if row["previous_digest"] != previous or link(row) != row["digest"]:
            yield f"journal row {row['position']} does not fit the chain"
        previous, expected = row["digest"], row["position"] + 1
    heads = [(one["position"], one["digest"]) for one in of.tables["journal_head"]]
    if heads != [(expected - 1, previous)]:
        yield f"the journal ends at row {expected - 1}, and its head says {[position for position, _ in heads]}"


def link(row: Row) -> str:
    """The digest of a journal row, as the operator's guide tells how to compute it."""
    fields: list[Any] = [row["previous_digest"], row["position"], moment(row["at"]).isoformat(timespec="microseconds")]
    fields += [row[name] for name in ("kind", "actor", "subject", "outcome", "account_id")]
    text = json.dumps([*fields, detail(row)], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return digest(text.encode("ascii"))


def audit(of: Evidence) -> Iterator[str]:
    """The journal tells of each record's intent, of what came of it, and of its end."""
    told: dict[tuple[str, str], Row] = {}
    for row in of.tables["journal"]:
        if row["outcome"] == "success":
            told[row["kind"], row["subject"]] = detail(row)
    for one in of.tables["record"]:
        subject = f"record:{one['id']}"
        for kind in ("certificate.intended", "certificate.settled" if one["settled"] else "certificate.issued"):
            said = told.get((kind, subject), {})
            if any(said.get(name) != one[name] for name in ("signing_serial", "encryption_serial")):
                yield f"the journal has no {kind} with the serials of record {one['id']}"
        if one["state"] in ("revoked", "held") and not one["settled"]:
            at_once = told.get(("certificate.superseded", subject), {}).get("revoked_at_once")
            if not at_once and ("certificate.revoked" if one["state"] == "revoked" else "certificate.held", subject) not in told:
                yield f"record {one['id']} is {one['state']}, and the journal does not tell of it"
