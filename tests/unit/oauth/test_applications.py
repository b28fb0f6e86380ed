"""Registering applications, replacing secrets, disabling."""

from dataclasses import replace

import pytest

from directca.oauth import applications, tokens
from directca.oauth.applications import NewApplication, register
from directca.oauth.config import OAuthConfig
from directca.oauth.errors import BadApplication, BadRedirectUri, ClientIdTaken, NoSuchApplication
from tests.unit.oauth.world import NEW_APP, NEW_PUBLIC_APP, World, error_of


def test_the_secret_is_told_once_and_kept_as_a_digest(world: World) -> None:
    made = register(world.oauth, NEW_APP, actor="operator:test")
    assert made.secret is not None
    assert len(made.secret) == 43
    with world.oauth.database.read() as tx:
        kept = applications.find(tx, made.client.client_id)
    assert kept == made.client
    assert kept.secret_digest == tokens.digest(made.secret)
    assert made.secret not in repr(kept)


def test_a_public_application_has_no_secret(world: World) -> None:
    assert world.public.secret is None
    assert world.public.client.secret_digest is None


def test_a_well_known_client_id_may_be_chosen_once(world: World) -> None:
    chosen = replace(NEW_PUBLIC_APP, client_id="directca-cli")
    assert register(world.oauth, chosen, actor="operator:test").client.client_id == "directca-cli"
    with pytest.raises(ClientIdTaken):
        register(world.oauth, chosen, actor="operator:test")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": " x"},
        {"name": "x" * 101},
        {"name": "Clinic\nPortal"},
        {"name": "Clinic\u202ePortal"},
        {"owner_name": ""},
        {"client_id": "a b"},
        {"client_id": "ab"},
        {"client_id": "x" * 65},
        {"redirect_uris": ()},
        {"redirect_uris": ("https://a.example/", "https://a.example/")},
        {"redirect_uris": tuple(f"https://a{n}.example/" for n in range(21))},
        {"scopes": ()},
        {"scopes": ("openid",)},
    ],
)
def test_nonsense_is_not_registered(world: World, changes: dict[str, object]) -> None:
    with pytest.raises(BadApplication):
        world.another_app(**changes)


def test_one_bad_redirect_uri_refuses_the_whole(world: World) -> None:
    before = len(world.journal())
    with pytest.raises(BadRedirectUri):
        world.another_app(redirect_uris=("https://a.example/", "http://a.example/"))
    assert len(world.journal()) == before


def test_plain_http_on_loopback_is_for_native_applications_unless_the_server_is_on_loopback_too(world: World) -> None:
    uris = ("http://127.0.0.1:8765/callback",)
    world.another_app(redirect_uris=uris, native=True)
    with pytest.raises(BadRedirectUri):
        world.another_app(redirect_uris=uris)
    local = replace(world.oauth, config=OAuthConfig("http://127.0.0.1:8600"))
    register(local, replace(NEW_APP, redirect_uris=uris), actor="operator:test")


def test_a_new_secret_replaces_the_old_one_and_tokens_go_on(world: World) -> None:
    bought = world.tokens()
    secret = applications.rotate_secret(world.oauth, world.app.client.client_id, actor="operator:test")
    assert error_of(world.refresh(bought["refresh_token"])) == (401, "invalid_client")
    assert world.refresh(bought["refresh_token"], client_secret=secret).status == 200


def test_a_public_application_gets_no_secret(world: World) -> None:
    with pytest.raises(BadApplication):
        applications.rotate_secret(world.oauth, world.public.client.client_id, actor="operator:test")


def test_what_is_not_registered_cannot_be_changed(world: World) -> None:
    for verb in (applications.rotate_secret, applications.disable, applications.enable):
        with pytest.raises(NoSuchApplication):
            verb(world.oauth, "nobody", actor="operator:test")


def test_every_change_is_journalled_once_and_without_the_secret(world: World) -> None:
    client_id = world.app.client.client_id
    secret = applications.rotate_secret(world.oauth, client_id, actor="operator:test")
    for verb in (applications.disable, applications.disable, applications.enable, applications.enable):
        verb(world.oauth, client_id, actor="operator:test")
    kinds = [event.kind for event in world.journal() if event.subject == f"client:{client_id}"]
    assert kinds == ["application.registered", "application.secret_rotated", "application.disabled", "application.enabled"]
    assert secret not in str(world.journal())


def test_applications_are_listed_by_name_and_by_account(world: World) -> None:
    mine = world.another_app(name="Another", account_id=world.person.account_id)
    with world.oauth.database.read() as tx:
        assert [client.name for client in applications.listed(tx)] == ["Another", "Clinic Portal", "Desktop Client"]
        assert applications.listed(tx, world.person.account_id) == (mine.client,)


def test_an_application_is_confidential_and_not_native_unless_said(world: World) -> None:
    new = NewApplication("A", "B", ("https://a.example/",))
    assert (new.confidential, new.native) == (True, False)
