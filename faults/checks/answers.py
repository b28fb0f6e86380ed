"""What clients were answered, held against the books: nothing that was answered is lost, and nothing was done twice."""

from collections import defaultdict
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from faults.diary import Exchange
from faults.evidence import Evidence, Row, digest

PURCHASES = frozenset({"issue", "renew", "reissue"})
_TRY_AGAIN = frozenset({0, 401, 429, 500, 502, 503, 504})


def kept(of: Evidence) -> Iterator[str]:
    """Each purchase that was answered is in the books, as it was answered, for the keys that were sent."""
    records = {one["id"]: one for one in of.tables["record"]}
    orders = {one["id"]: one for one in of.tables["certificate_order"]}
    halves: dict[str, dict[str, Row]] = defaultdict(dict)
    for one in of.tables["certificate"]:
        halves[one["record_id"]][one["usage"]] = one
    for bought in _answered(of, PURCHASES):
        told, name = bought.answered, f"{bought.sent['sent']} of {bought.sent['identifier']}"
        record, order = records.get(told["id"]), orders.get(told["order"])
        if record is None or order is None:
            yield f"{name} was answered, and the books have no {'record' if record is None else 'order'} of it"
            continue
        if record["settled"] or record["identifier"] != bought.sent["identifier"] or record["order_id"] != order["id"]:
            yield f"{name} was answered, and its record is another one or came to nothing"
        if order["state"] != "captured" or order["idempotency_key"] != bought.sent["key"]:
            yield f"{name} was answered, and its order is {order['state']}, or another request's"
        ders = [halves[record["id"]].get(usage, {}).get("der") or b"" for usage in ("signing", "encryption")]
        if [digest(der) for der in ders] != told["certificates"]:
            yield f"{name} was answered with other certificates than the books have"
        elif "spki" in bought.sent and [_spki(der) for der in ders] != bought.sent["spki"]:
            yield f"{name} certifies other keys than were sent"


def once(of: Evidence) -> Iterator[str]:
    """No request was answered twice differently under one idempotency key."""
    answers: dict[str, set[str]] = defaultdict(set)
    for bought in _answered(of, PURCHASES):
        told = bought.answered
        answers[bought.sent["key"]].add(f"{told['id']} {told['order']} {told['serials']} {told['certificates']}")
    yield from (f"the key {key} was answered in {len(told)} ways" for key, told in answers.items() if len(told) > 1)


def nothing_more(of: Evidence) -> Iterator[str]:
    """Nothing was bought but what was answered, and every purchase was answered in the end."""
    keys: dict[str, list[Exchange]] = defaultdict(list)
    for one in of.exchanges:
        if one.sent["sent"] in PURCHASES:
            keys[one.sent["key"]].append(one)
    answered = {bought.answered["id"] for bought in _answered(of, PURCHASES)}
    for key, tries in keys.items():
        last = tries[-1]
        if not any(one.done for one in tries):
            outcome = last.answered.get("error", last.status)
            word = "was never answered" if last.status in _TRY_AGAIN else "was refused"
            yield f"{last.sent['sent']} of {last.sent['identifier']} {word}: {outcome} ({len(tries)} tries, key {key})"
    for record in of.tables["record"]:
        if not record["settled"] and record["id"] not in answered:
            yield f"record {record['id']} of {record['identifier']} was issued, and nobody was ever answered so"


def revoked(of: Evidence) -> Iterator[str]:
    """Each revocation that was answered is in the books, for every pair of the name, and every one was answered in the end."""
    by_name: dict[str, list[Row]] = defaultdict(list)
    for one in of.tables["record"]:
        by_name[one["identifier"]].append(one)
    for done in _answered(of, {"revoke"}):
        name = done.sent["identifier"]
        states = {one["state"] for one in by_name[name]}
        if states != {"revoked"}:
            yield f"{name} was revoked, and its records are {sorted(states)}"
        newest = [one for one in by_name[name] if one["id"] == done.answered["id"]]
        if [one["revocation_reason"] for one in newest] != [done.sent["reason"]]:
            yield f"{name} was revoked for {done.sent['reason']}, and the books do not say so"
    finished = {one.sent["identifier"] for one in _answered(of, {"revoke"})}
    for name in sorted({one.sent["identifier"] for one in of.exchanges if one.sent["sent"] == "revoke"} - finished):
        yield f"the revocation of {name} was never answered"


def tokens(of: Evidence) -> Iterator[str]:
    """Each token that was given is in the books."""
    there = {one["digest"] for one in of.tables["oauth_token"]}
    for given in _answered(of, {"token", "sign-in"}):
        if not set(given.answered["tokens"]) <= there:
            yield f"tokens were given by request {given.sent['n']}, and the books do not have them"


def read_back(of: Evidence) -> Iterator[str]:
    """Who was answered finds it afterwards, at whatever node."""
    there = {one["id"] for one in of.tables["record"]}
    for asked in _answered(of, {"query"}):
        if asked.sent["expected"] not in asked.answered["ids"]:
            yield f"query {asked.sent['n']} did not find record {asked.sent['expected']}, which had been answered before"
    for asked in _answered(of, {"retrieve"}):
        if asked.answered["id"] not in there:
            yield f"record {asked.answered['id']} was shown, and the books do not have it"


def no_bugs(of: Evidence) -> Iterator[str]:
    """Whatever happens, nobody is answered 500: that is a bug and no fault of the world's."""
    for one in of.exchanges:
        if one.status == 500:
            yield f"request {one.sent['n']} ({one.sent['sent']}) was answered 500"


def _answered(of: Evidence, kinds: set[str] | frozenset[str]) -> list[Exchange]:
    return [one for one in of.exchanges if one.done and one.sent["sent"] in kinds]


def _spki(der: bytes) -> str:
    key = x509.load_der_x509_certificate(der).public_key()
    return digest(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
