"""Literals become references that fit the file."""

import ast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from offboarding.remedy.literal import CannotRewrite
from offboarding.remedy.occurrences import holds
from offboarding.remedy.rewrite import rewrite, secret_name
from tests.builders import token

VALUE = token("", 24)
OTHER = token("", 24, seed=2)


def rewritten(path: str, text: str, **values: str) -> str:
    done = rewrite(
        path, text.encode(), {name: value.encode() for name, value in (values or {"API_KEY": VALUE}).items()}
    )
    assert done.content is not None
    return done.content.decode()


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", "import os\nkey = '§'\n", 'import os\nkey = os.environ["API_KEY"]\n'),
        ("a.py", '"""Doc."""\nkey = "§"\n', '"""Doc."""\nimport os\n\nkey = os.environ["API_KEY"]\n'),
        (
            "a.py",
            "from __future__ import annotations\n\nimport sys\nx = ['§']\n",
            'from __future__ import annotations\n\nimport os\nimport sys\nx = [os.environ["API_KEY"]]\n',
        ),
        ("a.py", "import os\nu = 'db://u:§@h/{x}'\n", "import os\nu = f'db://u:{os.environ[\"API_KEY\"]}@h/{{x}}'\n"),
        ("a.py", "import os\nu = f'db://{user}:§@h'\n", "import os\nu = f'db://{user}:{os.environ[\"API_KEY\"]}@h'\n"),
        ("a.py", "import os\nk = b'§'\n", 'import os\nk = os.environ["API_KEY"].encode()\n'),
        ("a.py", "x = 1  # was §\n", "x = 1  # was [removed]\n"),
        ("a.js", "const k = '§';\n", "const k = process.env.API_KEY;\n"),
        ("a.ts", 'const u = "x:§@h`";\n', "const u = `x:${process.env.API_KEY}@h\\``;\n"),
        ("a.mjs", "const u = `x ${y} §`;\n", "const u = `x ${y} ${process.env.API_KEY}`;\n"),
        ("a.js", "// old: §\n", "// old: [removed]\n"),
        ("run.sh", "curl -H 'X: §' u\n", "curl -H 'X: '\"${API_KEY}\"'' u\n"),
        ("run.sh", 'curl -H "X: §" u\n', 'curl -H "X: ${API_KEY}" u\n'),
        ("run.sh", "export API_KEY=§\n", 'export API_KEY="${API_KEY:?}"\n'),
        ("deploy", "#!/usr/bin/env bash\nkey=§\n", '#!/usr/bin/env bash\nkey="${API_KEY}"\n'),
        (".github/workflows/ci.yml", "env:\n  K: §\n", "env:\n  K: ${{ secrets.API_KEY }}\n"),
        (".github/workflows/ci.yml", "run: |\n  x §\n", "run: |\n  x ${{ secrets.API_KEY }}\n"),
        (".gitlab-ci.yml", 'variables:\n  K: "§"\n', 'variables:\n  K: "${API_KEY}"\n'),
        ("azure-pipelines.yml", "k: §\n", "k: $(API_KEY)\n"),
        ("docker-compose.yaml", "environment:\n  - K=§\n", "environment:\n  - K=${API_KEY:?}\n"),
        ("Dockerfile", "FROM x\nENV K=§\n", "FROM x\nARG API_KEY\nENV K=${API_KEY}\n"),
        ("Dockerfile", "FROM x AS a\nFROM y\nENV K=§\n", "FROM x AS a\nFROM y\nARG API_KEY\nENV K=${API_KEY}\n"),
        (".env.production", "API_KEY=§\nX=§\n", "API_KEY=\nX=\n"),
    ],
)
def test_a_literal_becomes_a_reference_of_its_language(path: str, before: str, after: str) -> None:
    assert rewritten(path, before.replace("§", VALUE)) == after


def test_the_rewritten_python_reads_the_environment_when_run(monkeypatch: pytest.MonkeyPatch) -> None:
    source = f"import os\nwhole = '{VALUE}'\nurl = 'db://u:' 'x{VALUE}y' '@{{h}}'\n"
    monkeypatch.setenv("API_KEY", "fresh")
    names: dict[str, str] = {}
    exec(rewritten("a.py", source), names)
    assert (names["whole"], names["url"]) == ("fresh", "db://u:xfreshy@{h}")


def test_both_parts_of_a_pair_are_replaced_by_their_own_names() -> None:
    text = f'import os\nclient(id="{VALUE}", key="{OTHER}")\n'
    assert rewritten("a.py", text, KEY_ID=VALUE, KEY=OTHER) == (
        'import os\nclient(id=os.environ["KEY_ID"], key=os.environ["KEY"])\n'
    )


def test_a_file_that_is_nothing_but_the_key_is_removed() -> None:
    text = f"-----BEGIN PRIVATE KEY-----\n{VALUE}\n-----END PRIVATE KEY-----\n"
    assert rewrite("id_rsa", text.encode(), {"PRIVATE_KEY": VALUE.encode()}).content is None


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("a.xyz", "k = §", "no reference is known"),
        ("a.py", "k = '§", "not valid Python"),
        ("a.yml", "k: [§", "not valid YAML"),
        ("a.py", "k = b'x' b'§'", "not be valid Python"),
        ("a.py", "match k:\n    case '§':\n        pass\n", "not be valid Python"),
        ("a.py", "k = '\\§'\n", "backslash"),
        ("a.py", "from web import os\nk = '§'\n", "means something else"),
        ("a.py", "def f(os):\n    return '§'\n", "means something else"),
        ("a.py", "def f():\n    k = '§'\n    import os\n", "imported below"),
        ("a.py", "k: Literal['§'] = x\n", "literal type"),
        ("a.sh", "cat <<'END'\n§\nEND\n", "here-document"),
        (
            ".github/workflows/x.yml",
            "jobs: {a: {steps: [{run: \"echo ${{ format('{0}', '§') }}\"}]}}\n",
            "an expression",
        ),
        (".github/workflows/x.yml", "env:\n  A: ${{ inputs.x && '§' || 'b' }}\n", "an expression"),
        ("azure-pipelines.yml", "variables:\n  a: ${{ if eq(variables.x, '§') }}\n", "an expression"),
        ("azure-pipelines.yml", "variables:\n  a: $[ eq(variables.x, '§') ]\n", "an expression"),
        ("roles/x/tasks.yml", "a: \"{{ x | default('§') }}\"\n", "an expression"),
        ("config/database.yml", "a: <%= ENV['X'] || '§' %>\n", "an expression"),
        ("Dockerfile", 'FROM x\nSHELL ["pwsh", "-c"]\nRUN echo §\n', "Windows"),
        ("m.tf", 'variable "y" {\n  validation {\n    condition = var.y != "§"\n  }\n}\n', "condition"),
        ("Dockerfile", "FROM x\nCMD ['a', '§']\n".replace("'", '"'), "a list"),
        ("a.py", "k = 'nothing here'", "not written there"),
    ],
)
def test_what_cannot_be_rewritten_safely_is_refused_with_the_reason(path: str, text: str, why: str) -> None:
    with pytest.raises(CannotRewrite, match=why):
        rewritten(path, text.replace("§", VALUE))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # invalid escapes are part of the exercise
@given(
    before=st.text(alphabet="abc{}'\"\\ \t", max_size=12),
    after=st.text(alphabet="abc{}'\"\\ \t", max_size=12),
    prefix=st.sampled_from(["", "r", "f", "u"]),
)
def test_any_python_string_keeps_its_meaning_around_the_value(before: str, after: str, prefix: str) -> None:
    source = f"import os\nx = {prefix}'''{before}{VALUE}{after}'''\n"
    try:
        expected = _value(source)
    except (SyntaxError, ValueError, NameError, TypeError):
        return
    try:
        changed = rewritten("a.py", source)
    except CannotRewrite:
        return
    assert VALUE not in changed
    assert _value(changed) == expected.replace(VALUE, "fresh")


def _value(source: str) -> str:
    names: dict[str, object] = {}
    import os

    os.environ["API_KEY"] = "fresh"
    exec(compile(ast.parse(source), "x", "exec"), names)
    return str(names["x"])


@given(st.text(alphabet="ab: -'\"#{}[]|\n", max_size=40))
def test_yaml_is_never_bent_into_another_structure(around: str) -> None:
    text = f"key: 1\n{around}{VALUE}"
    try:
        changed = rewritten(".github/workflows/x.yml", text)
    except CannotRewrite:
        return
    list(yaml.safe_load_all(changed))
    assert VALUE not in changed


def test_secret_names_never_begin_with_the_prefix_github_reserves() -> None:
    assert secret_name("github.pat.classic", "secret") == "GH_PAT_CLASSIC"
    assert secret_name("aws.access_key", "secret") == "AWS_SECRET_ACCESS_KEY"
    assert secret_name("npm.token", "secret", frozenset({"NPM_TOKEN"})) == "NPM_TOKEN_2"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app.py", "# the § module\nclass Orders:\n    table = '§'\n    url = 'postgres://§:¶@db/§'\n"),
        ("docker-compose.yml", "services:\n  §:\n    image: §:14\n    environment:\n      POSTGRES_PASSWORD: ¶\n"),
        ("values.json", '{"§": "§-api", "password": "¶", "url": "amqp://app:¶@mq/§"}'),
        (".env", "NAME=§\nDB_PASSWORD=¶\nQUEUE=§_queue\nURL=redis://:¶@cache/0\n"),
        ("deploy.sh", 'psql -d § "host=db password=¶ user=§"\nmysql --password ¶ §\n'),
        ("k8s/app.yml", "spec:\n  secretName: §\n  url: mysql://app:¶@db/§\n  tokenizer: §\n"),
        ("README.md", "Use `§` with password: ¶.\nThe § service keeps §-data.\n"),
    ],
)
@pytest.mark.parametrize("word", ["billing", "orders2024", "Invoices", "x7Kp2"])
def test_a_password_that_is_a_word_is_replaced_where_it_is_the_password_and_nowhere_else(
    path: str, text: str, word: str
) -> None:
    done = rewrite(path, text.replace("§", word).replace("¶", word).encode(), {"API_KEY": word.encode()})
    assert done.content is not None
    # what stands where the word is no password is there as often as before, and nothing else of it is
    assert done.content.decode().count(word) == text.count("§")
    assert holds(text.replace("§", word).replace("¶", word).encode(), word.encode())
    assert not holds(text.replace("§", word).encode(), word.encode())


def test_a_file_that_is_nothing_but_a_word_is_not_removed() -> None:
    with pytest.raises(CannotRewrite, match="not written there"):
        rewrite("config/queue", b"billing\n", {"API_KEY": b"billing"})


def test_line_ends_of_a_dockerfile_stay_as_they_are() -> None:
    changed = rewritten("Dockerfile", f"FROM x\r\nENV A={VALUE}\r\nRUN b\r\n")
    assert changed == "FROM x\r\nARG API_KEY\r\nENV A=${API_KEY}\r\nRUN b\r\n"


def test_an_example_of_settings_stays_in_the_repository() -> None:
    assert rewrite(".env.local.example", f"A={VALUE}\n".encode(), {"K": VALUE.encode()}).companions == ()


def test_a_reference_beside_an_expression_is_written() -> None:
    changed = rewritten(".github/workflows/x.yml", f"env:\n  A: ${{{{ inputs.x }}}}-{VALUE}\n")
    assert changed == "env:\n  A: ${{ inputs.x }}-${{ secrets.API_KEY }}\n"
