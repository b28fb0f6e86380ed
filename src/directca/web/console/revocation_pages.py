"""Revoke, suspend and release: the pages that ask, and say what follows. What may be done decides `revocation/revoke.py`."""

from collections.abc import Callable
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from directca.certificates.model import Pair, Record, State
from directca.direct import names
from directca.pki.reasons import RevocationReason
from directca.revocation import policy
from directca.revocation.model import Requester
from directca.revocation.revoke import revoke
from directca.web.console import history, mistakes
from directca.web.console.certificate_page import opened, path_of
from directca.web.console.confirmation import CONFIRMED, Asked, ask, done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import Mistakes
from directca.web.forms import Form

_FINAL = (
    RevocationReason.KEY_COMPROMISE,
    RevocationReason.CESSATION_OF_OPERATION,
    RevocationReason.AFFILIATION_CHANGED,
    RevocationReason.SUPERSEDED,
    RevocationReason.PRIVILEGE_WITHDRAWN,
    RevocationReason.UNSPECIFIED,
)
"""What a holder can say. A compromise of an authority is for its officers."""

_UNDONE = "What was encrypted to these certificates stays readable with your key, so keep it."


def show_revoke(console: Console, request: Request) -> Response:
    """Why it is to be revoked."""
    visit = console.visit(request)
    pair, _ = opened(visit, request)
    return _reasons(visit, request, pair, mistakes.NONE)


def submit_revoke(console: Console, request: Request, form: Form) -> Response:
    """Ask whether it is meant; revoke once that was said."""
    visit = console.sent(request, form)
    pair, records = opened(visit, request)
    chosen = form.text("reason")
    if chosen not in _offered(pair.record):
        return _reasons(visit, request, pair, mistakes.beside(("reason", "Choose why the pair is revoked.")))
    reason = policy.reason(chosen)
    if _is_confirmed(form):
        try:
            return _done(visit, pair, reason)
        except mistakes.SHOWN as error:
            return _reasons(visit, request, pair, mistakes.of(error))
    name = pair.record.identifier
    count = _good(records, console)
    asked = Asked(
        heading=f"Revoke {name}?",
        consequence=f"From this moment on nobody should trust {_pairs(count)} of {name}.",
        points=(
            f"The reason that is published: {history.REASONS[reason]}.",
            "Nobody should accept a signature of these certificates or encrypt to them any more; mail to the name stops.",
            "The revocation list and OCSP say so within a minute. Nothing is paid back.",
            "The keys are never certified again; a new pair needs new ones."
            if reason is RevocationReason.KEY_COMPROMISE
            else "A new pair for the name can be issued afterwards, once identities are shown anew where the policy asks for it.",
        ),
        button=f"Revoke {_both(count)}",
        back=path_of(pair.record),
        undoing=_UNDONE,
        fields=(("reason", chosen), CONFIRMED),
    )
    return ask(visit, request, asked)


def show_hold(console: Console, request: Request) -> Response:
    """Whether a suspension is meant."""
    visit = console.visit(request)
    pair, records = opened(visit, request)
    count = _good(records, console)
    days = console.revocation.policy.rules.hold_maximum // timedelta(days=1)
    asked = Asked(
        heading=f"Suspend {pair.record.identifier}?",
        consequence=f"Nobody can rely on {_pairs(count)} of this name until you release it.",
        points=(f"After {days} days on hold they are revoked for good, by themselves.",),
        button=f"Suspend {_both(count)}",
        back=path_of(pair.record),
        is_final=False,
        undoing="Release the pair on its page.",
        fields=(CONFIRMED,),
    )
    return ask(visit, request, asked)


def submit_hold(console: Console, request: Request, form: Form) -> Response:
    """Suspend, once it was said that it is meant."""
    return _carried_out(console, request, form, RevocationReason.CERTIFICATE_HOLD, show_hold)


def show_release(console: Console, request: Request) -> Response:
    """Whether a release is meant."""
    visit = console.visit(request)
    pair, _ = opened(visit, request)
    asked = Asked(
        heading=f"Release {pair.record.identifier}?",
        consequence="Both certificates are good again, as if they had never been suspended.",
        points=("Release it only if you know that nobody else has had the keys. Otherwise revoke it.",),
        button="Release both certificates",
        back=path_of(pair.record),
        is_final=False,
        undoing="The pair can be suspended again.",
        fields=(CONFIRMED,),
    )
    return ask(visit, request, asked)


def submit_release(console: Console, request: Request, form: Form) -> Response:
    """Release, once it was said that it is meant."""
    return _carried_out(console, request, form, RevocationReason.REMOVE_FROM_CRL, show_release)


def _carried_out(
    console: Console, request: Request, form: Form, reason: RevocationReason, show: Callable[[Console, Request], Response]
) -> Response:
    visit = console.sent(request, form)
    pair, _ = opened(visit, request)
    return _done(visit, pair, reason) if _is_confirmed(form) else show(console, request)


def _done(visit: Visit, pair: Pair, reason: RevocationReason) -> Response:
    """Apply the reason to the name. Raises what the verb raises."""
    requester = Requester(visit.principal.actor, visit.account_id)
    name = names.parse(pair.record.identifier)
    revoke(visit.console.revocation, requester, name, reason)
    return done(path_of(pair.record))


def _reasons(visit: Visit, request: Request, pair: Pair, wrong: Mistakes) -> Response:
    return visit.console.web.pages.render_for(
        visit.visitor,
        request,
        "console/revoke.html",
        wrong.shown,
        record=pair.record,
        reasons=[(one.value, history.REASONS[one]) for one in _FINAL if one.value in _offered(pair.record)],
        errors=wrong.found,
        here=path_of(pair.record),
    )


def _offered(record: Record) -> frozenset[str]:
    """A revoked pair can still be said to have a compromised key, and nothing else."""
    return frozenset(one.value for one in (_FINAL[:1] if record.state is State.REVOKED else _FINAL))


def _is_confirmed(form: Form) -> bool:
    return form.text(CONFIRMED[0]) == CONFIRMED[1]


def _good(records: tuple[Record, ...], console: Console) -> int:
    """How many pairs of the name would change: a revocation is of the name, so that none is left that is good."""
    now = console.clock.now()
    return sum(one.valid_at(now) and one.state in (State.ISSUED, State.HELD) for one in records) or 1


def _both(count: int) -> str:
    return "both certificates" if count == 1 else "all of them"


def _pairs(count: int) -> str:
    return "the pair" if count == 1 else f"the {count} valid pairs"
