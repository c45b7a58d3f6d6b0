"""Configuration that lies where some other configuration says: read like the rest, and only inside the repository."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offboarding.demo.simulators.tokens import github_classic
from offkey.found import Use
from rules import RuleSet
from scanner.ci.paths import matches
from scanner.pipelines import survey as surveying
from scanner.pipelines import used
from scanner.pipelines.survey import survey, survey_folder
from scanner.pipelines.ties import LITERAL
from scanner.pipelines.usage import Survey
from scanner.repository.git import Git
from scanner.repository.sources import open_target
from tests.builders import ANN, BOB, Repo
from tests.scanner.conftest import Scan

PIPELINE = ".gitlab-ci.yml"
INCLUDING = "include: [{local: ci/deploy.yml}]\n"
DEPLOY = "release:\n  script: ['x $DEPLOY_TOKEN']\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.create(tmp_path / "app")


def asked(repo: Repo) -> Survey:
    return survey(Git(repo.path), "app")


def told(repo: Repo) -> set[tuple[str, str, str, bool]]:
    """Path, job, name and presence of every secret that is named."""
    return {(use.path, use.job, use.name, use.present) for use in asked(repo).named}


def one(uses: tuple[Use, ...], name: str) -> Use:
    (found,) = [use for use in uses if use.name == name]
    return found


@pytest.mark.parametrize(
    ("including", "text", "path", "included", "job", "when"),
    [
        (
            PIPELINE, "include: ci/x.yml\n", "ci/x.yml",
            "a:\n  rules: [{if: $CI_COMMIT_TAG}]\n  script: x $A_TOKEN\n", "a",
            ("tag", "included by .gitlab-ci.yml (push)"),
        ),
        (
            PIPELINE, "include: [/ci/x.yml]\n", "ci/x.yml", "a:\n  script: x $A_TOKEN\n", "a",
            ("included by .gitlab-ci.yml (push)",),
        ),
        (
            PIPELINE, "include: {local: 'ci/**.yml'}\n", "ci/deep/x.yml", "a:\n  script: x $A_TOKEN\n", "a",
            ("included by .gitlab-ci.yml (push)",),
        ),
        (
            PIPELINE, "child:\n  trigger:\n    include:\n      - local: ci/x.yml\n", "ci/x.yml",
            "a:\n  script: x $A_TOKEN\n", "a", ("included by .gitlab-ci.yml, job child (push)",),
        ),
        (
            "ci/azure-pipelines.yml",
            "trigger: none\npr: none\nschedules: [{cron: '0 3 * * *'}]\n"
            "jobs:\n- job: Build\n  steps:\n  - template: t/x.yml\n",
            "ci/t/x.yml", "steps:\n- script: echo $(A_TOKEN)\n", "",
            ("included by ci/azure-pipelines.yml, job Build (manual, schedule 0 3 * * *)",),
        ),
        (
            "ci/azure-pipelines.yml", "trigger: [main]\npr: none\nextends:\n  template: /t/x.yml@self\n", "t/x.yml",
            "jobs:\n- job: In\n  steps:\n  - script: echo $(A_TOKEN)\n", "In",
            ("included by ci/azure-pipelines.yml (push (main))",),
        ),
        (
            "azure-pipelines.yml", "trigger: [main]\npr: none\nvariables:\n- template: vars.yml\n", "vars.yml",
            "variables:\n- group: A_TOKEN\n", "", ("included by azure-pipelines.yml (push (main))",),
        ),
        (
            ".circleci/config.yml",
            "setup: true\njobs:\n  go:\n    steps:\n    - continuation/continue: {configuration_path: ./more.yml}\n"
            "workflows: {first: {jobs: [go]}}\n",
            "more.yml", "jobs:\n  a:\n    steps:\n    - run: x $A_TOKEN\nworkflows: {w: {jobs: [a]}}\n", "a",
            ("push", "included by .circleci/config.yml, job go (push)"),
        ),
        (
            "bitbucket-pipelines.yml",
            "definitions: {imports: {shared: ci/shared-pipelines.yml}}\n"
            "pipelines:\n  custom:\n    nightly:\n      import: a@shared\n",
            "ci/shared-pipelines.yml", "definitions:\n  pipelines:\n    a:\n    - step: {script: [x $A_TOKEN]}\n", "a",
            ("included by bitbucket-pipelines.yml, job custom: nightly (manual or schedule)",),
        ),
        (
            "Jenkinsfile",
            "pipeline { triggers { cron('@daily') }\n stages { stage('Go') { steps { script {\n"
            "  load \"${env.WORKSPACE}/ci/x.groovy\"\n } } } } }\n",
            "ci/x.groovy", "stage('In') {\n sh \"x $A_TOKEN\"\n}\n", "In",
            ("included by Jenkinsfile, job Go (schedule @daily)",),
        ),
        (
            ".travis.yml", "import:\n- source: ci/x.yml@main\n", "ci/x.yml", "script: x $A_TOKEN\n", "script",
            ("included by .travis.yml (push, pull request)",),
        ),
        (
            ".buildkite/pipeline.yml",
            "steps:\n- label: up\n  command: buildkite-agent pipeline upload --job $ID ci/x.yml\n", "ci/x.yml",
            "steps:\n- label: a\n  command: x $$A_TOKEN\n", "a",
            ("included by .buildkite/pipeline.yml, job up (as set up in Buildkite)",),
        ),
    ],
)  # fmt: skip
def test_an_included_file_is_read_as_configuration_of_the_system_that_includes_it(
    repo: Repo, including: str, text: str, path: str, included: str, job: str, when: tuple[str, ...]
) -> None:
    repo.commit("begin", {including: text, path: included})
    found = asked(repo)
    use = one(found.named, "A_TOKEN")
    assert (use.path, use.job, use.when, use.present) == (path, job, when, True)
    assert found.gaps == ()


def test_a_yaml_file_that_nothing_includes_is_not_read(repo: Repo) -> None:
    repo.commit("begin", {PIPELINE: INCLUDING, "ci/deploy.yml": DEPLOY, "ci/other.yml": "x:\n  script: x $X_TOKEN\n"})
    assert told(repo) == {("ci/deploy.yml", "release", "DEPLOY_TOKEN", True)}


def test_every_version_of_an_included_file_is_read_and_the_job_belongs_to_the_last_who_changed_it(repo: Repo) -> None:
    repo.commit("before it is included", {"ci/deploy.yml": DEPLOY.replace("DEPLOY", "OLD")})
    first = repo.commit("include", {PIPELINE: INCLUDING, "ci/deploy.yml": DEPLOY}, author=BOB)
    repo.commit("another job", {"ci/deploy.yml": DEPLOY + "test:\n  script: x\n"}, author=ANN)
    found = asked(repo)
    assert {(use.name, use.present) for use in found.named} == {("OLD_TOKEN", False), ("DEPLOY_TOKEN", True)}
    use = one(found.named, "DEPLOY_TOKEN")
    assert use.commit == first
    assert use.changed
    assert use.changed.email == BOB[1]


def test_a_file_that_was_included_once_is_history_even_if_it_is_still_there(repo: Repo) -> None:
    repo.commit("begin", {PIPELINE: INCLUDING, "ci/deploy.yml": DEPLOY})
    repo.commit("no more", {PIPELINE: "a:\n  script: x\n"})
    assert told(repo) == {("ci/deploy.yml", "release", "DEPLOY_TOKEN", False)}


def test_a_file_that_is_included_no_more_includes_nothing(repo: Repo) -> None:
    repo.commit("begin", {PIPELINE: "include: [a.yml, b.yml]\n", "a.yml": "include: [b.yml, c.yml]\n", "b.yml": DEPLOY,
                          "c.yml": DEPLOY.replace("DEPLOY", "C")})  # fmt: skip
    repo.commit("no more", {PIPELINE: "include: b.yml\n"})
    found = asked(repo)
    assert one(found.named, "DEPLOY_TOKEN").when == ("included by .gitlab-ci.yml (push)",)
    assert not one(found.named, "C_TOKEN").present


def test_a_file_that_only_a_branch_includes_is_present_and_runs_when_the_branchs_pipeline_does(repo: Repo) -> None:
    repo.commit("begin", {"ci/deploy.yml": DEPLOY})
    repo.branch("side").commit("include", {PIPELINE: INCLUDING})
    repo.checkout("main")
    use = one(asked(repo).named, "DEPLOY_TOKEN")
    assert (use.present, use.when) == (True, ("included by .gitlab-ci.yml (push)",))


def test_files_that_are_included_by_included_files_are_read_with_the_first_ones_times(repo: Repo) -> None:
    repo.commit("begin", {
        "azure-pipelines.yml": "trigger: none\npr: none\nschedules: [{cron: '5 4 * * *'}]\n"
        "steps: [{template: a/a.yml}]\n",
        "a/a.yml": "steps: [{template: '..\\b\\b.yml'}]\n",
        "b/b.yml": "steps:\n- script: echo $(DEEP_TOKEN)\n",
    })  # fmt: skip
    use = one(asked(repo).named, "DEEP_TOKEN")
    assert use.path == "b/b.yml"
    assert use.when == ("included by azure-pipelines.yml (manual, schedule 5 4 * * *)",)


def test_a_literal_in_an_included_file_is_tied_to_its_job(
    repo: Repo, look: Scan, ruleset: RuleSet, pattern_cache: Path
) -> None:
    repo.commit("begin", {PIPELINE: INCLUDING, "ci/deploy.yml": DEPLOY.replace("$DEPLOY_TOKEN", github_classic("x"))})
    (finding,) = used.look([open_target(repo.path)], look(repo.path).findings, ruleset, cache=pattern_cache).findings
    literal = next(use for use in finding.usage if use.note == LITERAL)
    assert (literal.system, literal.path, literal.job) == ("gitlab-ci", "ci/deploy.yml", "release")


@pytest.mark.parametrize(
    ("path", "text", "what", "why"),
    [
        (PIPELINE, "include: ci/gone.yml\n", "ci/gone.yml", "not in the repository"),
        (PIPELINE, "include: ci/readme.txt\n", "ci/readme.txt", "no YAML or Groovy file"),
        (PIPELINE, "include: ../../etc/passwd\n", "../../etc/passwd", "outside the repository"),
        (PIPELINE, "include: ci/$STAGE.yml\n", "ci/$STAGE.yml", "known only when it runs"),
        (
            PIPELINE, "include:\n- {remote: 'https://u:geheim@h.example/x.yml?private_token=geheim'}\n",
            "https://h.example/x.yml (", "of another repository or a server",
        ),
        (PIPELINE, "include: [{project: g/p, file: [/x.yml]}]\n", "/x.yml of project g/p", "of another repository"),
        (PIPELINE, "include: [{component: h.example/c@1}]\n", "h.example/c@1", "of another repository"),
        (PIPELINE, "a: {trigger: {include: [{artifact: made.yml, job: b}]}}\n", "made.yml", "known only when it runs"),
        ("azure-pipelines.yml", "steps: [{template: x.yml@shared}]\n", "x.yml of repository shared", "of another repo"),
        ("azure-pipelines.yml", "steps: [{template: '${{ parameters.x }}'}]\n", "${{ parameters.x }}", "when it runs"),
        ("azure-pipelines.yml", "steps: [{template: ../x.yml}]\n", "../x.yml", "outside the repository"),
        ("Jenkinsfile", "load '/opt/x.groovy'\n", "/opt/x.groovy", "outside the repository"),
        ("Jenkinsfile", "@Library(['one@1', 'two']) _\n", "library one@1, library two", "of another repository"),
        (".travis.yml", "import: org/shared:x.yml@v1\n", "org/shared:x.yml@v1", "of another repository"),
        (".drone.yml", "kind: template\nload: x.star\n", "template x.star of the server", "of another repository"),
        ("bitbucket-pipelines.yml", "pipelines: {default: {import: repo:main:p}}\n", "repo:main:p", "of another repo"),
        (
            ".buildkite/pipeline.yml", "steps:\n- command: ./gen.sh | buildkite-agent pipeline upload\n",
            "a pipeline that a command prints", "known only when it runs",
        ),
        (
            ".circleci/config.yml", "jobs: {a: {steps: [{continuation/continue: {configuration_path: /tmp/x.yml}}]}}\n",
            "/tmp/x.yml", "outside the repository",
        ),
        (
            ".github/workflows/a.yml", "on: push\njobs: {a: {uses: ./.github/workflows/gone.yml}}\n",
            ".github/workflows/gone.yml", "not in the repository",
        ),
        (
            ".github/workflows/a.yml", "on: push\njobs: {a: {steps: [{uses: ./gone}]}}\n", "gone", "not in the repo",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_a_gap_that_says_which_and_why(
    repo: Repo, path: str, text: str, what: str, why: str
) -> None:
    repo.commit("begin", {path: text, "ci/readme.txt": "x\n"})
    (gap,) = asked(repo).gaps
    assert gap.where == f"app: {path}"
    assert what in gap.why
    assert why in gap.why
    assert "geheim" not in repr(gap)


@pytest.mark.parametrize("kind", ["action.yml", "action.yaml", "Dockerfile"])
def test_an_action_of_the_repository_is_no_gap_whatever_it_is_made_of(repo: Repo, kind: str) -> None:
    flow = "on: push\njobs: {a: {steps: [{uses: ./my/action}, {uses: ./}]}}\n"
    repo.commit("begin", {".github/workflows/a.yml": flow, f"my/action/{kind}": "FROM x\n", "action.yml": "runs: {}\n"})
    assert asked(repo).gaps == ()


def test_a_pattern_that_nothing_matches_includes_nothing_and_is_no_gap(repo: Repo) -> None:
    repo.commit("begin", {PIPELINE: "include: 'ci/*.yml'\n", "ci/deep/x.yml": DEPLOY})
    found = asked(repo)
    assert (found.named, found.gaps) == ((), ())


def test_an_old_version_that_includes_what_is_gone_is_no_gap_and_what_it_included_is_read(repo: Repo) -> None:
    repo.commit("begin", {PIPELINE: INCLUDING, "ci/deploy.yml": DEPLOY})
    repo.commit("end", {PIPELINE: "a:\n  script: x\n"}, delete=("ci/deploy.yml",))
    found = asked(repo)
    assert found.gaps == ()
    assert not one(found.named, "DEPLOY_TOKEN").present


def test_an_included_file_of_today_that_does_not_parse_is_a_gap(repo: Repo) -> None:
    repo.commit("begin", {PIPELINE: INCLUDING, "ci/deploy.yml": "release: [\n - x $DEPLOY_TOKEN\n"})
    (gap,) = asked(repo).gaps
    assert gap.where == "app: ci/deploy.yml"
    assert told(repo) == {("ci/deploy.yml", "", "DEPLOY_TOKEN", True)}


def test_a_link_and_a_submodule_that_are_included_are_not_followed(repo: Repo) -> None:
    commit = repo.commit("begin", {PIPELINE: "include: [ci/link.yml, ci/module.yml]\n"})
    target = repo.loose("/etc/passwd")
    repo.git("update-index", "--add", "--cacheinfo", f"120000,{target},ci/link.yml")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},ci/module.yml")
    repo.git("commit", "-q", "-m", "odd")
    (gap,) = asked(repo).gaps
    assert "ci/link.yml, ci/module.yml (not in the repository, or a link" in gap.why


def test_files_that_include_each_other_in_a_circle_come_to_an_end(repo: Repo) -> None:
    repo.commit("begin", {
        PIPELINE: "include: [a.yml, .gitlab-ci.yml]\n",
        "a.yml": "include: [b.yml, a.yml]\na:\n  script: x $A_TOKEN\n",
        "b.yml": "include: [a.yml]\nb:\n  script: x $B_TOKEN\n",
    })  # fmt: skip
    assert told(repo) == {("a.yml", "a", "A_TOKEN", True), ("b.yml", "b", "B_TOKEN", True)}


def test_too_many_levels_and_too_many_files_are_gaps(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = {f"c{n}.yml": f"include: c{n + 1}.yml\nj{n}:\n  script: x $N{n}_TOKEN\n" for n in range(30)}
    repo.commit("begin", {PIPELINE: "include: c0.yml\n", **chain, "c30.yml": "x: {script: x}\n"})
    whole, single = asked(repo).gaps
    assert "c20.yml among them: there are more than 20 levels" in whole.why
    assert (single.where, "c20.yml (more levels" in single.why) == ("app: c19.yml", True)
    assert len(told(repo)) == 20
    monkeypatch.setattr(surveying, "_FILES", 5)
    whole, single = asked(repo).gaps
    assert "c5.yml among them: there are more than 5 files" in whole.why
    assert len(told(repo)) == 5


def test_versions_that_are_too_large_together_are_a_gap_and_todays_are_read(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        repo.commit(f"{number}", {PIPELINE: INCLUDING, "ci/deploy.yml": DEPLOY.replace("DEPLOY", f"N{number}")})
    monkeypatch.setattr(surveying, "_AT_ONCE", 1)
    monkeypatch.setattr(surveying, "_ROOM", 5_000)
    (gap,) = asked(repo).gaps
    assert "2 versions of included files are not read" in gap.why
    assert ("ci/deploy.yml", "release", "N3_TOKEN", True) in told(repo)


def test_patterns_that_match_everything_are_bounded(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"d{n}/x.yml": "a: {script: x}\n" for n in range(40)}
    patterns = "".join(f"- '{'**a' * n}**.yml'\n" for n in range(100)) + "- '**.yml'\n"
    repo.commit("begin", {PIPELINE: f"include:\n{patterns}", **files})
    began = time.monotonic()
    asked(repo)
    assert time.monotonic() - began < 20
    monkeypatch.setattr("scanner.pipelines.includes._STEPS", 100)
    assert any("there are too many files to compare it with" in gap.why for gap in asked(repo).gaps)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from(["a", "b", "/", "*", "**", ".yml"]), max_size=8).map("".join),
    st.lists(st.sampled_from(["a", "b", "/", "*", ".yml"]), max_size=8).map("".join),
)
def test_a_pattern_matches_what_its_simple_reading_says(pattern: str, path: str) -> None:
    def simple(pattern: str, path: str) -> bool:
        if not pattern:
            return not path
        if pattern[0] != "*":
            return bool(path) and path[0] == pattern[0] and simple(pattern[1:], path[1:])
        rest = pattern.lstrip("*")
        wide = len(pattern) - len(rest) > 1
        return any(simple(rest, path[n:]) for n in range(len(path) + 1) if wide or "/" not in path[:n])

    assert matches(pattern, path) == simple(pattern, path)


def test_a_folder_includes_files_of_its_own_and_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "ci").mkdir(parents=True)
    (tmp_path / "outside.yml").write_text("a:\n  script: x $OUTSIDE_TOKEN\n")
    (folder / "ci" / "link.yml").symlink_to(tmp_path / "outside.yml")
    (folder / PIPELINE).write_text("include: [ci/deploy.yml, ../outside.yml, ci/link.yml]\n")
    (folder / "ci" / "deploy.yml").write_text(DEPLOY)
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()]
    found = survey_folder(folder, files, "folder")
    assert {(use.path, use.job, use.name) for use in found.named} == {("ci/deploy.yml", "release", "DEPLOY_TOKEN")}
    (gap,) = found.gaps
    assert "../outside.yml (outside the repository)" in gap.why
    assert "ci/link.yml (not in the repository, or a link" in gap.why


def test_a_hidden_template_is_shown_through_the_jobs_that_are_made_from_it(repo: Repo) -> None:
    repo.commit("begin", {
        PIPELINE: "include: ci/base.yml\n.own:\n  script: x $OWN_TOKEN\nhere:\n  extends: [.own, .base]\n",
        "ci/base.yml": ".base:\n  script: ['x $BASE_TOKEN']\nthere:\n  extends: .base\n",
    })  # fmt: skip
    assert told(repo) == {
        (PIPELINE, "here", "OWN_TOKEN", True),
        ("ci/base.yml", "here", "BASE_TOKEN", True),
        ("ci/base.yml", "there", "BASE_TOKEN", True),
    }


def test_a_template_that_no_job_is_made_from_is_no_job_and_never_runs(repo: Repo) -> None:
    repo.commit("begin", {PIPELINE: ".unused:\n  script: x $UNUSED_TOKEN\nother:\n  script: x\n"})
    use = one(asked(repo).named, "UNUSED_TOKEN")
    assert (use.job, use.when) == ("", ())


def test_a_literal_in_a_template_is_tied_to_the_job_of_another_file_that_is_made_from_it(
    repo: Repo, look: Scan, ruleset: RuleSet, pattern_cache: Path
) -> None:
    base = f".base:\n  variables:\n    GH_TOKEN: {github_classic('template')}\n"
    repo.commit("begin", {"ci/base.yml": base}, author=ANN)
    repo.commit("use", {PIPELINE: "include: ci/base.yml\ndeploy:\n  extends: .base\n"}, author=BOB)
    (finding,) = used.look([open_target(repo.path)], look(repo.path).findings, ruleset, cache=pattern_cache).findings
    (use,) = [use for use in finding.usage if use.note == LITERAL]
    assert (use.path, use.job, use.when) == ("ci/base.yml", "deploy", ("push",))
    assert use.changed
    assert use.changed.email == BOB[1]


def test_two_looks_at_includes_say_the_same(repo: Repo) -> None:
    repo.commit("begin", {PIPELINE: "include: ['**.yml', gone.yml]\n", "a.yml": DEPLOY, "b/b.yml": DEPLOY})
    first, second = asked(repo), asked(repo)
    assert (first.uses, first.gaps) == (second.uses, second.gaps)
