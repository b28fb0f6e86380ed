"""An account's webhooks: made, verified, changed, tried out; what was sent to each and what came back; sent once more."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from directca.notices import webhook_log, webhooks
from directca.notices.model import MEANINGS, EventKind
from directca.notices.webhook_log import DeliveryPage
from directca.notices.webhook_model import NewSecret, Webhook
from directca.notices.webhook_verify import WORDS, verify
from directca.web.console import mistakes
from directca.web.console.confirmation import CONFIRMED, Asked, ask, done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.forms import Form
from directca.web.next_page import CONSOLE

WEBHOOKS = f"{CONSOLE}/webhooks"
_FIELDS = ("url", "types")
_LOG = 50


def show_webhooks(console: Console, request: Request) -> Response:
    """Every webhook of the account."""
    visit = console.visit(request)
    found = webhooks.listed(console.webhooks.notices, visit.subscriber)
    return console.web.pages.render_for(visit.visitor, request, "console/webhooks.html", webhooks=found)


def show_new(console: Console, request: Request) -> Response:
    """The form that makes one."""
    return _form(console.visit(request), request, "", ())


def submit_new(console: Console, request: Request, form: Form) -> Response:
    """Make it, and show its secret this once."""
    visit, kinds = console.sent(request, form), _kinds(form)
    try:
        made = webhooks.create(console.webhooks, visit.subscriber, form.text("url").strip(), kinds)
    except mistakes.SHOWN as error:
        return _form(visit, request, form.text("url"), kinds, mistakes.of(error, _FIELDS))
    return _secret(visit, request, made, first=True)


def show_change(console: Console, request: Request) -> Response:
    """The form with what it is now."""
    visit = console.visit(request)
    found = _found(visit, request)
    return _form(visit, request, found.url, found.kinds, about=found)


def submit_change(console: Console, request: Request, form: Form) -> Response:
    """Other types, or another address."""
    visit, kinds = console.sent(request, form), _kinds(form)
    try:
        changed = webhooks.change(
            console.webhooks, visit.subscriber, request.path_params["webhook"], url=form.text("url").strip(), kinds=kinds
        )
    except mistakes.SHOWN as error:
        wrong = mistakes.of(error, _FIELDS)
        return _form(visit, request, form.text("url"), kinds, wrong, _found(visit, request))
    return done(f"{WEBHOOKS}/{changed.id}")


def show_webhook(console: Console, request: Request) -> Response:
    """One webhook: how it stands, and the newest deliveries."""
    return _one(console.visit(request), request)


def submit_webhook(console: Console, request: Request, form: Form) -> Response:
    """Try it out, or ask before its secret is replaced, it is switched off, or deleted."""
    visit, step = console.sent(request, form), form.text("step")
    found = _found(visit, request)
    if step in _STEPS:
        confirmed = form.text(CONFIRMED[0]) == CONFIRMED[1]
        return _confirmed(visit, request, found, step) if confirmed else ask(visit, request, _asked(found, step))
    if step != "test":
        return _one(visit, request, mistakes.beside((None, "Choose what to do.")))
    try:
        webhook_log.try_out(console.webhooks.notices, visit.subscriber, found.id)
    except mistakes.SHOWN as error:
        return _one(visit, request, mistakes.of(error))
    return done(f"{WEBHOOKS}/{found.id}")


def _confirmed(visit: Visit, request: Request, found: Webhook, step: str) -> Response:
    hooks = visit.console.webhooks
    if step == "rotate":
        return _secret(visit, request, webhooks.rotate(hooks, visit.subscriber, found.id), first=False)
    if step == "disable":
        webhooks.switch_off(hooks.notices, visit.subscriber, found.id)
        return done(f"{WEBHOOKS}/{found.id}")
    webhooks.delete(hooks.notices, visit.subscriber, found.id)
    return done(WEBHOOKS)


def submit_verify(console: Console, request: Request, form: Form) -> Response:
    """Send the challenge, and say what came back. It waits for a stranger: its route gives it threads of its own."""
    visit = console.sent(request, form)
    try:
        found = verify(console.webhooks, visit.subscriber, request.path_params["webhook"])
    except (*mistakes.SHOWN, *mistakes.LATER) as error:
        return _one(visit, request, mistakes.of(error))
    return done(f"{WEBHOOKS}/{found.id}")


def show_delivery(console: Console, request: Request) -> Response:
    """What was sent, and each try."""
    visit = console.visit(request)
    return _delivery(visit, request, _page(visit, request))


def submit_delivery(console: Console, request: Request, form: Form) -> Response:
    """Send it once more."""
    visit, at = console.sent(request, form), request.path_params
    try:
        webhook_log.replay(console.webhooks.notices, visit.subscriber, at["webhook"], at["delivery"])
    except mistakes.SHOWN as error:
        return _delivery(visit, request, _page(visit, request), mistakes.of(error))
    return done(f"{WEBHOOKS}/{at['webhook']}/deliveries/{at['delivery']}")


def _found(visit: Visit, request: Request) -> Webhook:
    return webhooks.shown(visit.console.webhooks.notices, visit.subscriber, request.path_params["webhook"])


def _page(visit: Visit, request: Request) -> DeliveryPage:
    at = request.path_params
    return webhook_log.delivery(visit.console.webhooks.notices, visit.subscriber, at["webhook"], at["delivery"])


def _kinds(form: Form) -> tuple[str, ...]:
    return tuple(kind.value for kind in EventKind if form.text(kind.value))


def _one(visit: Visit, request: Request, wrong: Mistakes = NONE) -> Response:
    found = _found(visit, request)
    log = webhook_log.deliveries(visit.console.webhooks.notices, visit.subscriber, found.id, limit=_LOG)
    return visit.console.web.pages.render_for(
        visit.visitor,
        request,
        "console/webhook.html",
        wrong.shown,
        webhook=found,
        deliveries=log,
        most=_LOG,
        errors=wrong.found,
        here=f"{WEBHOOKS}/{found.id}",
    )


def _delivery(visit: Visit, request: Request, page: DeliveryPage, wrong: Mistakes = NONE) -> Response:
    return visit.console.web.pages.render_for(
        visit.visitor,
        request,
        "console/delivery.html",
        wrong.shown,
        page=page,
        words=WORDS,
        errors=wrong.found,
        back=f"{WEBHOOKS}/{page.delivery.webhook_id}",
    )


def _form(
    visit: Visit, request: Request, url: str, kinds: tuple[str, ...], wrong: Mistakes = NONE, about: Webhook | None = None
) -> Response:
    return visit.console.web.pages.render_for(
        visit.visitor,
        request,
        "console/webhook_form.html",
        wrong.shown,
        url=url,
        chosen=kinds,
        meanings=MEANINGS,
        about=about,
        errors=wrong.found,
        wrong=dict(wrong.found),
    )


def _secret(visit: Visit, request: Request, made: NewSecret, *, first: bool) -> Response:
    return visit.console.web.pages.render_for(
        visit.visitor, request, "console/webhook_secret.html", made=made, first=first, target=f"{WEBHOOKS}/{made.webhook.id}"
    )


_STEPS: Mapping[str, tuple[str, str, str, str]] = {
    "rotate": (
        "Replace the secret?",
        "A new secret is shown once. For a day the old one signs as well, so give your receiver both meanwhile.",
        "Replace the secret",
        "",
    ),
    "disable": (
        "Switch the webhook off?",
        "Nothing more is sent to it, and what waits is given up. What happens meanwhile stays in the feed.",
        "Switch it off",
        "Verify it again, and events are sent from then on.",
    ),
    "delete": (
        "Delete the webhook?",
        "Nothing more is sent to it, and the log of its deliveries goes with it.",
        "Delete it",
        "",
    ),
}
"""What is asked before each step: the heading, what follows, the button, and how it can be undone if it can."""


def _asked(found: Webhook, step: str) -> Asked:
    heading, consequence, button, undoing = _STEPS[step]
    return Asked(
        heading=heading,
        consequence=f"{found.url}: {consequence[:1].lower()}{consequence[1:]}",
        button=button,
        back=f"{WEBHOOKS}/{found.id}",
        is_final=not undoing,
        undoing=undoing,
        fields=(("step", step), CONFIRMED),
    )
