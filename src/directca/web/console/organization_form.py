"""The form with the facts about an organization: what it shows, and what was said in it."""

from collections.abc import Mapping
from typing import Any

from directca.direct.oids import OrganizationType
from directca.vetting.case_model import CaseFacts, ExistenceEvidence
from directca.vetting.declarations import CURRENT
from directca.web.console import mistakes
from directca.web.console.case_words import EXISTENCE, FACTS, TYPES
from directca.web.console.mistakes import Mistakes
from directca.web.forms import Form

TEXTS = (
    "legal_name",
    "street",
    "locality",
    "state",
    "postal_code",
    "country",
    "existence_reference",
    "npi",
    "parent",
    "attested_by",
    "attested_title",
)
LISTS = ("organizational_units", "affiliates")
FIELDS = (*FACTS, "main_type")
"""Whatever an error may be about has its place in the form."""

TYPE_CHOICES = (("", "Choose the usual one"), *((one.value, words) for one, words in TYPES.items()))
EXISTENCE_CHOICES = (("", "Choose one"), *((one.value, words) for one, words in EXISTENCE.items()))


def shown(facts: CaseFacts) -> dict[str, str]:
    """What the form holds for facts on file. Who opens it to change them attests by ticking the box again."""
    values = {name: getattr(facts, name) or "" for name in TEXTS}
    values |= {name: "\n".join(getattr(facts, name)) for name in LISTS}
    values["existence_evidence"] = facts.existence_evidence or ""
    types = facts.organization_types
    values["main_type"] = types[0].value if types else ""
    values |= {f"type_{one.value}": "yes" for one in types[1:]}
    values["attested"] = "yes" if facts.attestation_version == CURRENT else ""
    return {name: str(value) for name, value in values.items()}


def sent(form: Form) -> dict[str, str]:
    """What the form held when it was sent, to be shown again."""
    names = (*TEXTS, *LISTS, "existence_evidence", "main_type", "attested", *(f"type_{one.value}" for one in OrganizationType))
    return {name: form.text(name) for name in names}


def said(form: Form) -> tuple[dict[str, Any], Mistakes]:
    """The facts as the verbs take them; what is empty is taken away."""
    facts: dict[str, Any] = {name: _line(form, name) for name in TEXTS}
    facts["country"] = facts["country"] or "US"
    facts |= {name: _lines(form, name) for name in LISTS}
    evidence, types = form.text("existence_evidence"), _types(form)
    if evidence not in ("", *ExistenceEvidence) or types is None:
        field = "main_type" if types is None else "existence_evidence"
        return {}, mistakes.beside((field, "Choose one of the list."))
    facts["existence_evidence"] = ExistenceEvidence(evidence) if evidence else None
    facts["organization_types"] = types
    facts["attestation_version"] = CURRENT if form.text("attested") else None
    return facts, mistakes.NONE


def _types(form: Form) -> tuple[OrganizationType, ...] | None:
    """The categories, the usual one first."""
    first = form.text("main_type")
    further = [one for one in OrganizationType if form.text(f"type_{one.value}") and one.value != first]
    if not first:
        return tuple(further)
    return (OrganizationType(first), *further) if first in set(OrganizationType) else None


def _line(form: Form, name: str) -> str | None:
    return form.text(name).strip() or None


def _lines(form: Form, name: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in form.text(name).splitlines() if line.strip())


def values_for(values: Mapping[str, str]) -> dict[str, Any]:
    """All that the template of the form asks for besides what was wrong."""
    further = tuple((f"type_{one.value}", words) for one, words in TYPES.items())
    return {"values": values, "type_choices": TYPE_CHOICES, "further_types": further, "existence_choices": EXISTENCE_CHOICES}
