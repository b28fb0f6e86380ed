"""The list of an authority whose key is kept offline, such as a root's: ordered here, signed there, brought back and published.

1 order      what the next list must say, to be carried to the key
2 rehearse   on the machine with the key: encode, lint those bytes
3 sign       there; it needs no database
4 verify     here: signature, dates, and that it lists exactly what the register says, no more and no less
5 publish    the same compare-and-swap as for every list (invariant 12)
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from directca.clock import rfc3339, whole_second
from directca.pki import crl as body
from directca.pki.certificate_view import read_certificate
from directca.pki.crl import CrlTemplate, EntryRun
from directca.pki.signatures import BadSignatureError, check_signature
from directca.revocation.authority_errors import ForeignOrder
from directca.revocation.errors import ClockWentBack
from directca.revocation.offline_order import Order
from directca.signing.authority import Authority
from directca.signing.rehearsal import rehearse_crl


@dataclass(frozen=True)
class MadeList:
    """A list that was signed offline and is to be carried back."""

    der: bytes
    number: int
    this_update: datetime
    next_update: datetime
    entries: int


def make(order: Order, root: Authority, now: datetime, lasts: timedelta) -> MadeList:
    """Sign the list of an order, valid from now for so long, where the key is. `root` holds the policy for offline lists.

    Raises ForeignOrder when certificate and order are not of one root, ClockWentBack when this machine's clock stands before
    the order, LintFailed when the list is not what the policy lets it be, and what signing raises.
    """
    check_is_for(order, root)
    this_update = whole_second(now)
    if this_update < order.made_at:
        raise ClockWentBack(
            f"This machine's clock says {rfc3339(now)}, before the order was made ({rfc3339(order.made_at)}). Set it right."
        )

    # 2 rehearse
    run = EntryRun(this_update)
    for one in sorted(order.entries, key=lambda one: one.entry.serial):
        run.add([body.sort_key(one.entry.serial)], [body.encode_entry(one.entry)])
    template = CrlTemplate(
        # As for lists that are made where they are served: never less than the time in seconds.
        number=max(order.number_above + 1, int(this_update.timestamp())),
        this_update=this_update,
        next_update=this_update + lasts,
        entries=run.facts(),
        follows=order.follows,
    )
    to_be_signed = body.encode(template, root.issuer, run.chunks)
    rehearsed = rehearse_crl(to_be_signed, template, root.issuer, root.policy)

    # 3 sign
    signed = body.assemble(to_be_signed, root.sign(rehearsed))
    return MadeList(signed, template.number, this_update, template.next_update, len(order.entries))


def check_is_for(order: Order, root: Authority) -> None:
    """Raise ForeignOrder unless the order asks this authority, which certifies itself."""
    certificate = root.issuer.certificate_der
    if certificate is None or sha256(certificate).hexdigest() != order.certificate_sha256:
        raise ForeignOrder(f"The order is for the certificate of {order.subject}. Give that certificate.")
    view = read_certificate(certificate)
    try:
        check_signature(root.issuer, view.signature, view.tbs)
    except BadSignatureError as error:
        raise ForeignOrder("The certificate is not a root's: it does not certify itself.") from error
