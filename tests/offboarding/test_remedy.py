"""A pull request takes the literal out: real git remotes, and the GitHub simulator behind PyGithub."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.github import GitHubSimulator
from offboarding.remedy.branch import Author, Remote
from offboarding.remedy.drafting import Target
from offboarding.remedy.executor import PROPOSED, Remedy
from offboarding.remedy.forge import NothingToPropose
from offboarding.remedy.github import GATE, GitHub
from offkey.http import Reader, Writer
from offkey.model import (
    AccessPoint,
    Action,
    Approval,
    Credential,
    Liveness,
    Place,
    Span,
    Step,
)
from offkey.secret import Secret
from scanner.repository.git import Git
from tests.builders import BOB, Repo

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEAVER = ("Mallory Leaver", "mallory@example.com")


@dataclass
class Scene:
    """A repository whose origin is a bare remote known to GitHub, its mirror, and the leaver's token in it."""

    repo: Repo
    remote: Repo
    remedy: Remedy
    hub: GitHubSimulator
    value: str
    step: Step

    @property
    def credential(self) -> Credential:
        return Credential(kind="github.pat.classic", parts={"secret": Secret(self.value.encode())})

    def remote_tree(self) -> str:
        return self.remote.git("for-each-ref", "--format=%(refname) %(objectname)")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    value = tokens.github_classic("leaver")
    admin = Secret(tokens.github_classic("admin").encode())
    repo = Repo.create(tmp_path / "work")
    repo.commit("begin", {"app.py": f'TOKEN = "{value}"\n', "README": "hello\n"}, author=LEAVER)
    repo.commit("more", {"deploy.sh": f"curl -H 'X: {value}'\n", "conf.lua": f'return "{value}"\n'}, author=BOB)
    remote = repo.clone(tmp_path / "remote.git", "--bare")
    mirror = repo.clone(tmp_path / "mirror.git", "--mirror")
    with GitHubSimulator() as hub:
        hub.add_user("octo-admin")
        hub.add_token("octo-admin", admin, scopes=["repo"])
        hub.add_org("example")
        hub.add_member("example", "octo-admin", "admin")
        hub.add_repo("example/app", remote.path)
        yield Scene(repo, remote, _remedy(hub, mirror, remote, admin, tmp_path), hub, value, _step(str(repo.path)))


def _remedy(hub: GitHubSimulator, mirror: Repo, remote: Repo, admin: Secret, root: Path) -> Remedy:
    approval = Approval(
        plan_digest="d", approver="a@example.com", at=NOW, expires_at=datetime.now(UTC) + timedelta(hours=1),
        signature="signed",
    )  # fmt: skip
    forge = GitHub(
        name="example/app",
        remote=Remote(address=str(remote.path)),
        token=admin,
        reader=lambda: Reader(GATE, hub.url, instance=hub.url),
        writer=lambda: Writer(GATE, hub.url, instance=hub.url, approval=approval, plan_digest="d"),
    )
    return Remedy(
        targets={str(root / "work"): Target(mirror=Git(mirror.path), forge=forge)},
        author=Author(name="offkey", email="offkey@example.com", at=NOW),
        prefix="offkey/",
        now=lambda: NOW,
    )


def _step(repo: str) -> Step:
    place = Place(
        repo=repo, object="0" * 40, object_type="blob", path="app.py", line=1, column=1,
        spans=(Span(part="secret", start=9, end=49),), present=True,
    )  # fmt: skip
    point = AccessPoint(id="p1", provider="github", kind="github.pat.classic", redacted="ghp_…(40)", places=(place,))
    return Step(id="s1", point=point, action=Action.REWRITE, reversible=True, reason="in the code", after="s0")


def test_the_literal_leaves_the_code_by_a_pull_request_on_a_new_branch(scene: Scene) -> None:
    assert scene.remedy.before(scene.step, scene.credential).liveness is Liveness.LIVE
    scene.remedy.act(scene.step, scene.credential)
    pull = scene.hub.state.repos["example/app"].pulls[1]
    assert scene.remote.git("show", f"{pull.head}:app.py") == 'import os\n\nTOKEN = os.environ["GH_PAT_CLASSIC"]'
    assert scene.remote.git("show", f"{pull.head}:deploy.sh") == "curl -H 'X: '\"${GH_PAT_CLASSIC}\"''"
    assert "GH_PAT_CLASSIC" in (pull.body or "")
    assert "conf.lua" in (pull.body or "")
    assert scene.remedy.after(scene.step, scene.credential).status == PROPOSED


def test_title_branch_commit_and_body_name_neither_person_nor_reason_nor_value(scene: Scene) -> None:
    scene.remedy.act(scene.step, scene.credential)
    pull = scene.hub.state.repos["example/app"].pulls[1]
    commit = scene.remote.git("cat-file", "commit", pull.head)
    said = f"{pull.title} {pull.head} {pull.body} {commit}".lower()
    for word in ("mallory", "leaver", "depart", "offboard", "terminat", scene.value.lower()):
        assert word not in said


def test_the_users_repository_and_the_remotes_other_branches_stay_as_they_were(scene: Scene) -> None:
    work, main = scene.repo.git("for-each-ref"), scene.remote.head("main")
    scene.remedy.act(scene.step, scene.credential)
    assert scene.repo.git("for-each-ref") == work
    assert scene.repo.git("status", "--porcelain") == ""
    assert scene.remote.head("main") == main


def test_doing_it_again_after_a_crash_opens_no_second_pull_request(scene: Scene) -> None:
    scene.hub.fail("POST", r"/repos/.*/pulls", "reset")
    with pytest.raises(Exception, match="no answer"):
        scene.remedy.act(scene.step, scene.credential)
    scene.remedy.act(scene.step, scene.credential)
    before = scene.remote_tree()
    scene.remedy.act(scene.step, scene.credential)
    assert len(scene.hub.state.repos["example/app"].pulls) == 1
    assert scene.remote_tree() == before


def test_once_merged_the_value_is_gone_from_every_branch(scene: Scene) -> None:
    scene.repo.commit("drop the lua by hand", delete=("conf.lua",), author=BOB)
    scene.repo.git("push", "-q", str(scene.remote.path), "main")
    scene.remedy.before(scene.step, scene.credential)
    scene.remedy.act(scene.step, scene.credential)
    head = scene.hub.state.repos["example/app"].pulls[1].head
    scene.remote.git("update-ref", "refs/heads/main", head)
    assert scene.remedy.after(scene.step, scene.credential).liveness is Liveness.DEAD


def test_a_branch_of_that_name_with_other_content_is_left_and_another_name_taken(scene: Scene) -> None:
    scene.remedy.act(scene.step, scene.credential)
    head = scene.hub.state.repos["example/app"].pulls[1].head
    scene.hub.state.repos["example/app"].pulls.clear()
    foreign = scene.remote.git("commit-tree", scene.remote.head("main^{tree}"), "-m", "somebody's work")
    scene.remote.git("update-ref", f"refs/heads/{head}", foreign)
    scene.remedy.act(scene.step, scene.credential)
    assert scene.remote.head(head) == foreign
    assert scene.hub.state.repos["example/app"].pulls[1].head == f"{head}-2"


def test_when_no_file_can_be_rewritten_a_person_is_told_which_and_why(scene: Scene) -> None:
    scene.repo.commit("only lua", delete=("app.py", "deploy.sh"), author=BOB)
    scene.repo.git("push", "-q", str(scene.remote.path), "main")
    scene.remedy.before(scene.step, scene.credential)
    with pytest.raises(NothingToPropose, match=r"conf\.lua: no reference is known"):
        scene.remedy.act(scene.step, scene.credential)


@pytest.mark.parametrize("part", ["user", "host", "client_email", "client_id"])
def test_a_mere_name_stays_in_the_code(scene: Scene, part: str) -> None:
    name = "builder-01@acme-prod-7.iam.gserviceaccount.com"
    scene.repo.commit("names", {"README": f"{name} may read\n"}, author=BOB)
    scene.repo.git("push", "-q", str(scene.remote.path), "main")
    named = replace(scene.credential, parts={part: Secret(name.encode()), **scene.credential.parts})
    scene.remedy.act(scene.step, named)
    pull = scene.hub.state.repos["example/app"].pulls[1]
    assert scene.remote.git("show", f"{pull.head}:README") == f"{name} may read"
    assert "README" not in (pull.body or "")


def test_a_link_is_not_taken_for_the_file_that_it_leads_to(scene: Scene) -> None:
    scene.repo.write({".env": f"TOKEN={scene.value}\n", "shared/ignore": "*.o\n"})
    (scene.repo.path / ".gitignore").symlink_to("shared/ignore")
    scene.repo.git("add", "-f", ".")
    scene.repo.git("commit", "-qm", "settings")
    scene.repo.git("push", "-q", str(scene.remote.path), "main")
    scene.remedy.act(scene.step, scene.credential)
    pull = scene.hub.state.repos["example/app"].pulls[1]
    assert scene.remote.git("show", f"{pull.head}:.gitignore") == "shared/ignore"
    assert "`.gitignore`: a link: where it leads to there must be /.env" in (pull.body or "")


def test_a_branch_of_somebody_else_below_our_prefix_counts(scene: Scene) -> None:
    scene.repo.git("push", "-q", str(scene.remote.path), "main:offkey/hidden")
    scene.repo.commit("out", delete=("app.py", "deploy.sh", "conf.lua"), author=BOB)
    scene.repo.git("push", "-q", str(scene.remote.path), "main")
    seen = scene.remedy.before(scene.step, scene.credential)
    assert (seen.liveness, seen.reason) == (Liveness.LIVE, "held by offkey/hidden")
