"""Which jobs use what, in every version a repository keeps, and who last changed them."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offboarding.demo.simulators.tokens import github_classic
from offkey.found import Use
from rules import RuleSet
from scanner.pipelines import used
from scanner.pipelines.survey import survey
from scanner.pipelines.ties import LITERAL
from scanner.pipelines.usage import SCHEDULE, Survey
from scanner.repository.git import Git
from scanner.repository.sources import open_target
from tests.builders import ANN, BOB, Repo
from tests.scanner.conftest import Scan

DEPLOY = ".github/workflows/deploy.yml"
CHEN = ("Chen Wei", "chen@example.com")


def workflow(value: str = "${{ secrets.DEPLOY_KEY }}", *, cron: str = "0 3 * * *", test: str = "make test") -> str:
    return (
        f"name: deploy\non:\n  push: {{branches: [main]}}\n  schedule:\n    - cron: '{cron}'\njobs:\n"
        f"  test:\n    steps:\n      - run: {test}\n"
        f"  release:\n    environment: production\n    steps:\n      - name: publish\n        run: ./bin/publish.sh\n"
        f"        env:\n          GH_TOKEN: {value}\n"
    )


def asked(repo: Repo) -> Survey:
    return survey(Git(repo.path), "app")


def one(uses: tuple[Use, ...], name: str) -> Use:
    (found,) = [use for use in uses if use.name == name]
    return found


def who(use: Use) -> str:
    return use.changed.email if use.changed else ""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.create(tmp_path / "app")


@pytest.fixture
def explained(look: Scan, ruleset: RuleSet, pattern_cache: Path) -> Callable[[Repo], used.Used]:
    """What `scan --ci` finds."""

    def run(repo: Repo) -> used.Used:
        found = look(repo.path).findings
        return used.look([open_target(repo.path)], found, ruleset, cache=pattern_cache)

    return run


def test_a_name_in_a_branch_tip_is_told_with_its_job_and_when_that_runs(repo: Repo) -> None:
    first = repo.commit("begin", {DEPLOY: workflow()})
    use = one(asked(repo).named, "DEPLOY_KEY")
    assert (use.job, use.step, use.environment) == ("release", "publish", "production")
    assert use.when == ("push (main)", "schedule 0 3 * * *")
    assert (use.present, use.commit, use.last) == (True, first, first)


def test_a_name_that_was_taken_out_is_still_told_as_one_of_history_alone(repo: Repo) -> None:
    repo.commit("begin", {DEPLOY: workflow()})
    second = repo.commit("old", {DEPLOY: workflow("${{ secrets.OLD_KEY }}")})
    third = repo.commit("old, changed", {DEPLOY: workflow("${{ secrets.OLD_KEY }}", test="make check")})
    repo.commit("new", {DEPLOY: workflow()})
    use = one(asked(repo).named, "OLD_KEY")
    assert (use.present, use.commit, use.last) == (False, second, third)
    assert use.changed is None


def test_versions_of_side_branches_merges_stashes_and_reset_commits_count(repo: Repo) -> None:
    repo.commit("begin", {DEPLOY: workflow()})
    repo.branch("side").commit("side", {DEPLOY: workflow("${{ secrets.ON_A_BRANCH_KEY }}")})
    repo.checkout("main").commit("other", {"a": "b"})
    repo.branch("gone").commit("gone", {DEPLOY: workflow("${{ secrets.RESET_AWAY_KEY }}")})
    repo.checkout("main")
    repo.git("branch", "-D", "gone")
    repo.stash({DEPLOY: workflow("${{ secrets.STASHED_KEY }}")})
    repo.merge("side", files={DEPLOY: workflow("${{ secrets.MERGED_KEY }}")})
    repo.commit("after", {DEPLOY: workflow()})
    names = {use.name: use.present for use in asked(repo).named if use.note == "secret"}
    assert names == {
        "DEPLOY_KEY": True, "ON_A_BRANCH_KEY": True, "RESET_AWAY_KEY": False, "STASHED_KEY": False, "MERGED_KEY": False,
    }  # fmt: skip


def test_who_changed_another_job_of_the_file_did_not_change_this_one(repo: Repo) -> None:
    repo.commit("begin", {DEPLOY: workflow()}, author=ANN)
    repo.commit("release", {DEPLOY: workflow("${{ secrets.DEPLOY_KEY }} # x")}, author=BOB)
    repo.commit("test", {DEPLOY: workflow("${{ secrets.DEPLOY_KEY }} # x", test="make check")}, author=CHEN)
    assert who(one(asked(repo).named, "DEPLOY_KEY")) == BOB[1]


def test_moving_the_file_does_not_change_its_jobs(repo: Repo) -> None:
    repo.commit("begin", {DEPLOY: workflow()}, author=BOB)
    repo.commit("move", rename={DEPLOY: ".github/workflows/release.yml"}, author=ANN)
    use = one(tuple(u for u in asked(repo).named if u.present), "DEPLOY_KEY")
    assert use.path == ".github/workflows/release.yml"
    assert who(use) == BOB[1]


def test_a_change_on_a_branch_that_was_merged_counts_for_whoever_made_it(repo: Repo) -> None:
    repo.commit("begin", {DEPLOY: workflow("${{ secrets.X_KEY }}")}, author=ANN)
    repo.branch("side").commit("change", {DEPLOY: workflow()}, author=CHEN)
    repo.checkout("main").commit("other", {"a": "b"}, author=ANN)
    repo.merge("side", author=ANN)
    assert who(one(asked(repo).named, "DEPLOY_KEY")) == CHEN[1]


def test_a_change_that_only_another_branch_has_does_not_count(repo: Repo) -> None:
    repo.commit("begin", {DEPLOY: workflow()}, author=ANN)
    repo.branch("side").commit("change", {DEPLOY: workflow("${{ secrets.X_KEY }}")}, author=BOB)
    repo.commit("back", {DEPLOY: workflow()}, author=BOB)
    repo.checkout("main")
    assert who(one(asked(repo).named, "DEPLOY_KEY")) == ANN[1]


def test_mailmap_says_who_last_changed_a_job(repo: Repo) -> None:
    repo.commit("begin", {DEPLOY: workflow(), ".mailmap": "Bob Baker <bob@example.com> <old@example.com>\n"},
                author=("B", "old@example.com"))  # fmt: skip
    changed = one(asked(repo).named, "DEPLOY_KEY").changed
    assert changed is not None
    assert (changed.email, changed.raw_email) == ("bob@example.com", "old@example.com")


def test_a_schedule_belongs_to_the_last_who_changed_its_cron_line(repo: Repo) -> None:
    repo.commit("begin", {DEPLOY: workflow()}, author=ANN)
    commit = repo.commit("cron", {DEPLOY: workflow(cron="5 3 * * *")}, author=BOB)
    repo.commit("other job", {DEPLOY: workflow("x", cron="5 3 * * *", test="true")}, author=CHEN)
    (schedule,) = asked(repo).schedules
    assert schedule.changed is not None
    assert (schedule.changed.email, schedule.changed.commit) == (BOB[1], commit)
    assert (schedule.when, schedule.note) == (("schedule 5 3 * * *",), SCHEDULE)


def test_schedules_run_on_the_default_branch_alone(repo: Repo) -> None:
    repo.commit("begin", {"a": "b"})
    repo.branch("side").commit("cron", {DEPLOY: workflow()}, author=BOB)
    repo.checkout("main")
    assert asked(repo).schedules == ()


def test_in_a_clone_the_remotes_head_says_which_branch_is_the_default(tmp_path: Path, repo: Repo) -> None:
    repo.commit("cron", {DEPLOY: workflow()}, author=BOB)
    repo.git("clone", "-q", f"file://{repo.path}", str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone").branch("feature")
    clone.commit("no cron here", delete=(DEPLOY,))
    (schedule,) = asked(clone).schedules
    assert who(schedule) == BOB[1]


def test_a_called_workflow_runs_when_its_callers_do(repo: Repo) -> None:
    library = "on: workflow_call\njobs:\n  push:\n    steps:\n      - run: echo ${{ secrets.PUSH_KEY }}\n"
    caller = "on: [release]\njobs:\n  call:\n    uses: ./.github/workflows/lib.yml\n    secrets: inherit\n"
    repo.commit("begin", {".github/workflows/lib.yml": library, ".github/workflows/a.yml": caller})
    when = one(asked(repo).named, "PUSH_KEY").when
    assert when == ("workflow_call", "called by .github/workflows/a.yml, job call (release)")


def test_workflows_that_call_each_other_in_a_circle_come_to_an_end(repo: Repo) -> None:
    def calling(other: str) -> str:
        return (
            f"on: workflow_call\njobs:\n  x:\n    uses: ./.github/workflows/{other}.yml\n  y:\n    steps: [{{run: echo "
            f"${{{{ secrets.{other}_KEY }}}}}}]\n"
        )

    repo.commit("begin", {".github/workflows/A.yml": calling("B"), ".github/workflows/B.yml": calling("A")})
    assert {use.name for use in asked(repo).named} == {"A_KEY", "B_KEY"}


def test_a_name_in_an_included_template_is_told_for_the_job_that_extends_it(repo: Repo) -> None:
    repo.commit("begin", {
        ".gitlab-ci.yml": "include: [{local: ci/base.gitlab-ci.yml}]\ndeploy:\n  extends: .base\n  when: manual\n",
        "ci/base.gitlab-ci.yml": ".base:\n  script: ['curl $CI_DEPLOY_TOKEN']\n",
    }, author=BOB)  # fmt: skip
    (use,) = [use for use in asked(repo).named if use.job == "deploy"]
    assert (use.name, use.path, use.when, who(use)) == (
        "CI_DEPLOY_TOKEN", "ci/base.gitlab-ci.yml", ("manual",), BOB[1],
    )  # fmt: skip


def test_a_file_of_today_that_does_not_parse_is_a_gap_and_an_old_one_is_not(repo: Repo) -> None:
    repo.commit("broken", {DEPLOY: "jobs: [\n - ${{ secrets.DEPLOY_KEY }}\n"})
    (gap,) = asked(repo).gaps
    assert DEPLOY in gap.where
    assert one(asked(repo).named, "DEPLOY_KEY").present
    repo.commit("mended", {DEPLOY: workflow("x")})
    assert asked(repo).gaps == ()
    assert not one(asked(repo).named, "DEPLOY_KEY").present


def test_a_link_and_a_submodule_at_the_path_of_a_workflow_are_passed_over(repo: Repo) -> None:
    commit = repo.commit("begin", {"a": "b"})
    blob = repo.blob("a")
    repo.git("update-index", "--add", "--cacheinfo", f"120000,{blob},{DEPLOY}")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},.gitlab-ci.yml")
    repo.git("commit", "-q", "-m", "odd")
    told = asked(repo)
    assert (told.named, told.gaps) == ((), ())


def test_a_repository_without_a_commit_has_no_uses(repo: Repo) -> None:
    assert asked(repo).uses == ()


def test_a_missing_version_is_a_gap(repo: Repo) -> None:
    repo.commit("begin", {DEPLOY: workflow()})
    blob = repo.blob(DEPLOY)
    (repo.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert any(blob in gap.where for gap in asked(repo).gaps)


def test_a_tree_that_is_missing_is_a_gap_and_what_stands_above_it_is_still_read(repo: Repo) -> None:
    repo.commit("begin", {"old/x": "y"})
    tree = repo.git("rev-parse", "HEAD:old")
    repo.commit("more", {DEPLOY: workflow()}, delete=("old/x",))
    (repo.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    told = asked(repo)
    assert any("older versions of CI configuration" in gap.why for gap in told.gaps)
    assert one(told.named, "DEPLOY_KEY").present


@settings(deadline=None, max_examples=12)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.booleans(), st.integers(0, 2)),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_is_committed_a_job_belongs_to_the_last_who_changed_its_text(
    edits: list[tuple[str, str, bool, int]],
) -> None:
    people = (ANN, BOB, CHEN)
    with TemporaryDirectory() as folder:
        repo = Repo.create(Path(folder) / "app")
        repo.commit("begin", {DEPLOY: workflow(test="start")}, author=ANN)
        path, before, last = DEPLOY, ("start", "${{ secrets.DEPLOY_KEY }}"), {"test": ANN, "release": ANN}
        for number, (test, release, move, author) in enumerate(edits):
            now = (test, f"${{{{ secrets.DEPLOY_KEY }}}} # {release}")
            last |= {job: people[author] for job, old, new in zip(last, before, now, strict=True) if old != new}
            if move:
                new_path = f".github/workflows/w{number}.yml"
                repo.commit("move", rename={path: new_path}, author=BOB)
                path = new_path
            repo.commit("edit", {path: workflow(now[1], test=now[0])}, author=people[author])
            before = now
        told = asked(repo)
        uses = {use.job: who(use) for use in told.uses if use.present}
        assert uses["release"] == last["release"][1]
        key = next(key for key in told.read if told.told.tip_of(*key[1:]))
        (changed,) = {who(use) for use in told.place(key, 8, "x")}
        assert changed == last["test"][1]


def test_a_literal_is_tied_to_the_job_that_holds_it(repo: Repo, explained: Callable[[Repo], used.Used]) -> None:
    first = repo.commit("leak", {DEPLOY: workflow(github_classic("literal"))}, author=BOB)
    (finding,) = explained(repo).findings
    use = next(use for use in finding.usage if use.note == LITERAL)
    assert (use.job, use.step, use.name, use.present, use.commit) == ("release", "publish", "GH_TOKEN", True, first)
    assert who(use) == BOB[1]


def test_a_literal_that_became_a_secret_is_tied_to_the_old_job_and_by_name_to_the_new(
    repo: Repo, explained: Callable[[Repo], used.Used]
) -> None:
    repo.commit("leak", {DEPLOY: workflow(github_classic("literal"))}, author=ANN)
    repo.commit("mend", {DEPLOY: workflow()}, author=BOB)
    (finding,) = explained(repo).findings
    assert {(use.note.partition(":")[0], use.present) for use in finding.usage} == {(LITERAL, False), ("by name", True)}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".env", "GH_TOKEN=§\n"),
        ("bin/env.sh", "#!/bin/sh\nexport GH_TOKEN='§'\n"),
        ("settings.yml", "settings:\n  GH_TOKEN: \"§\"\n"),
        ("app/config.py", "GH_TOKEN = '§'\n"),
        ("Dockerfile", "FROM scratch\nENV GH_TOKEN §\n"),
        ("prod.json", '{"GH_TOKEN": "§"}\n'),
        ("k8s/a.yml", "apiVersion: v1\nkind: Pod\nspec:\n  env:\n    - name: GH_TOKEN\n      value: §\n"),
        ("prod.tfvars", "GH_TOKEN = \"§\"\n"),
        ("settings.yml", "a:\n  GH_TOKEN: |\n    §\n"),
        ("settings.yaml", "- 'GH_TOKEN': >-  # folded\n\n    first line\n    §\n"),
        ("k8s/b.yml", "kind: Pod\nspec:\n  env:\n    - name: GH_TOKEN\n      value: |-\n        §\n"),
    ],
)  # fmt: skip
def test_a_value_is_tied_by_the_name_it_is_assigned_to(
    repo: Repo, explained: Callable[[Repo], used.Used], path: str, text: str
) -> None:
    repo.commit("begin", {DEPLOY: workflow(), path: text.replace("§", github_classic("value"))})
    (finding,) = explained(repo).findings
    found = [use for use in finding.usage if use.path == DEPLOY]
    assert [(use.job, use.name) for use in found] == [("release", "GH_TOKEN")]
    assert found[0].note == f"by name: {path} assigns the value to GH_TOKEN"


def test_a_name_that_says_nothing_ties_nothing(repo: Repo, explained: Callable[[Repo], used.Used]) -> None:
    repo.commit("begin", {
        ".gitlab-ci.yml": "x:\n  variables: {token: a}\n  script: ['echo $TOKEN']\n",
        "a.yml": f"token: {github_classic('value')}\n",
    })  # fmt: skip
    (finding,) = explained(repo).findings
    assert finding.usage == ()


@pytest.mark.parametrize(
    ("path", "config", "text", "job"),
    [
        ("deploy/prod.conf", "deploy/docker-compose.yml", "services:\n  web:\n    env_file: prod.conf\n", "web"),
        (".npmrc", "Dockerfile", "FROM node AS build\nCOPY .npmrc /\n", "build"),
        ("config/a/b.ini", "Dockerfile", "FROM node AS build\nCOPY config/ /etc/\n", "build"),
        ("bin/publish.sh", DEPLOY, workflow("x"), "release"),
        ("run.env", ".gitlab-ci.yml", "go:\n  script:\n    - docker run --env-file ./run.env web\n", "go"),
    ],
)  # fmt: skip
def test_a_value_is_tied_by_the_file_that_holds_it(
    repo: Repo, explained: Callable[[Repo], used.Used], path: str, config: str, text: str, job: str
) -> None:
    repo.commit("begin", {config: text, path: f"whatever {github_classic('value')}\n"}, author=BOB)
    (finding,) = explained(repo).findings
    (use,) = [use for use in finding.usage if use.note.startswith("by file: ")]
    assert (use.path, use.job, who(use)) == (config, job, BOB[1])


def test_copying_everything_ties_nothing(repo: Repo, explained: Callable[[Repo], used.Used]) -> None:
    repo.commit("begin", {"Dockerfile": "FROM node\nCOPY . /app\n", "a.py": f"x = '{github_classic('value')}'\n"})
    (finding,) = explained(repo).findings
    assert finding.usage == ()


def test_a_literal_in_the_work_tree_alone_is_tied_too(repo: Repo, explained: Callable[[Repo], used.Used]) -> None:
    repo.commit("begin", {"a": "b"})
    repo.write({DEPLOY: workflow(github_classic("uncommitted"))})
    (finding,) = explained(repo).findings
    (use,) = finding.usage
    assert (use.job, use.step) == ("release", "publish")
    assert use.note == f"{LITERAL}, in the work tree alone"


def test_a_literal_in_a_dangling_commit_is_tied_too(repo: Repo, explained: Callable[[Repo], used.Used]) -> None:
    repo.commit("begin", {"a": "b"})
    repo.dangling({"deploy.tf": f'provider "github" {{\n  token = "{github_classic("dangling")}"\n}}\n'})
    (finding,) = explained(repo).findings
    (use,) = finding.usage
    assert (use.job, use.present) == ("provider github", False)
    assert use.note == f"{LITERAL}, in no commit that a ref leads to"


def test_no_value_stands_in_a_use(repo: Repo, explained: Callable[[Repo], used.Used]) -> None:
    value = github_classic("in names")
    text = (
        f"on: [push]\njobs:\n  {value}:\n    environment: {value}\n    steps:\n      - name: use {value}\n"
        f"        run: ./{value}.sh ${{{{ secrets.{value} }}}}\n        env: {{{value}: {value}}}\n"
    )
    cron = f"apiVersion: v1\nkind: CronJob\nmetadata: {{name: {value}}}\nspec: {{schedule: {value}}}\n"
    repo.commit("begin", {DEPLOY: text, "k8s/cron.yml": cron}, author=(value, f"{value}@example.com"))
    told = explained(repo)
    assert told.findings[0].usage
    assert told.names
    assert told.schedules
    assert value not in repr([told.names, told.schedules, told.gaps, [finding.usage for finding in told.findings]])


def test_two_looks_say_the_same(repo: Repo, explained: Callable[[Repo], used.Used]) -> None:
    repo.commit("begin", {DEPLOY: workflow(github_classic("a")), ".env": f"GH_TOKEN={github_classic('b')}\n"})
    assert explained(repo) == explained(repo)


def test_a_plain_folder_is_read_as_it_is_now(tmp_path: Path, look: Scan, ruleset: RuleSet, pattern_cache: Path) -> None:
    folder = tmp_path / "folder"
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / DEPLOY).write_text(workflow(github_classic("folder")))
    (folder / ".env").write_text(f"GH_TOKEN={github_classic('env')}\n")
    (folder / "docker-compose.yml").write_text("services: {web: {env_file: .env}}\n")
    told = used.look([open_target(folder)], look(folder).findings, ruleset, cache=pattern_cache)
    notes = {finding.places[0].path: [use.note for use in finding.usage] for finding in told.findings}
    assert notes == {
        DEPLOY: [LITERAL],
        ".env": [LITERAL, "by name: .env assigns the value to GH_TOKEN", "by file: env_file .env"],
    }
    assert all(use.present and use.changed is None for finding in told.findings for use in finding.usage)
    assert [use.name for use in told.names] == ["GH_TOKEN"]
    (folder / DEPLOY).write_text("jobs: [\n")
    assert len(used.look([open_target(folder)], (), ruleset, cache=pattern_cache).gaps) == 1


def test_a_value_in_base64_is_tied_to_its_object_and_to_the_jobs_that_use_its_key(
    repo: Repo, explained: Callable[[Repo], used.Used]
) -> None:
    packed = b64encode(github_classic("packed").encode()).decode()
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: app}}\ndata:\n  PAY_TOKEN: {packed}\n"
    pod = "kind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: main\n      env:\n        - name: T\n"
    pod += "          valueFrom: {secretKeyRef: {name: app, key: PAY_TOKEN}}\n"
    repo.commit("begin", {"k8s/secret.yaml": f"kind: Namespace\n---\n{secret}---\n{pod}"})
    (finding,) = explained(repo).findings
    assert [(use.job, use.step, use.line, use.name) for use in finding.usage] == [
        ("Secret app", "", 7, "PAY_TOKEN"),
        ("Pod web", "main", 16, "app/PAY_TOKEN"),
    ]


def test_a_value_in_a_file_inside_a_block_is_tied_by_both_names(
    repo: Repo, explained: Callable[[Repo], used.Used]
) -> None:
    block = f"data:\n  APP_CONF: |\n    [github]\n    GH_TOKEN = {github_classic('value')}\n"
    pipeline = "a:\n  script: x $APP_CONF\n"
    repo.commit("begin", {DEPLOY: workflow(), ".gitlab-ci.yml": pipeline, "settings.yml": block})
    (finding,) = explained(repo).findings
    assert {(use.path, use.name) for use in finding.usage} == {(DEPLOY, "GH_TOKEN"), (".gitlab-ci.yml", "APP_CONF")}


@pytest.mark.parametrize(
    "text",
    [
        "APP_CONF: |\n  x\nother:\n  inner: §\n",
        "APP_CONF:\n  inner: §\n",
        "APP_CONF: |\n  x\n§\n",
        "- APP_CONF: |\n    x\n  other: §\n",
        "job:\n  script: |\n    §\n",
    ],
    ids=["behind the block", "a map", "not indented", "beside the block", "a program"],
)
def test_what_lies_in_no_block_has_not_its_name(repo: Repo, explained: Callable[[Repo], used.Used], text: str) -> None:
    pipeline = "a:\n  variables: {script: x}\n  script: x $APP_CONF\n"
    repo.commit("begin", {".gitlab-ci.yml": pipeline, "a.yml": text.replace("§", github_classic("value"))})
    (finding,) = explained(repo).findings
    assert finding.usage == ()
