"""Revocations in bulk as JSON: what officers' functions answer and operators' commands print."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from directca.clock import rfc3339
from directca.revocation.bulk_model import Job, Plan

_MOST_UNKNOWN = 100


def planned(found: Plan, now: datetime) -> dict[str, Any]:
    """What would become of a selection. Of long lists of what is unknown the beginning is told, and the count."""
    return {
        "dry_run": True,
        "total": found.total,
        "statuses": dict(found.statuses),
        "outcomes": dict(found.outcomes),
        "sample": [
            {
                "identifier": one.identifier,
                "status": one.status_at(now).value,
                "signing_cert_serial": one.signing_serial,
                "encryption_cert_serial": one.encryption_serial,
            }
            for one in found.sample
        ],
        "unknown": list(found.unknown[:_MOST_UNKNOWN]),
        "unknown_count": len(found.unknown),
    }


def shown(job: Job) -> dict[str, Any]:
    """How far an order has come."""
    selection: Mapping[str, Any] = json.loads(job.selection)
    return {
        "id": job.id,
        "state": job.state.value,
        "selection": selection,
        "reason": job.reason.value,
        "invalidity_date_ts": None if job.invalidity_date is None else rfc3339(job.invalidity_date),
        "actor": job.actor,
        "created_ts": rfc3339(job.created_at),
        "finished_ts": None if job.finished_at is None else rfc3339(job.finished_at),
        "total": job.total,
        "done": job.done,
        "refused": job.refused,
        "outcomes": dict(job.outcomes),
    }
