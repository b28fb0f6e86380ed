"""From a form to the issuing verbs and back: what was entered, what it would give, what is wrong with it."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace

from directca.certificates.model import Pair, Record
from directca.direct import names
from directca.direct.oids import OrganizationType
from directca.issuance.issue import issue
from directca.issuance.model import Application, Rehearsal, Verb
from directca.issuance.reissue import reissue
from directca.issuance.renew import renew
from directca.web import written
from directca.web.console import mistakes
from directca.web.console.context import Visit
from directca.web.console.mistakes import Mistakes
from directca.web.forms import Form

FIELDS = ("signing", "encryption", "years", "category", "immediately", "keys")
"""What the forms of this part hold."""

_CALLED = {
    "signingCertificatePkcs10Data": "signing",
    "encryptionCertificatePkcs10Data": "encryption",
    "commonName": "signing",
    "durationYear": "years",
    "organizationType": "category",
    "revokeImmediately": "immediately",
}
"""What the forms call the fields of the API."""

NEW_KEYS = "new"


class NotFilled(Exception):
    """The form lacks something before any verb can be asked."""

    def __init__(self, *found: tuple[str | None, str]) -> None:
        super().__init__(found)
        self.found = found


@dataclass(frozen=True)
class Order:
    """What is asked for: a first pair, or the successor of a pair of the account."""

    verb: Verb
    predecessor: Record | None = None

    @property
    def asks_for_years(self) -> bool:
        """A reissue keeps the expiry date."""
        return self.verb is not Verb.REISSUE


def entered(form: Form) -> dict[str, str]:
    """The fields of the form. A file that was chosen is there in place of the text beside it."""
    fields = {name: form.text(name).strip() for name in FIELDS}
    for name in ("signing", "encryption"):
        file = form.files.get(f"{name}_file", b"")
        if file:
            fields[name] = file.decode("ascii").strip() if file.isascii() else b64encode(file).decode("ascii")
    if fields["signing"] or fields["encryption"]:
        fields["keys"] = NEW_KEYS
    return fields


def carry_out(visit: Visit, order: Order, fields: dict[str, str], key: str | None) -> Pair | Rehearsal:
    """Ask the verb: without a key for a rehearsal, with an idempotency key for the pair. Raises NotFilled, and what it raises."""
    asked = replace(_application(order, fields), idempotency_key=key)
    ca, principal, dry_run = visit.console.issuance, visit.principal, key is None
    if order.predecessor is None:
        return issue(ca, principal, asked, dry_run=dry_run)
    name = names.parse(order.predecessor.identifier)
    succeed = renew if order.verb is Verb.RENEW else reissue
    return succeed(ca, principal, name, asked, dry_run=dry_run)


def wrong(error: Exception, offered: Iterable[str]) -> Mistakes:
    """What the form says of a refusal."""
    if isinstance(error, NotFilled):
        return mistakes.beside(*error.found)
    assert isinstance(error, mistakes.SHOWN)  # its callers catch nothing else
    return mistakes.of(error, offered, _CALLED)


def _application(order: Order, fields: dict[str, str]) -> Application:
    has_keys = order.verb is Verb.ISSUE or fields["keys"] == NEW_KEYS
    lacking = [(name, words) for name, words in _REQUESTS if has_keys and not fields[name]]
    years = written.number(fields["years"])
    if order.asks_for_years and years is None:
        lacking.append(("years", "Choose for how many years."))
    if lacking:
        raise NotFilled(*lacking)
    return Application(
        signing_csr=fields["signing"] if has_keys else None,
        encryption_csr=fields["encryption"] if has_keys else None,
        duration_years=years if order.asks_for_years else None,
        organization_type=_category(fields["category"]),
        revoke_immediately=fields["immediately"] == "yes",
    )


_REQUESTS = (
    ("signing", "Give the certification request of the signing key."),
    ("encryption", "Give the certification request of the encryption key."),
)


def _category(text: str) -> OrganizationType | None:
    if not text:
        return None
    try:
        return OrganizationType(text)
    except ValueError as error:
        raise NotFilled(("category", "Choose one of the categories.")) from error
