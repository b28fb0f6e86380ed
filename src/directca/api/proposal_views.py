"""Proposals as JSON: what the functions answer and the operator's commands print."""

import json
from typing import Any

from directca.clock import rfc3339
from directca.vetting.proposal_model import Proposal
from directca.vetting.proposals import Waiting


def proposal(one: Proposal) -> dict[str, Any]:
    """A proposal with everything that was said of it."""
    content = json.loads(one.content)
    if isinstance(content.get("selection"), str):
        content["selection"] = json.loads(content["selection"])
    return {
        "id": one.id,
        "kind": one.kind.value,
        "state": one.state.value,
        "subject": one.subject,
        "account_id": one.account_id,
        "content": content,
        "digest": one.digest,
        "pairs": one.pairs,
        "plan": dict(one.plan),
        "reason": one.reason,
        "proposed_by": one.proposer_names[0] if one.proposer_names else one.proposed_by,
        "proposed_ts": rfc3339(one.proposed_at),
        "expires_ts": rfc3339(one.expires_at),
        "confirmations": one.confirmations,
        "confirmations_needed": one.confirmations_needed,
        "opinions": [
            {
                "answer": said.answer.value,
                "by": said.names[0] if said.names else said.actor,
                "reason": said.reason,
                "ts": rfc3339(said.at),
            }
            for said in one.opinions
        ],
        "closed_ts": None if one.closed_at is None else rfc3339(one.closed_at),
        "result": one.result,
    }


def waiting(found: Waiting) -> dict[str, Any]:
    """What waits for a second officer."""
    return {
        "total": found.total,
        "open": [proposal(one) for one in found.open],
        "closed": [proposal(one) for one in found.closed],
    }
