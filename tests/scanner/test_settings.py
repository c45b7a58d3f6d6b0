"""Values that stand in CI and deployment configuration, told from references, in histories of every system."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from offboarding.demo.simulators.tokens import github_classic
from offkey.found import Finding, Setting
from offkey.secret import redact
from rules import RuleSet
from scanner.ci import judged
from scanner.pipelines import used
from scanner.pipelines.settings import settings
from scanner.pipelines.survey import survey
from scanner.repository.git import Git
from scanner.repository.sources import open_target
from tests.builders import ANN, BOB, Repo, token
from tests.scanner.conftest import Scan

VALUE = token("Zq7", 11)
OTHER = token("Kv4", 14, seed=2)
VAULT = "$ANSIBLE_VAULT;1.1;AES256\n" + "6132" * 20
ENCODED = b64encode(VALUE.encode()).decode()
CASES = {
    "github-actions": (
        ".github/workflows/a.yml",
        """
        on: {push: {branches: [main]}}
        permissions: {id-token: write}
        jobs:
          release:
            steps:
              - name: publish
                run: ./publish.sh --password "$DB_PASSWORD" --token "${{ secrets.T }}"
                env: {DB_PASSWORD: "%s", API_TOKEN: "${{ secrets.API_TOKEN }}", CACHE_KEY: v1-linux}
        """,
        ("DB_PASSWORD", "literal", "release", "publish", "push (main)"),
    ),
    "gitlab-ci": (
        ".gitlab-ci.yml",
        """
        release:
          variables: {DEPLOY_PASSWORD: "%s", OTHER_PASSWORD: $FROM_THE_PROJECT}
          script: [make]
        """,
        ("DEPLOY_PASSWORD", "literal", "release", "", "push"),
    ),
    "circleci": (
        ".circleci/config.yml",
        """
        jobs:
          build:
            docker: [{image: a, auth: {username: me, password: $HUB_PASSWORD}}]
            environment: {PG_PASSWORD: "%s", TOKEN: << parameters.token >>}
            steps: [checkout]
        workflows: {all: {jobs: [build]}}
        """,
        ("PG_PASSWORD", "literal", "build", "", "push"),
    ),
    "azure-pipelines": (
        "azure-pipelines.yml",
        """
        trigger: [main]
        pr: none
        jobs:
          - job: build
            variables:
              - name: dbPassword
                value: "%s"
              - name: apiToken
                value: $(ApiToken)
            steps: [{script: make}]
        """,
        ("dbPassword", "literal", "build", "", "push (main)"),
    ),
    "jenkins": (
        "Jenkinsfile",
        """
        pipeline { stages { stage('Deploy') {
          environment {
            DB_PASSWORD = '%s'
            NPM_TOKEN = credentials('npm-token')
          }
          steps { sh "deploy --token $NPM_TOKEN" }
        } } }
        """,
        ("DB_PASSWORD", "literal", "Deploy", "", "as set up in Jenkins"),
    ),
    "jenkins xml": (
        "jobs/app/config.xml",
        """
        <project><builders><hudson.tasks.Shell><command>curl -u admin:%s https://ci/x</command></hudson.tasks.Shell></builders>
        <credentialsId>aws-creds</credentialsId></project>
        """,
        ("password", "literal", "app", "", "as set up in Jenkins"),
    ),
    "dockerfile": (
        "Dockerfile",
        """
        FROM alpine AS build
        ARG NPM_TOKEN
        ENV API_SECRET=%s \\
            TOKEN_FILE=/run/secrets/token
        RUN echo $NPM_TOKEN
        """,
        ("API_SECRET", "literal", "build", "", "image build"),
    ),
    "compose": (
        "compose.yaml",
        """
        services:
          db:
            environment:
              - POSTGRES_PASSWORD=%s
              - ADMIN_PASSWORD=${ADMIN_PASSWORD}
            secrets: [db-password]
        """,
        ("POSTGRES_PASSWORD", "literal", "db", "", "deployment"),
    ),
    "kubernetes": (
        "k8s/db.yaml",
        f"""
        apiVersion: v1
        kind: Secret
        metadata: {{name: db}}
        data: {{username: YWRtaW4=, admin: {ENCODED}}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: web}}
        spec:
          containers:
            - {{name: web, env: [{{name: DB_PASSWORD, valueFrom: {{secretKeyRef: {{name: db, key: admin}}}}}}]}}
        """,
        ("admin", "literal", "Secret db", "", "deployment"),
    ),
    "terraform": (
        "main.tf",
        """
        resource "aws_db_instance" "main" {
          password        = "%s"
          master_password = var.password
          auth_token      = "${data.vault.token}"
        }
        """,
        ("password", "literal", "resource aws_db_instance main", "", "apply"),
    ),
    "ansible": (
        "site.yml",
        """
        - hosts: db
          name: databases
          tasks:
            - name: user
              mysql_user: {name: app, password: "%s"}
            - name: other
              mysql_user: {name: app, password: "{{ vault_password }}", login_password: "{{ lookup('env', 'X') }}"}
        """,
        ("password", "literal", "databases", "user", "when it is played"),
    ),
    "maven": (
        "settings.xml",
        """
        <settings><servers><server><id>nexus</id><username>ci</username><password>%s</password></server>
        <server><id>other</id><password>${env.NEXUS_PASSWORD}</password></server></servers></settings>
        """,
        ("password", "literal", "server nexus", "", "build or deploy"),
    ),
    "npm": (
        ".npmrc",
        """
        //registry.example.org/:_authToken=%s
        //registry.npmjs.org/:_authToken=${NPM_TOKEN}
        """,
        ("//registry.example.org/:_authToken", "literal", "//registry.example.org", "", "install or publish"),
    ),
    "netrc": (
        ".netrc",
        "machine example.org login ci password %s\n",
        ("password", "literal", "example.org", "", "install or publish"),
    ),
    "dotenv": (
        ".env",
        """
        # OLD_PASSWORD=unused
        DB_PASSWORD='%s' # of the replica
        SECRET_FILE=./secret.pem
        EMPTY_TOKEN=
        """,
        ("DB_PASSWORD", "literal", "", "", ""),
    ),
    "travis": (
        ".travis.yml",
        f'env: {{global: [{{secure: "{b64encode(VALUE.encode() * 6).decode()}"}}]}}\n',
        ("secure", "encrypted", "", "", "push, pull request"),
    ),
    "vaulted": (
        "group_vars/all.yml",
        f"db_password: !vault |\n  {VAULT.replace(chr(10), chr(10) + '  ')}\n",
        ("db_password", "encrypted", "", "", "when it is played"),
    ),
    "sealed": (
        "k8s/sealed.yaml",
        f"kind: SealedSecret\nmetadata: {{name: a}}\nspec: {{encryptedData: {{password: AgB{ENCODED}}}}}\n",
        ("password", "encrypted", "SealedSecret a", "", "deployment"),
    ),
    "sops": (
        "values.enc.yaml",
        f"web: {{adminPassword: 'ENC[AES256_GCM,data:{ENCODED},type:str]'}}\n",
        ("adminPassword", "encrypted", "web", "", "deployment"),
    ),
}  # fmt: skip


def asked(repo: Repo, findings: tuple[Finding, ...] = ()) -> tuple[Setting, ...]:
    return settings(survey(Git(repo.path), "app"), findings, str)


def text_of(case: str, value: str = VALUE) -> tuple[str, str]:
    path, text, _ = CASES[case]
    return path, dedent(text).lstrip("\n").replace("%s", value)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.create(tmp_path / "app")


@pytest.fixture
def explained(look: Scan, ruleset: RuleSet, pattern_cache: Path) -> Callable[[Repo], used.Used]:
    def run(repo: Repo) -> used.Used:
        return used.look([open_target(repo.path)], look(repo.path).findings, ruleset, cache=pattern_cache)

    return run


@pytest.mark.parametrize("case", CASES)
def test_the_one_value_that_stands_in_a_file_is_told_with_its_job_and_whoever_changed_it(case: str, repo: Repo) -> None:
    path, text = text_of(case)
    repo.commit("begin", {"README": "x"}, author=ANN)
    last = repo.commit("add", {path: text}, author=BOB)
    (one,) = asked(repo)
    use = one.use
    assert (use.name, one.form, use.job, use.step, ", ".join(use.when)) == CASES[case][2]
    assert (use.present, use.last, use.changed and use.changed.email) == (True, last, BOB[1])
    if one.form == judged.LITERAL:
        assert one.redacted == redact(VALUE.encode())
    else:
        assert one.how


@pytest.mark.parametrize("case", CASES)
def test_no_part_of_a_value_is_in_what_is_told(case: str, repo: Repo) -> None:
    path, text = text_of(case)
    repo.commit("add", {path: text})
    told = repr(asked(repo))
    assert VALUE[3:] not in told
    assert ENCODED not in told


def test_a_value_that_was_taken_out_is_one_of_history_and_another_of_the_same_length_is_its_own(repo: Repo) -> None:
    path, text = text_of("compose")
    first = repo.commit("one", {path: text})
    repo.commit("other", {path: text_of("compose", OTHER[: len(VALUE)])[1]})
    now = repo.commit("third", {path: text_of("compose", VALUE[::-1])[1]})
    found = asked(repo)
    assert [(one.use.present, one.redacted) for one in found] == [
        (True, redact(VALUE.encode())), (False, redact(VALUE.encode())), (False, redact(VALUE.encode()))
    ]  # fmt: skip
    assert (found[0].use.commit, {one.use.last for one in found} >= {first, now}) == (now, True)


def test_a_value_that_a_finding_covers_says_of_which_kind_and_the_others_are_told_by_their_names(
    repo: Repo, explained: Callable[[Repo], used.Used]
) -> None:
    secret = github_classic("settings")
    text = f"services:\n  web:\n    environment: {{GH_TOKEN: {secret}, DB_PASSWORD: korrekthorse}}\n"
    repo.commit("add", {"compose.yaml": text})
    told = {one.use.name: [kind for kind, _ in one.findings] for one in explained(repo).settings}
    assert told == {"GH_TOKEN": ["github.pat.classic"], "DB_PASSWORD": []}


def test_a_finding_in_the_base64_of_a_secret_covers_it(repo: Repo, explained: Callable[[Repo], used.Used]) -> None:
    secret = b64encode(github_classic("settings").encode()).decode()
    repo.commit("add", {"k8s/s.yaml": f"kind: Secret\nmetadata: {{name: a}}\ndata:\n  token: {secret}\n"})
    (one,) = explained(repo).settings
    assert [kind for kind, _ in one.findings] == ["github.pat.classic"]


def test_values_of_a_plain_folder_are_told_without_anybody_who_changed_them(
    tmp_path: Path, look: Scan, ruleset: RuleSet, pattern_cache: Path
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    secret = github_classic("settings")
    (folder / ".env").write_text(f"GH_TOKEN={secret}\n")
    told = used.look([open_target(folder)], look(folder).findings, ruleset, cache=pattern_cache)
    (one,) = told.settings
    assert ([kind for kind, _ in one.findings], one.use.present, one.use.changed) == (
        ["github.pat.classic"],
        True,
        None,
    )


def test_a_step_that_is_called_like_its_command_does_not_show_the_value(repo: Repo) -> None:
    text = f"- hosts: all\n  tasks:\n    - name: mysql --password={VALUE}\n      shell: mysql --password={VALUE}\n"
    repo.commit("add", {"site.yml": text})
    found = asked(repo)
    assert found
    assert VALUE not in repr(found)


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("DB_PASSWORD", "korrekthorse", "literal"),
        ("DB_PASSWORD", "${DB_PASSWORD:-korrekthorse}", "literal"),
        ("DB_PASSWORD", "73914", "placeholder"),
        ("DATABASE_URL", "postgres://app:korrekthorse@db/app", "literal"),
        ("ConnectionString", "Server=db;User=app;Password=korrekthorse;", "literal"),
        ("adminPassword", "changeme", "placeholder"),
        ("token", "<your-token>", "placeholder"),
        ("password", "test123", "placeholder"),
        ("password", "$6$rounds=5000$abcdefgh$ijkl", "encrypted"),
        ("password", "{AQAAABAAAAAQ4Ba1rZ0zzzzzyyyyyxxxxx9w==}", "encrypted"),
        *((name, value, "") for name, value in (
            ("DB_PASSWORD", ""), ("DB_PASSWORD", "true"), ("max_tokens", "4096"), ("token", "write"),
            ("DB_PASSWORD", "$DB_PASSWORD"), ("DB_PASSWORD", "${{ secrets.X }}"), ("DB_PASSWORD", "{{ x.y }}"),
            ("DB_PASSWORD", "%DB_PASSWORD%"), ("DB_PASSWORD", "vault:secret/data/app#password"),
            ("DB_PASSWORD", "/run/secrets/db"), ("DB_PASSWORD", "DB_PASSWORD_PROD"), ("PRIVATE_KEY", "certs/app.pem"),
            ("API_TOKEN", "arn:aws:secretsmanager:eu-west-1:1:secret:a"), ("secret", "regcred"),
            ("api_key", "order-signer"),
            ("token_url", "korrekthorse1"), ("password_file", "korrekthorse1"), ("cache_key", "v1-9f8e7d6c5b4a3928"),
            ("existingSecret", "korrekthorse1"), ("DATABASE_URL", "postgres://db/app"), ("STAGE", "korrekthorse1"),
            ("DATABASE_URL", "postgres://app:$PASSWORD@db/app"), ("password", "${{ inputs.password }}"),
        )),
    ],
)  # fmt: skip
def test_what_a_setting_holds_is_told_by_its_name_and_value(name: str, value: str, form: str) -> None:
    assert judged.told(name, value)[0] == form
