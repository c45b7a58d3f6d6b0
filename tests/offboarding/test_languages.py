"""Every language and format has its reference; what has none is refused or gets a placeholder, with the reason said."""

import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offboarding.remedy.languages import syntax
from offboarding.remedy.literal import CannotRewrite
from offboarding.remedy.rewrite import Rewritten, ensure_lines, rewrite
from tests.builders import token

VALUE = token("", 24)
WORKFLOW = ".github/workflows/ci.yml"


def done(path: str, text: str) -> Rewritten:
    return rewrite(path, text.replace("§", VALUE).encode(), {"API_KEY": VALUE.encode()})


def rewritten(path: str, text: str) -> str:
    content = done(path, text).content
    assert content is not None
    return content.decode()


CODE = [
    ("a.js", "f({'§': 1});\n", "f({[process.env.API_KEY]: 1});\n"),
    (
        "a.jsx",
        "x = <A k='§'>see § there</A>;\n",
        "x = <A k={process.env.API_KEY}>see {process.env.API_KEY} there</A>;\n",
    ),
    ("a.ts", "const k: string = '§';\n", "const k: string = process.env.API_KEY!;\n"),
    ("a.ts", "const k = `a ${b} §`;\n", "const k = `a ${b} ${process.env.API_KEY}`;\n"),
    ("a.js", "/* § */ 'use §';\n", "/* [removed] */ 'use [removed]';\n"),
    (
        "a.go",
        'package a\n\nimport (\n\t"fmt"\n\t"path"\n)\n\nvar k = "x§"\n',
        'package a\n\nimport (\n\t"fmt"\n\t"os"\n\t"path"\n)\n\nvar k = "x" + os.Getenv("API_KEY")\n',
    ),
    (
        "a.go",
        "//go:build linux\n\npackage a\n\nconst k = `§`\n",
        '//go:build linux\n\npackage a\n\nimport "os"\n\nvar k = os.Getenv("API_KEY")\n',
    ),
    (
        "a.go",
        'package a\n\nimport "os"\n\nvar k = [...]T{T("é§")}\n',
        'package a\n\nimport "os"\n\nvar k = [...]T{T("é" + os.Getenv("API_KEY"))}\n',
    ),
    (
        "a.go",
        'package a\n\nimport "os"\n\nconst k T = "§"\n',
        'package a\n\nimport "os"\n\nvar k T = T(os.Getenv("API_KEY"))\n',
    ),
    ("A.java", 'class A { String k = "§"; }\n', 'class A { String k = System.getenv("API_KEY"); }\n'),
    (
        "A.java",
        'class A { int n = "a§b".length(); }\n',
        'class A { int n = ("a" + System.getenv("API_KEY") + "b").length(); }\n',
    ),
    (
        "A.java",
        'class A { String k = """\n  50% of §\n  """; }\n',
        'class A { String k = """\n  50%% of %s\n  """.formatted(System.getenv("API_KEY")); }\n',
    ),
    ("a.rb", "k = '§'\n", 'k = ENV.fetch("API_KEY")\n'),
    ("a.rb", "k = 'a #{b} \"§\\''\n", 'k = "a \\#{b} \\"#{ENV.fetch("API_KEY")}\'"\n'),
    ("a.rb", "k = 'a' '§'\n", 'k = \'a\' "#{ENV.fetch("API_KEY")}"\n'),
    ("a.rb", "k = <<~END\n  a §\nEND\n", 'k = <<~END\n  a #{ENV.fetch("API_KEY")}\nEND\n'),
    ("Gemfile", "source 'https://u:§@h'\n", 'source "https://u:#{ENV.fetch("API_KEY")}@h"\n'),
    ("a.sh", "cat <<END\n'§'\nEND\n", "cat <<END\n'${API_KEY}'\nEND\n"),
    ("a.sh", "curl -H '§' $'a\\n§'\n", "curl -H \"${API_KEY}\" $'a\\n'\"${API_KEY}\"$''\n".replace("$''", "$''")),
    ("a.sh", 'k="${K:-§}"\n', 'k="${K:-${API_KEY}}"\n'),
    (
        "build.gradle",
        "ext.k = '§'\npassword '§'\n",
        'ext.k = System.getenv("API_KEY")\npassword "${System.getenv(\'API_KEY\')}"\n',
    ),
]
BUILDS = [
    (
        "Dockerfile",
        "FROM x\nRUN curl -H 'X: §' u\n",
        "FROM x\nRUN --mount=type=secret,id=API_KEY curl -H 'X: '\"$(cat /run/secrets/API_KEY)\"'' u\n",
    ),
    ("Dockerfile", "ARG K=§\nFROM x\n", "ARG K\nFROM x\n"),
    ("Dockerfile", "FROM x\nENV A=b C='§'\n", 'FROM x\nARG API_KEY\nENV A=b C="${API_KEY}"\n'),
    (
        "Jenkinsfile",
        "pipeline {\n  environment {\n    K = '§'\n  }\n}\n",
        "pipeline {\n  environment {\n    K = credentials('API_KEY')\n  }\n}\n",
    ),
    (
        "Jenkinsfile",
        "pipeline {\n  agent any\n  stages { stage('x') { steps {\n    sh 'curl -u \"§\"'\n  } } }\n}\n",
        "pipeline {\n    environment {\n        API_KEY = credentials('API_KEY')\n    }\n"
        "  agent any\n  stages { stage('x') { steps {\n    sh 'curl -u \"${API_KEY}\"'\n  } } }\n}\n",
    ),
    (".gitlab-ci.yml", "a:\n  script:\n    - curl -u 'a:§'\n", "a:\n  script:\n    - curl -u 'a:'\"${API_KEY}\"''\n"),
    (".gitlab-ci.yml", 'a:\n  script:\n    - "curl §"\n', 'a:\n  script:\n    - "curl \\"${API_KEY}\\""\n'),
    (".circleci/config.yml", "run:\n  command: |\n    curl §\n", 'run:\n  command: |\n    curl "${API_KEY}"\n'),
    (".drone.yml", "environment:\n  K: §\n", "environment:\n  K: {from_secret: api_key}\n"),
    (WORKFLOW, "env: {K: §}\n", 'env: {K: "${{ secrets.API_KEY }}"}\n'),
    (WORKFLOW, "env:\n  K: x # §\n", "env:\n  K: x # [removed]\n"),
    (
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nspec:\n  env:\n    - name: K\n      value: §\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  env:\n    - name: K\n"
        "      valueFrom: {secretKeyRef: {name: api-key, key: API_KEY}}\n",
    ),
    ("c/values.yaml", "db:\n  password: §\n", 'db:\n  password: ""\n'),
    ("c/templates/s.yaml", 'k: "{{ .A }} §"\n', 'k: "{{ .A }} {{ required "API_KEY" $.Values.API_KEY }}"\n'),
    (
        "c/templates/s.yaml",
        'k: {{ .A | default "50% §" }}\n',
        'k: {{ .A | default (printf "50%% %s" (required "API_KEY" $.Values.API_KEY)) }}\n',
    ),
    ("main.tf", 'a = "x ${b} §"\nc = "§"\n', 'a = "x ${b} ${var.api_key}"\nc = var.api_key\n'),
    ("main.tf", 'variable "k" {\n  default = "§"\n}\n', 'variable "k" {\n  sensitive = true\n}\n'),
    ("x.tfvars", 'a = 1\nk = "§"\n', "a = 1\n"),
    ("terragrunt.hcl", 'k = "§"\n', 'k = get_env("API_KEY")\n'),
    (
        "main.tf",
        'module "m" {\n  source = "git::https://u:§@h/m"\n}\n',
        'module "m" {\n  source = "git::https://h/m"\n}\n',
    ),
]
SETTINGS = [
    ("a.json", '{"k": "x §", "n": 1.10}\n', '{"k": "x ${API_KEY}", "n": 1.10}\n'),
    ("tsconfig.json", '{\n  // §\n  "k": "§"\n}\n', '{\n  // [removed]\n  "k": "${API_KEY}"\n}\n'),
    ("package-lock.json", '{"resolved": "https://u:§@h/x.tgz"}\n', '{"resolved": "https://h/x.tgz"}\n'),
    ("package.json", '{"dependencies": {"a": "git+https://§@h/a"}}\n', '{"dependencies": {"a": "git+https://h/a"}}\n'),
    ("a.toml", "k = '§' # §\n", "k = '${API_KEY}' # [removed]\n"),
    ("pyproject.toml", "d = ['a @ git+https://§@h/a']\n", "d = ['a @ git+https://h/a']\n"),
    (
        "requirements.txt",
        "--index-url https://u:§@h/simple\na @ git+https://§@h/a # §\n",
        "--index-url https://u:${API_KEY}@h/simple\na @ git+https://${API_KEY}@h/a # [removed]\n",
    ),
    ("pip.conf", "[global]\nindex-url = https://u:§@h/simple\n", "[global]\nindex-url = https://h/simple\n"),
    (".npmrc", "//h/:_authToken=§\n", "//h/:_authToken=${API_KEY}\n"),
    (".pypirc", "[pypi]\nusername = u\npassword = §\n", "[pypi]\nusername = u\npassword = \n"),
    (".netrc", "machine a login b password c\nmachine h\n  login u\n  password §\n", "machine a login b password c\n"),
    (".git-credentials", "https://a:b@c\nhttps://u:§@h\n", "https://a:b@c\n"),
    ("gradle.properties", "a=b\nk=§\n", "a=b\nk=\n"),
    ("application.properties", "# §\nk: x§\n", "# [removed]\nk: x${API_KEY}\n"),
    ("settings.xml", "<s><!-- § --><p>§</p></s>\n", "<s><!-- [removed] --><p>${env.API_KEY}</p></s>\n"),
    ("NuGet.Config", '<c><add key="p" value="§"/></c>\n', '<c><add key="p" value="%API_KEY%"/></c>\n'),
    ("go.mod", "module a // §\n", "module a // [removed]\n"),
    ("Gemfile.lock", "  remote: https://u:§@h/\n", "  remote: https://h/\n"),
    ("README.md", "Use §.\n", "Use [removed].\n"),
    ("deploy/.env", "export K='§'\nU=x://§@h\nN=1\n", "export K=''\nU=x://${API_KEY}@h\nN=1\n"),
]


@pytest.mark.parametrize(("path", "before", "after"), CODE + BUILDS + SETTINGS)
def test_a_literal_becomes_the_reference_of_whoever_reads_the_file(path: str, before: str, after: str) -> None:
    assert rewritten(path, before) == after


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("a.js", "import x from '§';\n", "import takes no expression"),
        ("a.ts", "type T = '§';\n", "literal type"),
        ("a.ts", "enum E { A = '§' }\n", "enumeration"),
        ("a.js", "x = /§/;\n", "regular expression"),
        ("a.js", "x = '\\1 §';\n", "octal"),
        ("a.js", "x = §;\n", "not inside one string literal"),
        ("a.go", 'package a\n\ntype S struct { A string `x:"§"` }\n', "tag takes no expression"),
        ("a.go", 'package a\n\nconst k = "§"\nconst l = k + "a"\n', "computed from this one"),
        ("a.go", 'package a\n\nimport os "x/y"\n\nvar k = "§"\n', "another package as os"),
        ("a.go", 'package a\n\nfunc f(os string) { g("§") }\n', "means something else"),
        ("A.java", 'class A { @B("§") int x; }\n', "annotation"),
        ("A.java", 'class A { static final String K = "§"; @B(K) int x; }\n', "only constants may stand"),
        ("a.rb", "k = %w[a §]\n", "%w"),
        ("a.rb", "k = <<~'END'\n  §\nEND\n", "quoted end"),
        ("a.sh", "cat <<'END'\n§\nEND\n", "quoted end"),
        ("main.tf", 'terraform {\n  backend "s3" {\n    k = "§"\n  }\n}\n', "backend block takes no variables"),
        ("main.tf", 'resource "a" "§" {\n}\n', "label"),
        ("x.tfvars", 'k = ["§"]\n', "takes no expressions"),
        ("build.gradle", "plugins { id '§' }\n", "plugins block"),
        (WORKFLOW, "jobs:\n  a:\n    if: x == '§'\n", "an if takes no secrets"),
        ("action.yml", "runs:\n  x: §\n", "make it an input"),
        (".gitlab-ci.yml", "a:\n  rules:\n    - if: $X == '§'\n", "GitLab expands nothing in rules"),
        (".circleci/config.yml", "jobs:\n  a:\n    environment:\n      K: §\n", "put it into a context as API_KEY"),
        ("pod.yaml", "apiVersion: v1\nkind: Secret\nstringData:\n  k: §\n", "a Secret that is not in the repository"),
        ("values.yaml", "url: x://§@h\n", "Helm expands nothing in values"),
        ("a.yml", "? §\n: 1\n", "the value is a key"),
        ("gradle.properties", "k=a§\n", "takes no references"),
        ("a.xml", "<a>§</b>\n", "not valid XML"),
        ("a.json", '{"§": §}\n', "not inside one string literal"),
        (".env", "§=1\n", "not behind a name"),
    ],
)
def test_where_no_reference_may_stand_the_reason_is_said(path: str, text: str, why: str) -> None:
    with pytest.raises(CannotRewrite, match=why):
        done(path, text)


@pytest.mark.parametrize(
    ("path", "text", "companions"),
    [
        ("m/main.tf", 'k = "§"\n', [("m/variables.tf", 'variable "api_key" { sensitive = true }')]),
        ("main.tf", 'variable "api_key" {\n}\nk = "§"\n', []),
        (
            "a/.env",
            "K=§\nU=x§\n",
            [("a/.env.example", "K="), ("a/.env.example", "API_KEY="), (".gitignore", "/a/.env")],
        ),
        (".env.example", "K=§\n", []),
        ("a/id [x]", "§\n", [(".gitignore", "/a/id \\[x]")]),
        (".netrc", "machine h password §\n", [(".gitignore", "/.netrc")]),
    ],
)
def test_what_other_files_must_have_is_said(path: str, text: str, companions: list[tuple[str, str]]) -> None:
    assert list(done(path, text).companions) == companions


@pytest.mark.parametrize(
    ("existing", "lines", "after"),
    [
        (None, ["/.env"], b"/.env\n"),
        (b"a\n/.env\n", ["/.env"], b"a\n/.env\n"),
        (b"a", ["/.env", "/.env"], b"a\n/.env\n"),
        (b"a\r\n", ["/.env"], b"a\r\n/.env\r\n"),
        (b"K=example\n", ["K=", "L="], b"K=example\nL=\n"),
        (b'variable "k" {\n}\n', ['variable "k" { sensitive = true }'], b'variable "k" {\n}\n'),
    ],
)
def test_lines_are_added_once_and_nothing_else_changes(existing: bytes | None, lines: list[str], after: bytes) -> None:
    assert ensure_lines(existing, lines) == after
    assert ensure_lines(after, lines) == after


def test_the_reviewer_is_told_where_nothing_is_known_to_fill_in_a_placeholder() -> None:
    assert "nothing is known to fill in a.json" in done("a.json", '{"k": "§"}').note
    assert done("application.yml", "k: §\n").note == ""


def test_without_the_grammars_only_what_the_standard_library_can_check_is_edited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    syntax._parser.cache_clear()
    try:
        with pytest.raises(CannotRewrite) as refusal:
            done("a.go", 'package a\n\nvar k = "§"\n')
        assert "offkey[remedy]" in refusal.value.advice
        for path, text in (("a.py", "k = '§'\n"), ("a.json", '["§"]'), ("a.toml", "k = '§'"), (WORKFLOW, "k: §")):
            assert VALUE not in rewritten(path, text)
    finally:
        syntax._parser.cache_clear()


@pytest.mark.parametrize("new", ['"x" + y', '"x', '"x")\nvar m = f("a"', ""])
def test_an_edit_that_would_change_another_node_is_refused(new: str) -> None:
    text = 'package a\n\nvar k = 1 * "v" - 2\nvar l = "w"\n'
    source = syntax.parse("go", text)
    start = text.index('"v"')
    assert syntax.replaced(source, [(start, start + 3, '("x" + y)')]) == text.replace('"v"', '("x" + y)')
    with pytest.raises(CannotRewrite, match="parse differently"):
        syntax.replaced(source, [(start, start + 3, new)])


def test_a_file_with_errors_elsewhere_is_edited_and_one_with_errors_at_the_value_is_not() -> None:
    assert rewritten("a.rb", "k = '§'\n\nclass (\n").startswith('k = ENV.fetch("API_KEY")')
    with pytest.raises(CannotRewrite, match="does not parse where the value stands"):
        done("a.js", "f('§'\n}}}\n")


def test_files_that_are_too_large_or_full_of_the_value_are_left_to_a_person() -> None:
    with pytest.raises(CannotRewrite, match="larger"):
        done("a.json", '["§", "' + "x" * 2_000_000 + '"]')
    with pytest.raises(CannotRewrite, match="201 times"):
        done("a.json", "[" + '"§",' * 200 + '"§"]')


def test_a_mark_of_byte_order_stays() -> None:
    assert rewritten("a.json", '\ufeff["§"]') == '\ufeff["${API_KEY}"]'


SAMPLES = [before for _, before, _ in CODE + BUILDS + SETTINGS]
PATHS = sorted({path for path, _, _ in CODE + BUILDS + SETTINGS})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    path=st.sampled_from(PATHS),
    before=st.text(alphabet="ab=:\"'`\\#/$%{}[]()<>|- \t\n\ré", max_size=24),
    after=st.text(alphabet="ab=:\"'`\\#/$%{}[]()<>|- \t\n\ré", max_size=24),
    sample=st.sampled_from(SAMPLES),
)
def test_any_text_in_any_language_is_rewritten_without_the_value_or_refused(
    path: str, before: str, after: str, sample: str
) -> None:
    for text in (f"{before}§{after}", sample.replace("§", f"{before}§{after}", 1), f"{before}{sample}{after}"):
        try:
            made = done(path, text)
        except CannotRewrite:
            continue
        assert VALUE.encode() not in (made.content or b"")


def kept(before: str, after: str) -> bool:
    """Whether the characters around the value stand in `after` in their order."""
    rest = iter(after)
    return all(char in rest for char in before)


@settings(max_examples=200, deadline=None)
@given(
    sample=st.sampled_from([(path, before) for path, before, _ in CODE if before.count("§") == 1]),
    noise=st.text(alphabet="ab {}$#%\"'é", max_size=12),
)
def test_what_stands_beside_the_value_in_a_string_stays(sample: tuple[str, str], noise: str) -> None:
    path, before = sample
    text = before.replace("§", f"{noise}§{noise}")
    try:
        after = rewritten(path, text)
    except CannotRewrite:
        return
    words = [part for part in before.split("§")[0].split("\n")[:-1] if part]
    assert all(word in after for word in words if not word.startswith("const"))
    assert kept(noise.replace("'", "").replace('"', ""), after)
