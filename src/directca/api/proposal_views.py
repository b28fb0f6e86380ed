"""Proposals as JSON: what the functions answer and the operator's commands print."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from directca.api.bodies import BadParameter
from directca.clock import rfc3339
from directca.vetting.case_model import Place
from directca.vetting.proposal_model import Proposal
from directca.vetting.proposals import Waiting

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"([0-9]{1,17})-([0-9a-f]{1,64})")


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
        "cursor": None if found.after is None else f"{(found.after.at - _EPOCH) // timedelta(microseconds=1)}-{found.after.id}",
    }


def place(text: str) -> Place:
    """Where a page begins, as `waiting` has written it. Raises BadParameter."""
    read = _PLACE.fullmatch(text)
    if read is None:
        raise BadParameter("cursor must be taken as it is from an earlier answer.", field="cursor")
    return Place(_EPOCH + timedelta(microseconds=int(read[1])), read[2])
