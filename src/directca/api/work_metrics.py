"""What is counted of the work behind requests, for Prometheus: verbs, the wait for a thread, signatures, the turn to write.

Every label is a word of the code, and every series is there from the start: an alarm must see the first failure as a growth.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from directca.api.work import OUTCOMES
from directca.db.engine import STANDBY, STANDBY_OUTCOMES

VERBS = (
    "issue",
    "reissue",
    "renew",
    "revoke",
    "report_compromise",
    "retrieve",
    "query",
    "revoke_many",
    "list_proposals",
    "show_proposal",
    "decide_proposal",
    "show_revocation",
    "list_cases",
    "list_queue",
    "show_case",
    "open_case",
    "edit_case",
    "submit_case",
    "appeal_case",
    "withdraw_case",
    "note_case",
    "decide_case",
    "list_organizations",
    "show_organization",
    "accept_agreement",
    "suspend_organization",
    "end_organization",
    "token",
    "revoke_token",
    "introspect",
    "claim_domain",
    "check_domain",
    "confirm_domain",
    "withdraw_domain",
    "show_domain",
    "authorize_address",
    "withdraw_address",
    "upload_addresses",
    "show_addresses",
    "show_application",
    "create_application",
    "change_application",
    "rotate_secret",
    "fetch_events",
    "acknowledge_events",
    "show_webhook",
    "change_webhook",
    "list_orders",
    "show_order",
    "refund_order",
    "show_account",
    "show_statement",
    "set_alarm",
    "show_top_up",
    "ask_top_up",
    "withdraw_top_up",
    "show_invoice",
    "show_user",
    "change_user",
    "remove_user",
    "show_invitation",
    "invite",
    "withdraw_invitation",
)
SIGNERS = ("authority", "responder")

_VERB_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SHORT_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class WorkMetrics:
    """The counters of one process that answers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        outcomes = Counter("directca_verb_outcomes", "Verbs that ended, by how", ["verb", "outcome"], registry=registry)
        self._outcomes = {(verb, one): outcomes.labels(verb, one) for verb in VERBS for one in OUTCOMES}
        seconds = Histogram(
            "directca_verb_seconds", "Time of a verb in its thread", ["verb"], buckets=_VERB_BUCKETS, registry=registry
        )
        self._seconds = {verb: seconds.labels(verb) for verb in VERBS}
        self._waiting = Gauge(
            "directca_work_waiting", "Requests that wait for a thread", registry=registry, multiprocess_mode="livesum"
        )
        self._wait = Histogram(
            "directca_work_wait_seconds", "Wait of a request for a thread", buckets=_SHORT_BUCKETS, registry=registry
        )
        signature = Histogram(
            "directca_signature_seconds",
            "Time of a signature, with the wait for a core and its verification",
            ["signer"],
            buckets=_SHORT_BUCKETS,
            registry=registry,
        )
        failures = Counter("directca_signature_failures", "Signatures that failed", ["signer"], registry=registry)
        commits = Counter("directca_commit_failures", "Commits of the database that failed", registry=registry)
        turns = Counter("directca_write_turn_failures", "Writers whose turn did not come", registry=registry)
        turn = Histogram(
            "directca_write_turn_seconds", "Wait of a writer for its turn", buckets=_SHORT_BUCKETS, registry=registry
        )
        commit = Histogram("directca_commit_seconds", "Time of a commit", buckets=_SHORT_BUCKETS, registry=registry)
        asked = Counter(
            "directca_standby_questions",
            "Questions that a standby may answer, by what became of them",
            ["outcome"],
            registry=registry,
        )
        self._happened = {(STANDBY, one): asked.labels(one) for one in STANDBY_OUTCOMES}
        self._timed = {
            ("write turn", ""): (turn, turns),
            ("commit", ""): (commit, commits),
            **{("signature", one): (signature.labels(one), failures.labels(one)) for one in SIGNERS},
        }

    def waits(self) -> None:
        """One more request waits for a thread."""
        self._waiting.inc()

    def begins(self, seconds: float) -> None:
        """One has its thread."""
        self._waiting.dec()
        self._wait.observe(seconds)

    def leaves(self) -> None:
        """One was refused, or given up."""
        self._waiting.dec()

    def ended(self, verb: str, outcome: str, seconds: float) -> None:
        """A verb ended."""
        self._outcomes[verb, outcome].inc()
        self._seconds[verb].observe(seconds)

    def told(self, what: str, of: str, seconds: float, succeeded: bool) -> None:
        """Something that a room timed ended, or happened."""
        if (what, of) in self._happened:
            self._happened[what, of].inc()
            return
        times, failures = self._timed[what, of]
        times.observe(seconds)
        if not succeeded:
            failures.inc()
