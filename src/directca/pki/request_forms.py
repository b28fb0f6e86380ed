"""Forms of certification requests: those that one program makes for one subscriber differ in name, key and signature alone.

What `forms.py` says of certificates holds for them too: every tag and every length lies outside the slots, so a request that
has the same bytes there as one that was read in full can be read in one way only.
"""

from dataclasses import dataclass
from typing import NamedTuple

from directca.pki import der, oids
from directca.pki.forms import Common, Placed, outside

_COMMON_NAME = der.oid(oids.COMMON_NAME)


class Slots(NamedTuple):
    """Where the contents are that differ, in the order in which they stand there; of the signature, its octets."""

    common_name: slice
    modulus: slice
    signature: slice


@dataclass(frozen=True, slots=True, eq=False)
class RequestForm(Common):
    """What requests have in common, where the rest is, and where the wholes are that are looked at; the name's tag is common."""

    slots: Slots
    information: slice
    key: slice
    common_name_tag: int


def form_of(encoded: bytes) -> RequestForm:
    """The form of a request that was read in full."""
    information, _, signature = Placed(der.read(encoded), 0).inside()
    _, subject, key, _ = information.inside()
    modulus, _ = key.inside()[1].wrapped(1).inside()
    attributes = (rdn.inside()[0].inside() for rdn in subject.inside())
    (name,) = (value for kind, value in attributes if kind.element.encoded == _COMMON_NAME)
    octets = slice(signature.content.start + 1, signature.content.stop)
    slots = Slots(name.content, modulus.content, octets)
    return RequestForm(
        len(encoded), outside(slots, encoded), slots, information.whole, key.whole, common_name_tag=name.element.tag
    )
