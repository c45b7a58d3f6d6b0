"""A pull request says which of the secrets it refers to are in no store, and is a draft then."""

import pytest

from tests.offboarding.test_remedy import Scene, scene

__all__ = ["scene"]
NAME = "GH_PAT_CLASSIC"


def pull(scene: Scene):
    scene.remedy.act(scene.step, scene.credential)
    return scene.hub.state.repos["example/app"].pulls[1]


def test_a_secret_that_no_store_has_makes_it_a_draft_that_says_so(scene: Scene) -> None:
    made = pull(scene)
    assert made.draft
    assert f"`{NAME}` (secret of github.pat.classic): **in no secret store**" in made.body
    assert "Do not merge before they are there" in made.body


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("example/app", "stored by the repository;"),
        ("example", "stored by the organisation;"),
        ("example/app production", "stored by the environment production alone;"),
    ],
)
def test_a_secret_of_the_repository_an_environment_or_the_organisation_is_there(
    scene: Scene, where: str, said: str
) -> None:
    scene.hub.add_secret(where, NAME)
    made = pull(scene)
    assert not made.draft
    assert said in made.body
    assert "no secret store" not in made.body


def test_an_organisations_secret_without_access_for_the_repository_and_dependabots_do_not_count(scene: Scene) -> None:
    scene.hub.add_secret("example", NAME, visibility="selected", repositories=("example/other",))
    scene.hub.add_secret("example/app", NAME, "dependabot")
    assert pull(scene).draft


def test_a_store_that_cannot_be_read_is_said_and_nothing_is_called_absent(scene: Scene) -> None:
    scene.hub.fail("GET", r"/repos/example/app/environments", 403)
    made = pull(scene)
    assert not made.draft
    assert f"`{NAME}` (secret of github.pat.classic): whether a secret store has it could not be read" in made.body
    assert "environments: GET" in made.body
    assert "answered 403" in made.body


def test_an_environment_of_which_the_secrets_cannot_be_read_may_have_it(scene: Scene) -> None:
    scene.hub.add_secret("example/app production", "OTHER")
    scene.hub.fail("GET", r"/repos/example/app/environments/production/secrets", 403)
    assert "could not be read" in pull(scene).body


def test_a_plan_without_drafts_gets_an_open_one_that_says_the_same(scene: Scene) -> None:
    scene.hub.state.repos["example/app"].drafts = False
    made = pull(scene)
    assert not made.draft
    assert "**in no secret store**" in made.body
    assert len(scene.hub.state.repos["example/app"].pulls) == 1
