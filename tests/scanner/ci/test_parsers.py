"""What is read from a configuration file of each system."""

from textwrap import dedent

import pytest

from scanner.ci import registry
from scanner.ci.config import VARIABLE, Config, owners, runs
from tests.scanner.ci.cases import CASES, Case


def read(case: Case) -> Config:
    return registry.read(case.system, case.path, case.text)


def label(case: Case) -> str:
    return f"{case.system} {case.path}"


EVERY = pytest.mark.parametrize("case", CASES, ids=label)


def test_every_system_has_a_case() -> None:
    assert {case.system for case in CASES} == set(registry.SYSTEMS)


@EVERY
def test_the_path_is_known_as_the_systems(case: Case) -> None:
    assert case.system in registry.systems_of(case.path)


@EVERY
def test_the_secrets_it_names_are_read_and_how_it_names_them(case: Case) -> None:
    config = read(case)
    assert not config.problem
    assert {name.name: name.how for name in config.names if name.how != VARIABLE} == case.names


@EVERY
def test_the_variables_it_refers_to_are_read(case: Case) -> None:
    names = {name.name for name in read(case).names if name.how == VARIABLE}
    assert names >= set(case.variables)


@pytest.mark.parametrize("case", [case for case in CASES if "§" in case.marked], ids=label)
def test_a_line_belongs_to_its_job_step_and_environment(case: Case) -> None:
    found = {(part.job, part.step, part.environment) for part in owners(read(case), case.line)}
    assert (case.job, case.step, case.environment) in found


@EVERY
def test_when_it_runs_is_read(case: Case) -> None:
    config = read(case)
    parts = [part for part in owners(config, case.line) if part.job == case.job]
    assert case.when in {runs(config, part) for part in parts} | {config.when}


@EVERY
def test_schedules_and_named_files_are_read(case: Case) -> None:
    config = read(case)
    assert tuple(cron for cron, _ in config.crons) == case.crons
    assert {(file.path, file.how) for file in config.files} >= set(case.files)


@EVERY
def test_every_name_has_a_line_that_exists(case: Case) -> None:
    assert {name.line for name in read(case).names} <= set(range(1, case.text.count("\n") + 2))


@EVERY
def test_windows_line_ends_and_a_mark_at_the_front_change_nothing(case: Case) -> None:
    same = registry.read(case.system, case.path, "\ufeff" + case.text.replace("\n", "\r\n"))
    assert same == read(case)


def used(system: str, path: str, text: str) -> set[tuple[str, str, tuple[str, ...]]]:
    """Name, job and times of every use in a text."""
    config = registry.read(system, path, dedent(text).lstrip("\n"))
    assert not config.problem
    return {(name.name, part.job, runs(config, part)) for name in config.names for part in owners(config, name.line)}


def test_a_file_called_secrets_is_no_secret_of_github_and_a_comment_uses_none() -> None:
    text = """
        on: push
        jobs:
          a:
            if: github.ref == 'x' && secrets.ASKED
            steps:
              - uses: actions/checkout@v4 # as ${{ secrets.OLD }} did
              - run: sops -d secrets.yaml > my-secrets.json && echo ${{
                  secrets.OVER_LINES }}
        """
    found = used("github-actions", ".github/workflows/a.yml", text)
    assert {name for name, _, _ in found} == {"ASKED", "OVER_LINES"}


def test_a_secret_of_github_that_is_named_at_run_time_may_be_any() -> None:
    text = "on: push\njobs:\n  a:\n    steps:\n      - run: x ${{ secrets[matrix.token] }}\n"
    assert used("github-actions", ".github/workflows/a.yml", text) == {("*", "a", ("push",))}


def test_rules_behind_a_reference_say_when_a_job_of_gitlab_runs() -> None:
    text = """
        .rules:
          nightly:
            - if: $CI_PIPELINE_SOURCE == "schedule"
            - !reference [.rules, nightly]
        a:
          rules: [!reference [.rules, nightly]]
          script: x $A_TOKEN
        b:
          rules: [!reference [.elsewhere, rules]]
          script: x $B_TOKEN
        """
    found = used("gitlab-ci", ".gitlab-ci.yml", text)
    assert found >= {("A_TOKEN", "a", ("schedule",)), ("B_TOKEN", "b", ("rules of another file",))}


def test_a_stage_of_jenkins_with_a_parameter_in_its_name_is_a_job_with_its_conditions() -> None:
    text = """
        pipeline { stages { stage("Deploy ${params.ENV}") {
          when { not { branch 'main' } }
          environment { npm_auth = credentials('npm') }
          steps { slackSend tokenCredentialId: 'slack' }
        } } }
        """
    when = ("when not branch 'main'",)
    job = "Deploy ${params.ENV}"
    assert used("jenkins", "Jenkinsfile", text) == {("npm_auth", job, when), ("npm", job, when), ("slack", job, when)}


@pytest.mark.parametrize(
    "text",
    [
        "pipeline { triggers { cron('H H(0-7) * * *')\n pollSCM('@daily') } }",
        "properties([pipelineTriggers([cron('H H(0-7) * * *'), pollSCM('@daily')])])\nnode { }",
        "pipeline { triggers { parameterizedCron('''\nH H(0-7) * * *\n''')\n pollSCM(\"@daily\") } }",
    ],
    ids=["declarative", "scripted", "several lines"],
)
def test_a_schedule_of_jenkins_is_read_whole(text: str) -> None:
    assert [cron for cron, _ in registry.read("jenkins", "Jenkinsfile", text).crons] == ["H H(0-7) * * *", "@daily"]


def test_a_shell_script_of_several_lines_in_jenkins_names_files() -> None:
    config = registry.read("jenkins", "Jenkinsfile", "node {\n sh '''\n  cd x\n  ./deploy/push.sh\n '''\n}\n")
    assert [(file.path, file.line) for file in config.files] == [("deploy/push.sh", 4)]


def test_a_job_under_a_condition_of_azure_keeps_its_name() -> None:
    text = """
        trigger: none
        pr: none
        jobs:
          - ${{ if eq(variables.x, 'y') }}:
              - job: Deploy
                steps:
                  - script: echo $(secretToken)
        """
    assert used("azure-pipelines", "azure-pipelines.yml", text) == {("secretToken", "Deploy", ("manual",))}


def test_secrets_of_projected_volumes_and_service_accounts_are_read() -> None:
    text = """
        apiVersion: v1
        kind: Pod
        metadata: {name: p}
        spec: {volumes: [{name: v, projected: {sources: [{secret: {name: tls}}]}}]}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: s}
        secrets: [{name: token}]
        """
    found = used("kubernetes", "k8s/p.yaml", text)
    assert found == {("tls", "Pod p", ("deployment",)), ("token", "ServiceAccount s", ("deployment",))}


def test_a_container_named_by_a_template_is_a_step_named_so() -> None:
    text = "kind: Pod\nspec:\n  containers:\n    - name: {{ .Chart.Name }}\n      env: [{name: A_TOKEN}]\n"
    config = registry.read("kubernetes", "charts/x/templates/p.yaml", text)
    assert [part.step for part in owners(config, 5)] == ["*"]


def test_the_environment_of_a_stage_of_bitbucket_is_that_of_its_steps() -> None:
    text = "pipelines:\n default:\n - stage:\n    deployment: prod\n    steps:\n    - step: {script: [x]}\n"
    config = registry.read("bitbucket-pipelines", "bitbucket-pipelines.yml", text)
    assert [part.environment for part in owners(config, 6)] == ["prod"]


def test_variables_that_buildkite_leaves_to_the_agent_are_read() -> None:
    text = "steps:\n  - label: a\n    command: x $$ONE_TOKEN ${OTHER_TOKEN} \\$LAST_TOKEN\n"
    found = used("buildkite", ".buildkite/pipeline.yml", text)
    assert {name for name, _, _ in found} == {"ONE_TOKEN", "OTHER_TOKEN", "LAST_TOKEN"}


def test_an_encrypted_value_of_travis_names_no_file() -> None:
    config = registry.read("travis", ".travis.yml", 'env:\n  global:\n    - secure: "abCD/x.sh"\n    - K=conf/k.sh\n')
    assert [file.path for file in config.files] == ["conf/k.sh"]
