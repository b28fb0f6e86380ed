"""Keys made in the browser: the page, and what its script asks. Private keys never come here, so nothing is about them.

The script makes keys and requests and sends what the form of an order sends; the answers are those of the same verbs, as JSON.
First a rehearsal, then, with an idempotency key, the pair: the certificates, from which the script makes PKCS #12 files.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from directca.certificates.model import Pair
from directca.issuance.model import Verb
from directca.vetting.proposal_errors import AwaitsApproval
from directca.web.console import ordering
from directca.web.console.certificate_page import path_of
from directca.web.console.confirmation import CONFIRMED
from directca.web.console.context import Console, Visit
from directca.web.console.order_pages import REFUSED, in_json, order_of, what_is_offered
from directca.web.forms import Form
from directca.web.headers import NEVER_KEPT

_FIELDS = ("name", *ordering.FIELDS)
_UPLOAD = (
    "The keys of this page would be gone before that. Make keys and requests with a program of your own and upload the requests:"
    " the same ones are sent again once an officer has approved them."
)
"""Said where the order waits for an officer: keys that are kept nowhere cannot wait."""


def page(verb: Verb) -> Callable[[Console, Request], Response]:
    """The page for an order of this kind."""

    def show(console: Console, request: Request) -> Response:
        visit = console.visit(request)
        order = order_of(visit, request, verb)
        bits = console.issuance.policy.keys.long_life_bits
        return console.web.pages.render_for(
            visit.visitor, request, "console/browser_keys.html", **what_is_offered(visit, order, {}), bits=bits
        )

    return show


def answer(verb: Verb) -> Callable[[Console, Request, Form], Response]:
    """What the script of that page is answered."""

    def submit(console: Console, request: Request, form: Form) -> Response:
        visit = console.sent(request, form)
        order = order_of(visit, request, verb)
        fields = ordering.entered(form)
        key = form.text("key") if form.text(CONFIRMED[0]) == CONFIRMED[1] else None
        try:
            made = ordering.carry_out(visit, order, fields, key)
        except REFUSED as error:
            wrong = ordering.wrong(error, _FIELDS)
            found = [*wrong.found, *([(None, _UPLOAD)] if isinstance(error, AwaitsApproval) else [])]
            return _json({"errors": [list(one) for one in found]}, wrong.shown.status)
        return _json(_pair(visit, made) if isinstance(made, Pair) else {"review": in_json(made)})

    return submit


def _pair(visit: Visit, pair: Pair) -> dict[str, Any]:
    chain = visit.console.chains[pair.record.authority_id]
    return {
        "identifier": pair.record.identifier,
        "signing": _base64(pair.signing.der),
        "encryption": _base64(pair.encryption.der),
        "chain": [_base64(one) for one in chain],
        "page": path_of(pair.record),
    }


def _base64(der: bytes | None) -> str:
    assert der is not None  # the pair has just been issued
    return b64encode(der).decode("ascii")


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(content, status, {"Cache-Control": NEVER_KEPT})
