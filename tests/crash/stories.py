"""The verbs that are killed, each with what was there before and what must be there once it was asked for again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.crash.nursery import House, Job
from tests.crash.points import moments

HOUR = 3600.0
ONE = {"idempotency_key": "order-1"}
TWO = {"idempotency_key": "order-2", "years": 2}
THREE = {"idempotency_key": "order-3", "key": 2}
AT_ONCE = {"idempotency_key": "order-4", "revoke_immediately": True}
A_YEAR, TWO_YEARS = 3500, 6500


@dataclass(frozen=True)
class Story:
    """A verb, the flows whose steps it goes through, and how often it commits and signs.

    `states` are the records' states, oldest first, and `spent` the money, once the verb was asked for again after the crash;
    what the crash left settled as revoked is not counted. `done_already` is how it is refused then if it had happened.
    """

    verb: str
    flows: tuple[str, ...]
    commits: int
    signatures: int
    states: tuple[str, ...]
    spent: int
    arguments: Mapping[str, object]
    before: tuple[Job, ...] = ()
    after: float = 60
    done_already: str | None = None

    @property
    def job(self) -> Job:
        """What is done and killed."""
        return Job(self.verb, self.arguments, self.after)

    def moments(self) -> Iterator[str]:
        """Every moment at which it is killed."""
        for flow in self.flows:
            yield from moments(flow)
        for number in range(1, self.commits + 1):
            yield from (f"before commit {number}", f"after commit {number}")
        yield from (f"after signature {number}" for number in range(1, self.signatures + 1))

    def prepare(self, house: House) -> House:
        """Do what comes before."""
        for job in self.before:
            (ended,) = house.run(job)
            assert ended.killed == (job.die_at is not None), ended
            assert ended.refused is None, ended
        return house


ISSUED = (Job("issue", ONE),)
RENEWED = (*ISSUED, Job("reissue", {"idempotency_key": "order-5"}, 1))
HELD = (*ISSUED, Job("revoke", {"reason": "certificateHold"}, 1))
REISSUED = (*ISSUED, Job("reissue", THREE, 1))
AUTHORITY_REVOKED = (*ISSUED, Job("revoke_authority", {"reason": "superseded"}, 1))
PROPOSED = (*REISSUED, Job("propose", {"reason": "keyCompromise"}, 60))
AUTHORITY_PROPOSED = (*ISSUED, Job("hire_officer"), Job("propose_authority", {"reason": "cACompromise"}, 60))
UNWANTED = (*ISSUED, Job("revoke", {"reason": "cessationOfOperation"}, 1), Job("hire"))
ABANDONED = (Job("issue", ONE, die_at="after signature 2"),)
PAIR, LIST = (2, 2), (2, 1)
"""Commits and signatures of a pair, and of a CRL."""

STORIES = {
    "issue": Story("issue", ("issue",), *PAIR, ("issued",), A_YEAR, ONE),
    "renew": Story("renew", ("succession",), *PAIR, ("issued", "issued"), A_YEAR + TWO_YEARS, TWO, ISSUED),
    "reissue": Story("reissue", ("succession",), *PAIR, ("issued", "issued"), A_YEAR, THREE, ISSUED),
    "reissue at once": Story("reissue", ("succession",), *PAIR, ("revoked", "issued"), A_YEAR, AT_ONCE, ISSUED),
    "revoke": Story("revoke", ("revoke", "crl"), 3, 1, ("revoked", "revoked"), A_YEAR, {"reason": "keyCompromise"}, REISSUED),
    "hold": Story("revoke", ("revoke", "crl"), 3, 1, ("held",), A_YEAR, {"reason": "certificateHold"}, ISSUED),
    "release": Story(
        "revoke", ("revoke", "crl"), 3, 1, ("issued",), A_YEAR, {"reason": "removeFromCRL"}, HELD, done_already="not_held"
    ),
    "revoke the authority": Story(
        *("revoke_authority", ("revoke-authority", "crl"), 3, 1, ("issued",), A_YEAR, {"reason": "cACompromise"}, ISSUED),
        done_already="authority_already_revoked",
    ),
    "bring a list": Story("bring", ("root-crl",), 2, 1, ("issued",), A_YEAR, {}, AUTHORITY_REVOKED),
    "revoke many": Story(
        "revoke_many", ("bulk", "crl"), 5, 1, ("revoked", "revoked"), A_YEAR, {"reason": "keyCompromise"}, REISSUED
    ),
    "end an organization": Story(
        *("end_organization", ("end-organization", "bulk", "crl"), 6, 1, ("revoked", "revoked"), A_YEAR, {}, REISSUED),
    ),
    # Upkeep works the order off that the second commit writes down.
    "confirm": Story(
        *("confirm", ("second-officer",), 2, 0, ("revoked", "revoked"), A_YEAR, {}, PROPOSED, 120), done_already="proposal_closed"
    ),
    # The decision, the claim, the revocation, the list, the end.
    "confirm for the authority": Story(
        *("confirm_as_officer", ("second-officer", "revoke-authority", "crl"), 1 + 1 + 1 + 2 + 1, 1, ("issued",), A_YEAR, {}),
        *(AUTHORITY_PROPOSED, 120, "proposal_closed"),
    ),
    "give back": Story("give_back", ("refund",), 1, 0, ("revoked",), 0, {}, UNWANTED),
    "make a responder": Story("make_responder", ("ocsp-responder",), *LIST, ("issued",), A_YEAR, {}, ISSUED),
    "ask": Story("ask", ("ocsp",), 0, 1, ("held",), A_YEAR, {}, (*HELD, Job("make_responder"))),
    # A commit counts the report before it is judged.
    "report": Story("report_compromise", ("report-compromise", "crl"), 4, 1, ("revoked", "revoked"), A_YEAR, {"key": 0}, RENEWED),
    # The list, and another responder in the place of the only one.
    "report a responder": Story(
        *("report_responder", ("report-compromise", "crl", "ocsp-responder"), 2 + 2 + 2, 2, ("issued",), A_YEAR, {}),
        (*ISSUED, Job("make_responder")),
    ),
    "make a list": Story("produce", ("crl",), *LIST, ("held",), A_YEAR, {}, HELD),
    # The overlap of the reissue has ended, which a list shows; the other authority's is due after so long, under its lease; and
    # there was no responder yet.
    "keep": Story(
        *("keep", ("ocsp-responder", "crl"), 1 + 2 + 2 + 4, 3, ("revoked", "issued"), A_YEAR, {}, REISSUED, 73 * HOUR),
    ),
    "begin": Story("begin", ("ocsp-responder", "crl"), 1 + 2 + 2, 2, (), 0, {}, ABANDONED),
}
