"""OCSP as a stranger asks it at one address: about revoked and good certificates, by GET and POST, with both hashes, and about
what it must not vouch for."""

from dataclasses import dataclass

from directca.certificates import census
from directca.certificates.census import Registered
from directca.revocation import responders
from directca.revocation import verification_answers as answers
from directca.revocation import verification_facts as facts
from directca.revocation import verification_ocsp as protocol
from directca.revocation.verification_context import VISIBLE_WITHIN, Visit
from directca.revocation.verification_model import Asked, Fetched
from directca.revocation.verification_ocsp import Question, SeenAnswer

_SILENT = 3
"""After so many requests in a row without an answer the rest is not asked: it would take hours to say the same."""

_SERIAL_BITS, _HASH_OCTETS, _NONCE_OCTETS = 127, 20, 32


@dataclass
class _Asking:
    """One address of an authority; how many requests in a row had no answer."""

    visit: Visit
    address: str
    authority_id: str
    silent: int = 0

    def said(self, check: str, message: str) -> None:
        self.visit.findings.add(check, self.address, message)


def ask_at(visit: Visit, authority_id: str, address: str) -> None:
    """Ask about some certificates of an authority, and say what is wrong with the answers."""
    asking = _Asking(visit, address, authority_id)
    _ask_about_nobody(asking)
    _ask_of_another_issuer(asking)
    _ask_with_nonce(asking)
    chosen = _chosen(visit, authority_id)
    for place, serial in enumerate(chosen):
        if asking.silent >= _SILENT:
            asking.said(
                "ocsp_asked",
                f"It was asked about {place} of {len(chosen)} certificates, then it was silent {_SILENT} times.",
            )
            return
        _ask_about(asking, serial, "sha256" if place % 2 else "sha1")


def _chosen(visit: Visit, authority_id: str) -> tuple[int, ...]:
    """Serials of revoked certificates that have not expired, of the authority's responders, and of good certificates."""
    v = visit.verification
    now = v.clock.now()
    with v.database.scan() as tx:
        revoked = census.some_revoked(tx, authority_id, None if v.all_revoked else v.sample, now, v.chooser)
    with v.database.read() as tx:
        good = census.some_good(tx, authority_id, v.sample, now, v.chooser)
        speaking = tuple(
            int(one.serial, 16) for one in responders.known(tx, authority_id) if one.not_after >= now and one.tbs is None
        )
    return (*revoked, *speaking, *good)


def _ask_about(asking: _Asking, serial: int, algorithm: str) -> None:
    question = Question(asking.visit.certificates[asking.authority_id], serial, algorithm)
    for by_get in (True, False):
        seen, known, changing = _answer(asking, question, by_get=by_get)
        if seen is None or changing:
            continue
        message = protocol.disagreement(seen, known)
        if message is not None:
            asking.said("ocsp_agrees", message)


def _ask_about_nobody(asking: _Asking) -> None:
    """A serial that nobody was given: with 127 random bits nobody ever will be."""
    serial = asking.visit.verification.chooser.getrandbits(_SERIAL_BITS) | 1
    seen, known, _ = _answer(asking, Question(asking.visit.certificates[asking.authority_id], serial), by_get=False)
    if seen is not None and known is None and (message := protocol.disagreement(seen, None)) is not None:
        asking.said("ocsp_only_issued", message)


def _ask_of_another_issuer(asking: _Asking) -> None:
    v = asking.visit.verification
    question = Question(asking.visit.certificates[asking.authority_id], 1)
    name_hash, key_hash = v.chooser.randbytes(_HASH_OCTETS), v.chooser.randbytes(_HASH_OCTETS)
    _, fetched = _send(asking, protocol.request(question, name_hash=name_hash, key_hash=key_hash), by_get=False)
    if fetched is None:
        return
    try:
        word = protocol.refusal(fetched.body)
    except ValueError as error:
        asking.said("ocsp_readable", f"What it answers is no OCSP response: {error}. Look at what serves it.")
        return
    if word != "unauthorized":
        asking.said(
            "ocsp_only_issuer", f"Asked about an issuer that nobody here speaks for, it answers {word} instead of unauthorized."
        )


def _ask_with_nonce(asking: _Asking) -> None:
    v = asking.visit.verification
    serial = v.chooser.getrandbits(_SERIAL_BITS) | 1
    nonce = v.chooser.randbytes(_NONCE_OCTETS)
    issuer = asking.visit.certificates[asking.authority_id]
    _answer(asking, Question(issuer, serial, nonce=nonce), by_get=False)


def _answer(asking: _Asking, question: Question, *, by_get: bool) -> tuple[SeenAnswer | None, Registered | None, bool]:
    """The answer, if it can be relied on as far as it goes; what the register says afterwards; whether that has just changed."""
    v = asking.visit.verification
    asked_at = v.clock.now()
    _, fetched = _send(asking, protocol.request(question), by_get=by_get)
    if fetched is None:
        return None, None, False
    try:
        response = protocol.read(fetched.body)
    except ValueError as error:
        asking.said("ocsp_readable", f"About {question.serial:x}, by {'GET' if by_get else 'POST'}: {error} Look at the log.")
        return None, None, False
    seen = SeenAnswer(question, response, v.clock.now(), v.policy.ocsp.response)
    found = {check.__name__: check(seen) for check in protocol.CHECKS}
    for name, message in found.items():
        if message is not None:
            asking.said(name, message)
    asking.visit.answers += 1
    with v.database.read() as tx:
        known = facts.look_up(tx, asking.authority_id, question.serial)
    changing = known is not None and known.changed_at >= asked_at - VISIBLE_WITHIN
    return (None if found["ocsp_question"] else seen), known, changing


def _send(asking: _Asking, encoded: bytes, *, by_get: bool) -> tuple[Asked, Fetched | None]:
    url = asking.visit.verification.url_of(asking.address)
    if by_get:
        asked = Asked(protocol.url_for_get(url, encoded), answers.MOST_ANSWER_OCTETS)
    else:
        asked = Asked(url, answers.MOST_ANSWER_OCTETS, encoded, answers.OCSP_REQUEST)
    _, fetched = asking.visit.ask(asked)
    usable = answers.is_usable(asking.visit.findings, asking.address, asked, fetched, answers.OCSP_ANSWER)
    asking.silent = 0 if usable else asking.silent + 1
    return asked, fetched if usable else None
