"""Which files belong to which system, and the page that says so."""

from pathlib import Path

import pytest

from scanner.ci import registry
from scanner.ci.config import sounds_secret

PAGE = Path(__file__).parents[3] / "docs" / "ci.md"


def test_the_page_on_ci_lists_every_system_as_the_code_does() -> None:
    assert registry.table() in PAGE.read_text()


def test_every_system_is_a_module_with_its_own_words() -> None:
    assert len({system.TITLE for system in registry.SYSTEMS.values()}) == len(registry.SYSTEMS) == 18


@pytest.mark.parametrize(
    ("path", "systems"),
    [
        (".github/workflows/a.yml", ("github-actions",)),
        ("sub/.github/workflows/a.yaml", ("github-actions",)),
        (".github/workflows/sub/a.yml", ()),
        (".github/dependabot.yml", ()),
        ("ci/test.gitlab-ci.yml", ("gitlab-ci",)),
        (".gitlab/ci/build.yml", ("gitlab-ci",)),
        ("Jenkinsfile.release", ("jenkins",)),
        ("ci/build.Jenkinsfile", ("jenkins",)),
        ("jenkins/jobs/a/config.xml", ("jenkins",)),
        ("src/config.xml", ()),
        (".drone.star", ("drone",)),
        ("Dockerfile", ("dockerfile",)),
        ("web.dockerfile", ("dockerfile",)),
        ("docs/Dockerfile/readme.txt", ()),
        ("compose.yaml", ("compose",)),
        ("docker-compose.override.yml", ("compose",)),
        ("k8s/a/b.yaml", ("argo", "kubernetes")),
        ("values.yaml", ("kubernetes",)),
        ("main.tf", ("terraform",)),
        ("main.tf.bak", ()),
        ("roles/web/tasks/main.yml", ("ansible",)),
        ("group_vars/all", ("ansible",)),
        (".env", ("dotenv",)),
        (".env.local", ("dotenv",)),
        ("environment.py", ()),
        (".npmrc", ("package-manager",)),
        ("conf/maven-settings.xml", ("package-manager",)),
        ("README.md", ()),
        ("src/main.py", ()),
    ],
)
def test_a_path_belongs_to_its_systems(path: str, systems: tuple[str, ...]) -> None:
    assert registry.systems_of(path) == systems


@pytest.mark.parametrize(
    "name", ["GH_TOKEN", "AWS_SECRET_ACCESS_KEY", "db.password", "MYTOKEN", "SLACK_WEBHOOK", "npm_auth", "API-KEY"]
)
def test_a_name_that_sounds_like_a_secret_is_one(name: str) -> None:
    assert sounds_secret(name)


@pytest.mark.parametrize(
    "name", ["KEYBOARD", "PATIENT", "AUTHOR", "MONKEY_PATCH", "STAGE", "DATABASE_HOST", "TOKENIZER"]
)
def test_a_name_that_only_holds_such_letters_is_none(name: str) -> None:
    assert not sounds_secret(name)
