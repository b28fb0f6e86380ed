"""What a letter about an event says. Nothing that a stranger chose stands in its subject but names that are plain ASCII."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from directca.notices.letter_model import EventLetter
from directca.notices.model import MEANINGS, Event, EventKind

MAILED = tuple(kind for kind in EventKind if kind is not EventKind.BALANCE_LOW)
"""The kinds that are mailed. Of a low balance the account's administrators have a letter of its own kind."""

SUBJECTS: Mapping[EventKind, str] = {
    EventKind.CERTIFICATE_ISSUED: "Certificates issued",
    EventKind.CERTIFICATE_HELD: "Certificates suspended",
    EventKind.CERTIFICATE_RELEASED: "Certificates good again",
    EventKind.CERTIFICATE_REVOKED: "Certificates revoked",
    EventKind.CERTIFICATE_EXPIRING: "Certificates expire soon",
    EventKind.CERTIFICATE_EXPIRED: "Certificates have expired",
    EventKind.DOMAIN_VERIFIED: "Domain verified",
    EventKind.DOMAIN_EXPIRING: "Control of a domain must be shown again soon",
    EventKind.DOMAIN_EXPIRED: "Control of a domain must be shown again",
    EventKind.PROOFING_EXPIRING: "An identity must be proofed again soon",
    EventKind.PROOFING_EXPIRED: "An identity must be proofed again",
    EventKind.CASE_DECIDED: "The authority decided on an application",
    EventKind.CASE_NOTED: "The authority wrote about an application",
    EventKind.ORGANIZATION_SUSPENDED: "An organization is suspended",
    EventKind.ORGANIZATION_REINSTATED: "An organization is no longer suspended",
    EventKind.ORGANIZATION_ENDED: "An organization was ended",
    EventKind.ORDER_WAITING: "A certificate waits",
    EventKind.WEBHOOK_DISABLED: "A webhook was switched off",
}
_NAMED = re.compile(r"[a-z0-9][a-z0-9.!#$%&'*+/=?^_`{|}~@-]{0,63}")
_WORDS: Mapping[str, str] = {
    "identifier": "Name",
    "organization": "Organization",
    "domain": "Domain",
    "representative": "Representative",
    "reason": "Reason",
    "decision": "Decision",
    "days": "Days left",
    "ends_at": "Ends",
    "not_after": "Valid until",
    "expires_at": "Holds until",
    "signing_serial": "Signing serial",
    "encryption_serial": "Encryption serial",
    "url": "Webhook",
    "why": "Why",
}
"""The facts that a letter names, in their order."""

_MOST_LINES = 200
"""How many events a letter about several names; the others it counts."""

_SEVERAL = """\
{number} things happened. Since they are many, this one letter tells of all of them.

{counts}
{lines}{rest}
Times are UTC. See all of it in the console:

    {console}

You asked for such letters; choose others, or none, at {choice}
"""

_TEXT = """\
{meaning}

{facts}
It happened on {at:%Y-%m-%d at %H:%M} UTC. See it in the console:

    {console}

You asked for such letters; choose others, or none, at {choice}
"""


def subject_of(event: Event) -> str:
    """The subject, with the name that it is about if that is one."""
    for name in ("identifier", "domain"):
        value = event.data.get(name)
        if isinstance(value, str) and _NAMED.fullmatch(value):
            return f"{SUBJECTS[event.kind]}: {value}"
    return SUBJECTS[event.kind]


def text_of(event: Event, authority: str) -> str:
    """The text. Whatever a fact holds is one line of it."""
    lines = [f"    {word}: {_line(event.data[name])}\n" for name, word in _WORDS.items() if event.data.get(name) is not None]
    return _TEXT.format(
        meaning=MEANINGS[event.kind].partition("`")[0].rstrip(" ;:") + ("" if "`" not in MEANINGS[event.kind] else "."),
        facts="".join(lines),
        at=event.at,
        **_places(authority),
    )


def subject_of_several(letters: Sequence[EventLetter]) -> str:
    """The subject of a letter that gathers several: the kind if they are of one, and how many."""
    kinds = {_about(one) for one in letters}
    return f"{kinds.pop()}: {len(letters)} notices" if len(kinds) == 1 else f"{len(letters)} notices"


def text_of_several(letters: Sequence[EventLetter], authority: str) -> str:
    """The text of a letter that gathers several: how many of each kind, then a line for each of the first."""
    counts = Counter(_about(one) for one in letters)
    more = len(letters) - _MOST_LINES
    return _SEVERAL.format(
        number=len(letters),
        counts="".join(f"    {number} × {kind}\n" for kind, number in counts.most_common()),
        lines="".join(f"    {one.made_at:%Y-%m-%d %H:%M}  {one.subject}\n" for one in letters[:_MOST_LINES]),
        rest=f"    and {more} more\n" if more > 0 else "",
        **_places(authority),
    )


def _about(letter: EventLetter) -> str:
    """The kind of event that a letter is about, in the words of its subject."""
    return letter.subject.partition(": ")[0]


def _places(authority: str) -> Mapping[str, str]:
    return {"console": f"{authority}/console", "choice": f"{authority}/console/letters"}


def _line(value: Any) -> str:
    text = " ".join(str(value).split())
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)[:500]
