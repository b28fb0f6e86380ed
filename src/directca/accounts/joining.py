"""What the verbs work with that let people in."""

from dataclasses import dataclass

from directca.accounts.people import People
from directca.accounts.sign_up_config import SignUpConfig
from directca.mail.letter import Post


@dataclass(frozen=True)
class Joining:
    """People, the post, the rules, and the address by which letters name the authority."""

    people: People
    post: Post
    config: SignUpConfig
    authority: str
