"""What a proposal is about, in the words that people read: all that would be done, and what would become of it.

Nothing that is confirmed is left out: what has no words here stands under the name of its field.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from directca.accounts import permissions
from directca.direct.oids import OrganizationType
from directca.vetting.proposal_model import Proposal, ProposalKind, ProposalState
from directca.web.console import case_words, history, revocation_words
from directca.web.console.context import Visit
from directca.web.console.revocation_words import Told, plain
from directca.web.next_page import CONSOLE

_REVOCATIONS = f"{CONSOLE}/revocations"
_VERBS = {"issue": "First issue", "renew": "Renewal", "reissue": "Reissue"}
_Words = Callable[[Visit, Any], Iterable[Told]]


def about(known: Proposal) -> str:
    """What or whom it concerns, in a word for lists; empty where it is many."""
    content: Mapping[str, Any] = json.loads(known.content)
    if known.kind is ProposalKind.AUTHORITY:
        return str(known.plan.get("subject", content.get("authority", "")))
    return str(content.get("legal_name" if known.kind is ProposalKind.ENDING else "identifier", ""))


def content(visit: Visit, known: Proposal) -> tuple[Told, ...]:
    """All that would be done. What only repeats why it is proposed stands there already."""
    said: dict[str, Any] = json.loads(known.content)
    names = sorted(said, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    told = [(name, one) for name in names for one in _content(visit, known, name, said[name])]
    if any(name == "organization" and one.words == said.get("legal_name") for name, one in told):
        # It is still called what it was called then, which need not be said twice.
        told = [(name, one) for name, one in told if name != "legal_name"]
    return tuple(one for _, one in told)


def outlook(known: Proposal) -> tuple[Told, ...]:
    """What would have become of it when it was proposed."""
    return tuple(told for name, value in known.plan.items() if value for told in _planned(known, name, value))


def outcome(visit: Visit, known: Proposal) -> Told | None:
    """What came of it, with the way to its page for those who may open that."""
    result, label = known.result, "What came of it"
    if result is None:
        return None
    if known.state is ProposalState.FAILED:
        why = revocation_words.REFUSALS.get(result, plain(result))
        return Told(label, f"it could not be carried out any more: {why}")
    if known.kind is ProposalKind.ISSUANCE:
        return Told(label, f"the order {result}")
    if known.kind is ProposalKind.AUTHORITY:
        return Told(label, f"the authority {result} is revoked")
    may_open = not permissions.SEE_REVOCATIONS.other.isdisjoint(visit.session.person.roles)
    return Told(label, f"the revocation {result}", path=f"{_REVOCATIONS}/{result}" if may_open else "")


def _content(visit: Visit, known: Proposal, name: str, value: Any) -> Iterable[Told]:
    if name in ("reason", "explanation") and value in (None, known.reason):
        return ()
    if value is None:
        return (Told(_LABELS.get(name, plain(name).capitalize()), "–"),)
    if name in _SAID:
        return _SAID[name](visit, value)
    return (Told(_LABELS.get(name, plain(name).capitalize()), str(value), is_mono=name in _MONO),)


def _reason(_visit: Visit, value: Any) -> Iterable[Told]:
    words = history.REASONS.get(value)
    return (Told("Reason", f"{words.capitalize()} ({value})" if words else str(value)),)


def _years(_visit: Visit, value: Any) -> Iterable[Told]:
    return (Told("For how long", f"{value} {'year' if value == 1 else 'years'}"),)


def _category(_visit: Visit, value: Any) -> Iterable[Told]:
    known = {one.value for one in OrganizationType}
    return (Told("Category", case_words.TYPES[OrganizationType(value)] if value in known else str(value)),)


_LABELS: Mapping[str, str] = {
    "authority": "Authority",
    "duration_years": "For how long",
    "encryption_key": "Encryption key (SHA-256)",
    "explanation": "In words",
    "identifier": "For",
    "invalid_since": "Suspect since",
    "invalidity_date": "Suspect since",
    "legal_name": "Legal name",
    "serial": "Serial",
    "signing_key": "Signing key (SHA-256)",
}
_FIRST = ("verb", "identifier", "organization", "legal_name", "selection", "authority", "serial", "reason")
"""What is told first, in this order; the rest follows as it is written down."""
_MONO = frozenset({"authority", "identifier", "serial", "signing_key", "encryption_key"})
_SAID: Mapping[str, _Words] = {
    "selection": revocation_words.selected,
    "organization": lambda visit, value: (revocation_words.organization(visit, value),),
    "organization_type": _category,
    "duration_years": _years,
    "verb": lambda _visit, value: (Told("What", _VERBS.get(value, str(value))),),
    "reason": _reason,
    "invalidity_date": lambda _visit, value: (Told("Suspect since", revocation_words.moment(value)),),
    "invalid_since": lambda _visit, value: (Told("Suspect since", revocation_words.moment(value)),),
}


def _planned(known: Proposal, name: str, value: Any) -> Iterable[Told]:
    if name == "unknown_count" and value <= len(known.plan.get("unknown", ())):
        return ()  # each of them is named
    if name in _OUTLOOK:
        return _OUTLOOK[name](value)
    return (Told(plain(name).capitalize(), str(value)),)


def _outcomes(value: Any) -> Iterable[Told]:
    said = (f"{count:,} {words}" for words, count in revocation_words.outcomes(value))
    return (Told("What would become of them", "; ".join(said)),)


def _sample(value: Any) -> Iterable[Told]:
    names = (one["identifier"] if isinstance(one, dict) else str(one) for one in value)
    return (Told("Among them", ", ".join(names), is_mono=True),)


_OUTLOOK: Mapping[str, Callable[[Any], Iterable[Told]]] = {
    # The pairs are counted above, and an issue waits for the reasons that are given as its own.
    "total": lambda _: (),
    "why": lambda _: (),
    "statuses": lambda value: (Told("How they stand", ", ".join(f"{count:,} {status}" for status, count in value.items())),),
    "outcomes": _outcomes,
    "sample": _sample,
    "names": lambda value: (Told("Names whose certificates would be revoked", f"{value:,}"),),
    "subject": lambda value: (Told("Its name", str(value)),),
    "unknown": lambda value: (Told("Not known here", ", ".join(map(str, value)), is_mono=True),),
    "unknown_count": lambda value: (Told("Not known here, in all", f"{value:,}"),),
}
