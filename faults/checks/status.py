"""What nodes tell strangers agrees with the books, and with one another."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from faults.evidence import Evidence, Word, digest, moment

_SAID = {"issued": "GOOD", "held": "REVOKED", "revoked": "REVOKED"}


def listed(of: Evidence) -> Iterator[str]:
    """Each node serves the newest list, which names what is revoked or held and not expired, and nothing else."""
    published = [one for one in of.tables["crl"] if one["authority_id"] == "issuing" and one["published_at"] is not None]
    newest = max(published, key=lambda one: int(one["number"]), default=None)
    for word in of.words:
        found = x509.load_der_x509_crl(word.crl)
        key = of.authority("issuing").public_key()
        assert isinstance(key, rsa.RSAPublicKey)  # the only kind there is
        if not found.is_signature_valid(key):
            yield f"{word.node} serves a list that the authority did not sign"
        if newest is None or digest(word.crl) != newest["sha256"]:
            yield f"{word.node} serves another list than the newest that was published"
        on_it, wanted = {entry.serial_number for entry in found}, _to_be_listed(of, word.at)
        if missing := wanted - on_it:
            yield f"{word.node} serves a list without {len(missing)} that are revoked, such as {min(missing):x}"
        if more := on_it - wanted:
            yield f"{word.node} serves a list with {len(more)} that are not revoked, such as {min(more):x}"


def numbers(of: Evidence) -> Iterator[str]:
    """Lists only moved forward: a higher number is never dated before a lower one that was published."""
    by_place = defaultdict(list)
    for one in of.tables["crl"]:
        if one["published_at"] is not None:
            by_place[one["authority_id"], one["partition"]].append((one["number"], moment(one["this_update"])))
    for place, found in by_place.items():
        dates = [date for _, date in sorted(found)]
        if dates != sorted(dates):
            yield f"the lists of {place} went back in time"


def answered(of: Evidence) -> Iterator[str]:
    """OCSP says of each serial what the books say, at each node."""
    wanted = {}
    for one in of.tables["record"]:
        for name in ("signing_serial", "encryption_serial"):
            wanted[one[name]] = _SAID.get(one["state"], "")
    for word in of.words:
        yield from _of_node(word, wanted)


def never_good(of: Evidence) -> Iterator[str]:
    """OCSP never said *good* of a serial that was not issued in the end."""
    issued = {one["serial"] for one in of.tables["certificate"] if one["der"] is not None}
    for one in of.exchanges:
        if one.sent["sent"] == "ocsp" and one.answered.get("said") == "GOOD" and one.sent["serial"] not in issued:
            yield f"OCSP said good of {one.sent['serial']}, which is not issued"


def _of_node(word: Word, wanted: dict[str, str]) -> Iterator[str]:
    for serial, said in word.ocsp.items():
        if said != wanted.get(serial):
            yield f"{word.node} says by OCSP that {serial} is {said}, and the books mean {wanted.get(serial)}"


def _to_be_listed(of: Evidence, at: datetime) -> set[int]:
    pairs = {
        int(one[name], 16)
        for one in of.tables["record"]
        for name in ("signing_serial", "encryption_serial")
        if one["authority_id"] == "issuing" and one["state"] in ("held", "revoked") and moment(one["not_after"]) >= at
    }
    return pairs | {
        int(one["serial"], 16)
        for one in of.tables["ocsp_responder"]
        if one["authority_id"] == "issuing" and one["revoked_at"] is not None and moment(one["not_after"]) >= at
    }
