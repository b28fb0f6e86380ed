"""One CA, able to sign: its certificate, its key behind the port, the policy that its objects are held against."""

from collections.abc import Sequence

from directca.pki.lints import authority_certificate
from directca.pki.lints.certificate import stop_on
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer
from directca.signing.port import SigningKey
from directca.signing.rehearsal import Rehearsed
from directca.signing.rehearsed_only import Guard, RehearsedOnly


class Authority:
    """A CA whose key signs what was rehearsed for it, and nothing else. Safe for threads.

    Loading it raises KeyUnusable when the key is not its own, and LintFailed or BadPolicy when its certificate is not what
    the policy's profiles describe.
    """

    def __init__(self, issuer: Issuer, key: SigningKey, policy: Policy, guard: Guard) -> None:
        if issuer.certificate_der is not None:
            stop_on(authority_certificate.examine(issuer.certificate_der, policy))
        self.issuer = issuer
        self.policy = policy
        self._signs = RehearsedOnly(issuer, key, policy, guard)

    def __repr__(self) -> str:
        return f"Authority({self.issuer.id})"

    @property
    def has_key(self) -> bool:
        """Whether its key is here. Without it, its objects are signed on another machine and brought."""
        return self._signs.has_key

    def sign(self, rehearsed: Rehearsed) -> bytes:
        """The signature over rehearsed bytes, verified before it is given away. Promises and errors are those of `sign_all`."""
        return self.sign_all((rehearsed,))[0]

    def sign_all(self, rehearsed: Sequence[Rehearsed]) -> tuple[bytes, ...]:
        """The signatures over what belongs together, such as a pair: the guard is asked once, a moment before the first.

        A token is spent even if signing fails. Raises SigningStopped, KeyUnusable, FaultySignature; NotRehearsedError for a
        token that was used before or made for another issuer or under another policy.
        """
        return self._signs.sign_all(rehearsed)
