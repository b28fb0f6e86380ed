"""The form that says which pairs of whichever account are to be revoked, and why."""

import re
from collections.abc import Mapping

from directca.certificates.chosen import Selection
from directca.certificates.filters import Filters
from directca.direct import names
from directca.direct.errors import BadDirectName
from directca.direct.names import Kind
from directca.errors import Malformed
from directca.pki.reasons import RevocationReason
from directca.revocation.bulk_model import Wanted
from directca.vetting.case_policy import reason as cleaned_reason
from directca.web.console import mistakes
from directca.web.console.mistakes import NONE, Mistakes

FIELDS = ("organization", "account", "domain", "like", "serials", "reason", "text")
_SERIAL = re.compile(r"[0-9a-f]{1,40}")
_LONGEST = 64
_WORDS = {
    RevocationReason.UNSPECIFIED: "No particular reason",
    RevocationReason.KEY_COMPROMISE: "The keys are compromised",
    RevocationReason.CA_COMPROMISE: "The authority is compromised",
    RevocationReason.AFFILIATION_CHANGED: "The affiliation changed",
    RevocationReason.SUPERSEDED: "They are replaced",
    RevocationReason.CESSATION_OF_OPERATION: "They are not used any more",
    RevocationReason.CERTIFICATE_HOLD: "Suspend them for now",
    RevocationReason.REMOVE_FROM_CRL: "Lift a suspension",
    RevocationReason.PRIVILEGE_WITHDRAWN: "A privilege was withdrawn",
}
REASONS = tuple((one.value, f"{words} ({one.value})") for one, words in _WORDS.items())


def entered(given: Mapping[str, str]) -> dict[str, str]:
    """What the form holds."""
    return {name: given.get(name, "").strip() for name in FIELDS}


def wanted(values: Mapping[str, str]) -> tuple[Wanted | None, Mistakes]:
    """What is asked for, or what is wrong with the form."""
    wrong: list[tuple[str | None, str]] = []
    for name in ("organization", "account"):
        if len(values[name]) > _LONGEST:
            wrong.append((name, "Give the identifier as it stands on its page."))
    serials = tuple(dict.fromkeys(_serial(one) for one in values["serials"].split()))
    if not all(_SERIAL.fullmatch(one) for one in serials):
        wrong.append(("serials", "Give serial numbers in hexadecimal, one a line."))
    try:
        domain = _domain(values["domain"])
    except Malformed as error:
        domain = None
        wrong.append(("domain", error.detail))
    try:
        why = cleaned_reason(values["text"])
    except Malformed:
        why = ""
        wrong.append(("text", "Say why, for the journal."))
    if values["reason"] not in {one.value for one in _WORDS}:
        wrong.append(("reason", "Choose one of the list."))
    if wrong:
        return None, mistakes.beside(*wrong)
    selection = Selection(
        organization_id=values["organization"] or None,
        account_id=values["account"] or None,
        domain=domain,
        filters=Filters(name_like=values["like"].lower()) if values["like"] else None,
        serials=serials,
    )
    return Wanted(selection, RevocationReason(values["reason"]), explanation=why), NONE


def _serial(text: str) -> str:
    return text.lower().replace(":", "").lstrip("0") or "0"


def _domain(text: str) -> str | None:
    if not text:
        return None
    name = names.parse(text, field="domain")
    if name.kind is not Kind.DOMAIN:
        raise BadDirectName("Give a domain, such as direct.example.org.", field="domain")
    return name.value
