"""What an account is told, billed and credited, and the files that it brings: once, whole, and without a gap."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from faults.evidence import Evidence, Row, moment
from tests.webhook_receiver import Received

_TOLD = ("certificate.issued", "certificate.held", "certificate.released", "certificate.revoked")
_PICKED_UP_WITHIN = timedelta(seconds=5)
"""So long after something is due it is sent, where a process sends."""
_DOCUMENTS = {"capture": "invoice", "refund": "credit_note", "deposit": "receipt"}


def feed(of: Evidence) -> Iterator[str]:
    """The events of each account are numbered without a gap, and each row of the journal that was followed is told once."""
    places: dict[str, list[int]] = defaultdict(list)
    rows = {row["position"]: row for row in of.tables["journal"]}
    for one in of.tables["event"]:
        places[one["account_id"]].append(one["position"])
        told = rows.get(one["journal_position"])
        if told is None or (told["account_id"], told["subject"], told["kind"]) != (
            one["account_id"],
            one["subject"],
            one["kind"],
        ):
            yield f"event {one['position']} of {one['account_id']} tells what the journal does not"
    heads = {one["account_id"]: one["position"] for one in of.tables["event_head"]}
    for account in sorted(set(places) | set(heads)):
        if sorted(places[account]) != list(range(1, heads.get(account, 0) + 1)):
            yield f"the events of {account} are not numbered from 1 to {heads.get(account, 0)}"
    followed = max((one["position"] for one in of.tables["event_mark"]), default=0)
    times = Counter(one["journal_position"] for one in of.tables["event"])
    for row in of.tables["journal"]:
        tells = row["kind"] in _TOLD and row["outcome"] == "success" and row["account_id"] is not None
        if times[row["position"]] != 1 and tells and row["position"] <= followed:
            yield f"journal row {row['position']} ({row['kind']}) was told {times[row['position']]} times"


def deliveries(of: Evidence) -> Iterator[str]:
    """Each event since the webhook works reaches it at least once, as it is in the books, under the webhook's signature."""
    arrived: dict[str, list[Received]] = defaultdict(list)
    for message in of.arrived:
        arrived[message.headers["directca-delivery"]].append(message)
        if not message.signed_with(of.secret):
            yield f"a message about {message.headers['directca-event']} is not signed with the webhook's secret"
    known = {one["id"]: one for one in of.tables["webhook_delivery"]}
    yield from (f"the message {one} arrived, and the books do not have it" for one in sorted(set(arrived) - set(known)))
    for one in known.values():
        if any(found.body.decode() != one["body"] for found in arrived[one["id"]]):
            yield f"the message {one['id']} arrived with other words than the books have"
        if one["state"] == "delivered" and not arrived[one["id"]]:
            yield f"the message {one['id']} counts as delivered, and never arrived"
        if one["state"] == "failed" or (one["state"] == "waiting" and not _goes_on(of, one)):
            yield f"the message {one['id']} is {one['state']}, and nobody sends it"
    yield from _left_out(of)


def _left_out(of: Evidence) -> Iterator[str]:
    """Events of which the books have no message to the webhook, or several."""
    times = Counter(one["event_id"] for one in of.tables["webhook_delivery"])
    for hook in of.tables["webhook"]:
        if hook["state"] != "active":
            yield f"the webhook {hook['id']} is {hook['state']}"
        mine = [one for one in of.tables["event"] if one["account_id"] == hook["account_id"]]
        first = min((one["position"] for one in mine if times[one["id"]]), default=1)
        for one in mine:
            if one["position"] >= first and times[one["id"]] != 1:
                yield f"event {one['position']} of {one['account_id']} has {times[one['id']]} messages"


def _goes_on(of: Evidence, delivery: Row) -> bool:
    """Whether what waits has its reason: a node that died has the lease until it has run out; a webhook at which something did
    not arrive is left alone for a while, and so is the message; or it is due since a moment ago."""
    (word, *_) = of.words
    rests = [one["wait_until"] for one in of.tables["webhook"] if one["id"] == delivery["webhook_id"]]
    until = [one["expires_at"] for one in of.tables["lease"] if one["name"] == "deliveries"]
    due = max(moment(one) for one in (*rests, delivery["next_at"]) if one is not None)
    return due > word.at - _PICKED_UP_WITHIN or any(moment(one) > word.at for one in until)


def invoices(of: Evidence) -> Iterator[str]:
    """Documents are numbered without a gap, and each movement of money that was looked at has the one it must have."""
    numbers: dict[tuple[str, int], list[int]] = defaultdict(list)
    about: dict[int, list[Row]] = defaultdict(list)
    for one in of.tables["invoice"]:
        numbers[one["kind"], one["year"]].append(one["sequence"])
        about[one["movement_id"]].append(one)
    for (kind, year), found in sorted(numbers.items()):
        if sorted(found) != list(range(1, len(found) + 1)):
            yield f"the numbers of {kind} in {year} have gaps or doubles"
    looked = max((one["movement_id"] for one in of.tables["invoice_mark"]), default=0)
    for movement in of.tables["ledger_movement"]:
        wanted = [_DOCUMENTS[movement["kind"]]] if movement["kind"] in _DOCUMENTS and movement["amount"] else []
        kinds = [one["kind"] for one in about.pop(movement["id"], [])]
        if kinds != wanted and movement["id"] <= looked:
            yield f"movement {movement['id']} is a {movement['kind']}, and its documents are {kinds}"
        if wanted and movement["id"] > looked:
            yield f"movement {movement['id']} is a {movement['kind']}, and nobody made its document"
    yield from (f"a document is about movement {one}, which is none" for one in sorted(about))


def top_ups(of: Evidence) -> Iterator[str]:
    """Each payment that was announced is there once, and was credited once when, and only when, it was booked."""
    known = {one["id"]: one for one in of.tables["top_up"]}
    deposits: dict[str, list[int]] = defaultdict(list)
    for one in of.tables["ledger_movement"]:
        if one["kind"] == "deposit":
            deposits[one["reference"]].append(one["amount"])
    keys: dict[str, set[str]] = defaultdict(set)
    for told in (one for one in of.exchanges if one.done and one.sent["sent"] == "announce"):
        keys[told.sent["key"]].add(told.answered["id"])
        found = known.get(told.answered["id"])
        if found is None or (found["reference"], found["amount"]) != (told.answered["reference"], told.sent["amount"]):
            yield f"the payment {told.answered['reference']} was answered, and the books do not have it so"
    yield from (f"the key {key} announced {len(ids)} payments" for key, ids in keys.items() if len(ids) > 1)
    booked = {one.sent["reference"] for one in of.exchanges if one.done and one.sent["sent"] == "book"}
    for one in known.values():
        wanted = [one["received"]] if one["state"] == "received" else []
        if deposits[one["reference"]] != wanted:
            yield f"the payment {one['reference']} is {one['state']}, and {len(deposits[one['reference']])} times credited"
        if one["reference"] in booked and one["state"] != "received":
            yield f"the payment {one['reference']} was booked, and is {one['state']}"


def uploads(of: Evidence) -> Iterator[str]:
    """Each file of addresses that was answered came to its end, and all of it counts or nothing."""
    known = {one["id"]: one for one in of.tables["address_upload"]}
    standing = Counter(
        f"{one['mailbox']}@{one['domain']}" for one in of.tables["mailbox_authority"] if one["withdrawn_at"] is None
    )
    yield from (f"{name} is authorized {times} times" for name, times in standing.items() if times > 1)
    for told in (one for one in of.exchanges if one.done and one.sent["sent"] == "upload"):
        found, wanted = known.get(told.answered["id"]), "refused" if told.sent["wrong"] else "applied"
        if found is None or found["state"] != wanted:
            yield f"file {told.answered['id']} is {'lost' if found is None else found['state']}, and was to be {wanted}"
            continue
        there = [name for name in told.sent["addresses"] if standing[name]]
        if len(there) != (len(told.sent["addresses"]) if wanted == "applied" else 0):
            yield f"file {told.answered['id']} was {wanted}, and {len(there)} of its addresses are authorized"
