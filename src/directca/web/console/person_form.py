"""The form in which somebody of an organization is named, with the proofing of their identity.

The numbers of documents are read once and never shown again, not even in a form that comes back with an error.
"""

from directca.vetting.applying import SaidPerson, SaidProofing
from directca.vetting.case_model import PersonRole
from directca.vetting.declarations import CURRENT
from directca.vetting.model import ProofingMethod
from directca.web import written
from directca.web.console import mistakes
from directca.web.console.case_words import METHODS, ROLES
from directca.web.console.mistakes import Mistakes
from directca.web.forms import Form

MOST_DOCUMENTS = 3
SHOWN_AGAIN = (
    "name",
    "title",
    "role",
    "method",
    "verifier",
    "proofed_at",
    "declared_by_representative",
    "declared_by_verifier",
    *(f"evidence_type_{number}" for number in range(1, MOST_DOCUMENTS + 1)),
)
FIELDS = (*SHOWN_AGAIN, "evidence_number_1")
ROLE_CHOICES = tuple((one.value, words) for one, words in ROLES.items())
METHOD_CHOICES = (("", "Not proofed yet"), *((one.value, words) for one, words in METHODS.items()))

CALLED = {
    "evidence": "evidence_type_1",
    "evidence_type": "evidence_type_1",
    "evidence_number": "evidence_number_1",
    "declarations": "declared_by_representative",
    "representative": "name",
}
"""The fields of the form that the verb calls something else."""


def sent(form: Form) -> dict[str, str]:
    """What the form held when it was sent, to be shown again: everything but the numbers."""
    return {name: form.text(name) for name in SHOWN_AGAIN}


def said(form: Form) -> tuple[SaidPerson | None, Mistakes]:
    """The person as the verb takes them, or what is wrong with the form."""
    wrong: list[tuple[str | None, str]] = []
    role = form.text("role")
    if role not in set(PersonRole):
        wrong.append(("role", "Choose one of the list."))
    proofing, missing = _proofing(form)
    wrong += missing
    if wrong:
        return None, mistakes.beside(*wrong)
    return SaidPerson(form.text("name"), form.text("title"), PersonRole(role), proofing), mistakes.NONE


def _proofing(form: Form) -> tuple[SaidProofing | None, list[tuple[str | None, str]]]:
    evidence = [
        (kind, number) for kind, number in (_document(form, one) for one in range(1, MOST_DOCUMENTS + 1)) if kind or number
    ]
    method = form.text("method")
    if not method:
        left = evidence or form.text("verifier").strip() or form.text("proofed_at")
        return None, [("method", "Say how the identity was proofed, or leave all of the proofing empty.")] if left else []
    if method not in set(ProofingMethod):
        return None, [("method", "Choose one of the list.")]
    at = written.day(form.text("proofed_at"))
    if at is None:
        return None, [("proofed_at", "Give the day on which it took place, such as 2026-11-24.")]
    declared = {name: CURRENT if form.text(name) else None for name in ("declared_by_representative", "declared_by_verifier")}
    return SaidProofing(ProofingMethod(method), tuple(evidence), form.text("verifier"), at, **declared), []


def _document(form: Form, number: int) -> tuple[str, str]:
    return form.text(f"evidence_type_{number}").strip(), form.text(f"evidence_number_{number}").strip()
