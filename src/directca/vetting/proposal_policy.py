"""Decisions about proposals that need no database: what exactly is proposed, and who may say something about it."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from directca.accounts import permissions
from directca.accounts.permissions import Rule
from directca.vetting.case_errors import OwnRequest, SecondPerson
from directca.vetting.case_model import Actor
from directca.vetting.case_policy import same_name
from directca.vetting.proposal_model import Answer, Proposal, ProposalKind

_OPERATOR = "operator:"

RULES: Mapping[ProposalKind, Rule] = {
    ProposalKind.REVOCATION: permissions.CONFIRM_PROPOSAL,
    ProposalKind.ENDING: permissions.CONFIRM_PROPOSAL,
    ProposalKind.AUTHORITY: permissions.CONFIRM_PROPOSAL,
    ProposalKind.ISSUANCE: permissions.CONFIRM_PROPOSAL,
}
"""By which row of the table of permissions each kind is confirmed or refused."""


AUTHORS: Mapping[ProposalKind, Rule | None] = {
    ProposalKind.REVOCATION: permissions.REVOKE_MANY,
    ProposalKind.ENDING: permissions.END_ORGANIZATION,
    ProposalKind.AUTHORITY: permissions.REVOKE_FOR_AUTHORITY,
    ProposalKind.ISSUANCE: None,
}
"""By which row whoever proposed it must still be able to act when it is confirmed and carried out. An issue is its applicant's to
ask for once more, and the issuing verb looks at the applicant then."""


def canonical(content: Mapping[str, Any]) -> str:
    """What will be done, as the one JSON text that is kept and hashed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def digest(kind: ProposalKind, subject: str, content: str, records: Iterable[str]) -> str:
    """The SHA-256 of everything that a confirmation is about: the act, what it touches, and each pair."""
    ids = sorted(records)
    listed = sha256("\n".join(ids).encode("ascii")).hexdigest()
    return sha256(f"{kind}\n{subject}\n{content}\n{len(ids)}\n{listed}".encode()).hexdigest()


def check_other(decider: Actor, about: Proposal, answer: Answer, *, touches_own: bool) -> None:
    """Refuse who proposed it, by whichever account, whose account it touches, and who has spoken before.

    Raises OwnRequest, SecondPerson. Whoever has confirmed may still refuse.
    """
    operator = decider.person_id is None
    # Whoever sits at the machine can call themselves anything, so all of the operators are one.
    if operator and about.proposed_by.startswith(_OPERATOR):
        raise SecondPerson("An operator proposed this, so an officer must confirm or refuse it.")
    if about.proposed_by == decider.id or same_name(decider.names, about.proposer_names):
        raise OwnRequest("You proposed this yourself, so somebody else must confirm or refuse it.")
    if touches_own:
        raise OwnRequest("This touches your own account, so another officer must confirm or refuse it.")
    for one in about.opinions if answer is Answer.CONFIRM else ():
        if (operator and one.actor.startswith(_OPERATOR)) or one.actor == decider.id or same_name(decider.names, one.names):
            raise SecondPerson("You have confirmed this already; another officer must do so now.")
