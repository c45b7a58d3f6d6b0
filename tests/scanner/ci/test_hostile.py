"""Configuration written to hurt: whatever the text, a parser ends soon, and says what it could not read."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ci import registry, tree
from scanner.ci.config import owners
from tests.scanner.ci.cases import CASES

PATHS = sorted({(case.system, case.path) for case in CASES})
ONE_EACH = sorted({(system, path.rpartition(".")[2] == "xml"): (system, path) for system, path in PATHS}.values())
SOON = 20.0
"""Seconds; what takes time with the square of its length takes hours at these lengths."""
PIECES = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", "- ", ": ", "\n", "  ", "&a ", "*a", "<<: *a", "{{", "}}", "{%", "%}", "${", "$X", "'",
         '"', "'''", "/*", "#", "secrets.", "jobs:", "steps:", "stage('", "<a>", "</a>", "<!DOCTYPE", "\\",
         "|", "\t", "\0", "§", "\ud800"]
    ),
    max_size=200,
).map("".join)  # fmt: skip
CUT = st.sampled_from([case.text for case in CASES]).flatmap(
    lambda text: st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(
        lambda cut: text[: min(cut)] + text[max(cut) :]
    )
)
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 60)
)
LONG = 100_000
HOSTILE = {
    "a billion laughs": BOMB + "jobs:\n  x: *a59\n  steps: *a59\n",
    "an anchor inside itself": "jobs: &a\n  x: *a\n  <<: *a\n  steps: [*a]\n",
    "thousands of jobs that share one anchor": "base: &b {" + ", ".join(f"k{n}: v" for n in range(3000)) + "}\njobs:\n"
    + "".join(f"  j{n}:\n    <<: *b\n    x: *b\n" for n in range(3000)),
    "jobs that multiply names": "base: &b\n" + "".join(f"  k{n}: ${{{{ secrets.S{n} }}}}\n" for n in range(4000))
    + "jobs:\n" + "".join(f"  j{n}: {{<<: *b}}\n" for n in range(3000)),
    "a tower of brackets": "jobs: " + "[" * LONG,
    "a tower of braces": "{" * LONG,
    "a tower of maps": "".join(" " * n + "a:\n" for n in range(1000)),
    "open templates": "x: " + "{{ " * LONG,
    "open strings": "stage('''" * (LONG // 9),
    "open comments": "/*" * LONG,
    "blocks in blocks": "stage('a') {\n" * (LONG // 13),
    "one long line of variables": "$AB" * LONG,
    "one long word": "a" * LONG,
    "a long path": "a/" * LONG,
    "quotes": "\"'" * LONG,
    "elements in elements": "<a>" * LONG,
    "an entity bomb": '<!DOCTYPE a [<!ENTITY b "x">' + "".join(
        f'<!ENTITY b{n} "{"&b;" * 10}">' for n in range(50)) + "]><a>&b49;</a>",
    "an outside entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><project><credentialsId>&x;</credentialsId></project>',
    "many servers": "<settings>" + "<server><id>a</id></server>\n" * 20_000 + "</settings>",
    "assignments": "A_KEY=" * LONG,
    "colons": "x" + ":" * LONG,
    "sections": "[a]\n" * LONG,
    "machines": "machine a " * LONG,
    "spaces": " " * LONG + "x",
    "uploads": "steps:\n- command: " + "x | buildkite-agent pipeline upload --job " * (LONG // 40),
    "loads": "load  ( path : '" * (LONG // 16) + "load" + " " * LONG,
    "libraries": "@Library([" * (LONG // 10) + "library" + " " * LONG + "(",
    "includes": "include:\n" + "- '**/*a*.yml'\n" * (LONG // 16),
    "includes that lead out": "include: '" + "../" * LONG + "'\n",
    "logins": "docker login curl -u a:$x mysql " * (LONG // 30),
    "passwords": "password: x://a:" * (LONG // 15),
    "options": "--token " * (LONG // 8) + "=",
    "parameters": "name: 'password', " * (LONG // 18),
    "private keys": "KEY='-----BEGIN " * (LONG // 15),
    "a long name of a password": "a_" * LONG + "password: '" + "x" * LONG,
    "registries": "//a/:_authToken" * (LONG // 15),
}  # fmt: skip


@pytest.mark.parametrize(("system", "path"), ONE_EACH)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_is_done_with_soon(system: str, path: str, hostile: str) -> None:
    began = time.monotonic()
    config = registry.read(system, path, HOSTILE[hostile])
    for line in (1, 2, 500):
        owners(config, line)
    assert time.monotonic() - began < SOON


@settings(deadline=None, max_examples=150)
@given(where=st.sampled_from(PATHS), text=st.one_of(PIECES, CUT, st.text(max_size=300)))
def test_any_text_gives_a_result_whose_lines_lie_in_it(where: tuple[str, str], text: str) -> None:
    config = registry.read(*where, text)
    lines = text.replace("\r\n", "\n").count("\n") + 1
    assert all(1 <= name.line <= lines for name in config.names)
    assert all(1 <= first <= last <= lines + 1 for part in config.parts for first, last in part.lines)


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="ab: -[]{}&*\n|>'\"#,!", max_size=120))
def test_nodes_lie_within_the_text_and_inside_each_other(text: str) -> None:
    try:
        documents = tree.documents(text)
    except tree.Unreadable:
        return
    for document in documents:
        for node in tree.walk(document):
            assert node is tree.NOTHING or 1 <= node.line <= node.end <= text.count("\n") + 2


def test_jobs_that_multiply_names_are_not_told_apart_and_that_is_said() -> None:
    config = registry.read("github-actions", ".github/workflows/a.yml", HOSTILE["jobs that multiply names"])
    assert "multiply" in config.problem
    assert len(config.names) == 4000
    assert config.parts == ()


def test_an_outside_entity_is_refused_and_read_from_nowhere() -> None:
    config = registry.read("jenkins", "jobs/a/config.xml", HOSTILE["an outside entity"])
    assert "document type" in config.problem
    assert config.names == ()


@pytest.mark.parametrize(
    ("system", "path", "text", "name"),
    [
        ("github-actions", ".github/workflows/a.yml", "jobs: [\n  x: ${{ secrets.DEPLOY_KEY }}\n", "DEPLOY_KEY"),
        ("gitlab-ci", ".gitlab-ci.yml", "a: b: c\nscript: curl $API_TOKEN\n", "API_TOKEN"),
        ("azure-pipelines", "azure-pipelines.yml", "\tsteps:\n- script: $(ApiToken)\n", "ApiToken"),
        ("compose", "docker-compose.yml", "services: {\n x: ${DB_PASSWORD}", "DB_PASSWORD"),
        ("jenkins", "jobs/a/config.xml", "<project><command>echo $NEXUS_TOKEN</command>", "NEXUS_TOKEN"),
    ],
)
def test_what_does_not_parse_still_gives_the_names_in_its_lines(system: str, path: str, text: str, name: str) -> None:
    config = registry.read(system, path, text)
    assert config.problem
    assert name in {found.name for found in config.names}


def test_a_problem_quotes_nothing_of_the_text() -> None:
    text = "a: [" + "s3cr3tv4lue: {" * 3
    assert "s3cr3t" not in registry.read("gitlab-ci", ".gitlab-ci.yml", text).problem


@pytest.mark.parametrize(
    "text",
    ["stage('a'){when{not{branch 'x'}}}\n" * 25_000, "triggers {cron(\n" * 60_000, "environment {A1=\n" * 60_000],
    ids=["conditions", "triggers in triggers", "environments in environments"],
)
def test_many_blocks_of_jenkins_are_gone_through_once(text: str) -> None:
    began = time.monotonic()
    assert not registry.read("jenkins", "Jenkinsfile", text).problem
    assert time.monotonic() - began < SOON
