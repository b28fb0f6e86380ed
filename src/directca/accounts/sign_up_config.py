"""How people come to have access: by invitation, and openly if the settings say so."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SignUpConfig:
    """`open`: whether anybody may open an account. `invitation_hours`: how long a link is good; `code_minutes` and `code_tries`:
    a code that was mailed. Within an hour `letters_per_hour` go to one address, `invitations_per_hour` from one account, and
    `attempts_per_address` to sign up are answered from one network address before the next has to wait."""

    open: bool = False
    invitation_hours: int = 168
    code_minutes: int = 15
    code_tries: int = 3
    letters_per_hour: int = 3
    invitations_per_hour: int = 20
    attempts_per_address: int = 10

    def unusable(self) -> str | None:
        """The first setting that means nothing as it is."""
        most = {"invitation_hours": 720, "code_minutes": 60, "code_tries": 10}
        for name, largest in most.items():
            if not 1 <= getattr(self, name) <= largest:
                return name
        for name in ("letters_per_hour", "invitations_per_hour", "attempts_per_address"):
            if not 1 <= getattr(self, name) <= 10_000:
                return name
        return None
