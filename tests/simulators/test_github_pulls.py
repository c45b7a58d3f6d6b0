"""Pull requests on real branches of a real bare repository: through PyGithub, and against GitHub's description."""

import pytest
from github import Auth, Github, GithubException, UnknownObjectException

from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.github import GitHubSimulator
from tests.builders import Repo
from tests.simulators.asking import ask

AT_ONCE: dict[str, None] = {"seconds_between_requests": None, "seconds_between_writes": None}


class Shop:
    """acme/shop, a private repository with `main` and `fix/keys`; Ann may push, Dan may not even see it."""

    def __init__(self, sim, folder):
        work = Repo.create(folder / "work")
        work.commit("start", {"a.py": "one\ntwo\n"})
        work.git("branch", "-M", "main")
        work.git("branch", "empty")
        work.branch("fix/keys").commit("take the key out", {"a.py": "one\nthree\nfour\n", "b.py": "b\n"})
        work.checkout("main")
        self.bare = folder / "shop.git"
        work.git("clone", "-q", "--bare", str(work.path), str(self.bare))
        self.git = Repo(self.bare)
        self.sim, self.ann = sim, tokens.github_classic("ann")
        sim.add_user("ann")
        sim.add_user("dan")
        sim.add_org("acme")
        sim.add_member("acme", "ann", "admin")
        sim.add_token("ann", self.ann, scopes=["repo"])
        sim.add_repo("acme/shop", self.bare)
        self.hub = Github(auth=Auth.Token(self.ann), base_url=sim.url, retry=None, **AT_ONCE)
        self.repo = self.hub.get_repo("acme/shop")

    def ask(self, method, path, token=None, **more):
        return ask(self.sim, "github", method, path, token or self.ann, **more)


@pytest.fixture
def shop(tmp_path):
    with GitHubSimulator() as sim:
        shop = Shop(sim, tmp_path)
        yield shop
        shop.hub.close()


def propose(shop, head="fix/keys", base="main"):
    return shop.repo.create_pull(base=base, head=head, title="Take keys out", body="Please review.")


def test_pygithub_opens_a_pull_request_and_finds_it_again(shop):
    made = propose(shop)
    assert (made.number, made.state, made.head.ref, made.base.ref) == (1, "open", "fix/keys", "main")
    assert made.head.sha == shop.git.head("fix/keys")
    assert (made.commits, made.changed_files, made.additions, made.deletions) == (1, 2, 3, 1)
    assert [pull.number for pull in shop.repo.get_pulls(head="acme:fix/keys")] == [1]
    assert list(shop.repo.get_pulls(head="acme:other")) == []
    assert shop.hub.get_user().login == "ann"


def test_a_pull_request_needs_a_branch_that_was_really_pushed(shop):
    with pytest.raises(GithubException, match="422") as caught:
        propose(shop, head="never/pushed")
    assert caught.value.data["errors"][0]["field"] == "head"
    shop.git.git("branch", "never/pushed", "fix/keys")
    assert propose(shop, head="never/pushed").number == 1


def test_a_second_pull_request_of_the_same_branch_is_refused_until_the_first_is_closed(shop):
    first = propose(shop)
    with pytest.raises(GithubException, match="A pull request already exists for acme:fix/keys"):
        propose(shop)
    first.edit(state="closed")
    assert propose(shop).number == 2
    assert [pull.number for pull in shop.repo.get_pulls(state="all")] == [2, 1]
    assert [pull.number for pull in shop.repo.get_pulls()] == [2]


def test_a_branch_without_new_commits_is_refused(shop):
    with pytest.raises(GithubException, match="No commits between main and empty"):
        propose(shop, head="empty")


@pytest.mark.parametrize("body", [{"head": "fix/keys", "base": "main"}, {"title": "x", "head": "fix/keys"}])
def test_a_pull_request_needs_title_and_base(shop, body):
    assert shop.ask("POST", "/repos/acme/shop/pulls", json=body).status_code == 422


def test_labels_and_comments_stay(shop):
    made = propose(shop)
    made.add_to_labels("security")
    made.create_issue_comment("Rotate it first.")
    again = shop.repo.get_pull(1)
    assert [label.name for label in again.labels] == ["security"]
    assert [(note.user.login, note.body) for note in again.get_issue_comments()] == [("ann", "Rotate it first.")]


def test_merging_makes_a_real_merge_commit(shop):
    made = propose(shop)
    done = made.merge()
    assert done.merged
    assert shop.git.head("main") == done.sha
    assert shop.git.git("show", "main:b.py").strip() == "b"
    assert (shop.repo.get_pull(1).merged, shop.repo.get_pull(1).state) == (True, "closed")
    with pytest.raises(GithubException, match="405"):
        made.merge()


def test_a_conflict_cannot_be_merged(shop, tmp_path):
    other = shop.git.clone(tmp_path / "other")
    other.commit("clash", {"a.py": "one\nelse\n"})
    other.git("push", "-q", "origin", "main")
    with pytest.raises(GithubException, match="405"):
        propose(shop).merge()


def test_branches_can_be_looked_up_by_names_with_slashes(shop):
    assert shop.repo.get_git_ref("heads/fix/keys").object.sha == shop.git.head("fix/keys")
    with pytest.raises(UnknownObjectException):
        shop.repo.get_git_ref("heads/no/such")


def test_a_private_repository_is_hidden_from_others_and_a_read_only_token_cannot_propose(shop):
    dan, scoped = tokens.github_classic("dan"), tokens.github_classic("no scopes")
    shop.sim.add_token("dan", dan, scopes=["repo"])
    shop.sim.add_token("ann", scoped)
    assert shop.ask("GET", "/repos/acme/shop", dan).status_code == 404
    assert shop.ask("GET", "/repos/acme/shop", scoped).status_code == 404
    shop.sim.state.repos["acme/shop"].private = False
    assert shop.ask("GET", "/repos/acme/shop", scoped).json()["permissions"]["push"] is False
    body = {"title": "x", "head": "fix/keys", "base": "main"}
    assert shop.ask("POST", "/repos/acme/shop/pulls", scoped, json=body).status_code == 403


def test_an_app_may_propose_and_is_named_as_a_bot(shop):
    app = tokens.github_installation("app")
    shop.sim.add_app("acme", app, "offkey")
    body = {"title": "x", "head": "acme:fix/keys", "base": "main"}
    assert shop.ask("POST", "/repos/acme/shop/pulls", app, json=body).json()["user"]["login"] == "offkey[bot]"


@pytest.mark.parametrize("path", ["", "/pulls", "/pulls/1", "/git/ref/heads/fix/keys", "/issues/1/comments"])
def test_each_answer_fits_githubs_description(shop, path):
    made = propose(shop)
    made.create_issue_comment("x")
    made.add_to_labels("security")
    assert shop.ask("GET", f"/repos/acme/shop{path}").status_code == 200


def test_each_written_answer_fits_githubs_description(shop):
    base = "/repos/acme/shop"
    body = {"title": "x", "head": "fix/keys", "base": "main"}
    assert shop.ask("POST", f"{base}/pulls", json=body).status_code == 201
    assert shop.ask("PATCH", f"{base}/pulls/1", json={"title": "y"}).json()["title"] == "y"
    assert shop.ask("POST", f"{base}/issues/1/labels", json={"labels": ["a"]}).status_code == 200
    assert shop.ask("POST", f"{base}/issues/1/comments", json={"body": "z"}).status_code == 201
    assert shop.ask("PUT", f"{base}/pulls/1/merge", json={}).status_code == 200
    assert shop.ask("PUT", f"{base}/pulls/1/merge", json={}).status_code == 405
    assert shop.ask("GET", f"{base}/pulls/9").status_code == 404


def test_a_repository_without_git_behind_it_has_the_branches_it_is_given(shop):
    repo = shop.sim.add_repo("acme/other")
    repo.branches |= {"main": "a" * 40, "fix": "b" * 40}
    assert shop.hub.get_repo("acme/other").create_pull(base="main", head="fix", title="t").head.sha == "b" * 40
