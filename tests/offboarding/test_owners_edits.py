"""A person is taken out of files that say who is in charge: that entry alone goes, and all else stays to the byte."""

import copy
import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from offboarding.identity.directory import Directory, Entry
from offboarding.remedy.metadata import Mark, Words, kind_of
from offboarding.remedy.owners import codeowners, lists, maintainers, trees
from offboarding.remedy.owners.changes import ALONE, CREDIT, FORM, MOST, TOO_MANY, Who, applied
from offboarding.remedy.owners.editing import AGAIN, ELSEWISE, Edited, edit, why_not
from offkey.errors import UsageError
from offkey.model import Account, Person
from scanner.claims import codeowners as reader

WORDS = Words(frozenset({"sam@corp.test"}), frozenset({"sam rivera"}), frozenset({"samr"}))
SAM = Who(WORDS.emails, WORDS.names, WORDS.logins)
ENDS = st.sampled_from(["\n", "\r\n"])
SUCCESSORS = st.sampled_from(["", "@bob", "bob@corp.test"])


def edited(path: str, text: str, successor: str = "") -> Edited:
    rows = [Mark(path, number, what) for number, line in enumerate(text.split("\n"), 1)
            if (what := kind_of(path, line, WORDS))]  # fmt: skip
    return edit(path, text.encode("utf-8", "surrogateescape"), rows, SAM.with_successor(successor), WORDS)


def after(path: str, text: str, successor: str = "") -> str:
    return edited(path, text, successor).content.decode("utf-8", "surrogateescape")


def whys(path: str, text: str, successor: str = "") -> dict[int, str]:
    return {one.mark.line: one.why for one in edited(path, text, successor).left}


# CODEOWNERS

OWNER = st.sampled_from(
    ["@samr", "@SamR", "sam@corp.test", "@ann", "@corp/samr", "@samr-bot", "ann@corp.test", "samr", "ann"]
)
HEAD = st.sampled_from(["*", "*.py", "/a\\ b/", "\\#x", "!gone", "[Core]", "[The docs][2]", "^[Opt]", "samr/"])
SPACE = st.sampled_from([" ", "  ", "\t"])
TAIL = st.sampled_from(["", "  # ask @samr", " # core", "  "])


@st.composite
def owned(draw: st.DrawFn) -> tuple[str, list[str], str]:
    """(head, owners with the space before each, tail) of a line."""
    return draw(HEAD), [draw(SPACE) + owner for owner in draw(st.lists(OWNER, max_size=4))], draw(TAIL)


def valid(owner: str) -> bool:
    return "@" in owner.strip()


@given(st.lists(owned(), max_size=6), ENDS, st.booleans(), SUCCESSORS)
def test_codeowners_lose_the_person_where_others_remain_and_nothing_else(
    lines: list[tuple[str, list[str], str]], end: str, closed: bool, successor: str
) -> None:
    text = "# owners" + end + end.join(head + "".join(owners) + tail for head, owners, tail in lines) + end * closed
    new = applied(text, codeowners.changes(text, SAM.with_successor(successor)))
    assert new.count("\n") == text.count("\n")
    for (head, owners, tail), line in zip(lines, new.split("\n")[1:], strict=False):
        said = [owner.strip() for owner in owners]
        others = [owner for owner in said if not SAM.is_owner(owner)]
        if len(others) == len(said) or not (successor or any(map(valid, others))):
            assert line.removesuffix("\r") == head + "".join(owners) + tail
            continue
        assert line.startswith(head)
        assert line.removesuffix("\r").endswith(tail)
        words = line.removesuffix("\r").removesuffix(tail)[len(head) :].split()
        if any(map(valid, others)):
            assert words == others
        else:
            assert sorted(words) == sorted([*others, successor])


@given(st.lists(owned(), max_size=6))
def test_the_reader_of_codeowners_sees_the_same_owners_but_one(lines: list[tuple[str, list[str], str]]) -> None:
    text = "".join(f"{head}{''.join(owners)}\n" for head, owners, _ in lines)
    new = applied(text, codeowners.changes(text, SAM.with_successor("@bob")))
    for path in ("x.py", "a b/c", "#x", "gone", "samr/x"):
        seen, was = reader.owners(new, path), reader.owners(text, path)
        assert {one for one in was if not SAM.is_owner(one)} == set(seen) - {"@bob"}
        assert not any(map(SAM.is_owner, seen))
        assert ("@bob" in seen) <= any(map(SAM.is_owner, was))


@pytest.mark.parametrize(
    ("line", "plain", "succeeded"),
    [
        ("*   @samr @ann", "*   @ann", "*   @ann"),
        ("[The @samr files] @samr @ann", "[The @samr files] @ann", "[The @samr files] @ann"),
        ("/x\\ @samr @ann", "/x\\ @samr @ann", "/x\\ @samr @ann"),
        ("*.py @ann  @samr @x", "*.py @ann  @x", "*.py @ann  @x"),
        ("*.py  @ann   @samr   # core", "*.py  @ann   # core", "*.py  @ann   # core"),
        ("/db/ @samr sam@corp.test", "/db/ @samr sam@corp.test", "/db/ @bob"),
        ("[Sec ion][2] @samr @ann", "[Sec ion][2] @ann", "[Sec ion][2] @ann"),
        ("^[Opt] @samr # x", "^[Opt] @samr # x", "^[Opt] @bob # x"),
        ("* @samr ann", "* @samr ann", "* @bob ann"),
        ("* @samr # @ann", "* @samr # @ann", "* @bob # @ann"),
        ("* @corp/samr", "* @corp/samr", "* @corp/samr"),
        ("@samr @ann", "@samr @ann", "@samr @ann"),
        ("# @samr @ann", "# @samr @ann", "# @samr @ann"),
    ],
)
def test_lines_of_codeowners(line: str, plain: str, succeeded: str) -> None:
    assert after("docs/CODEOWNERS", line) == plain
    assert after("docs/CODEOWNERS", line, "bob") == succeeded


def test_what_codeowners_keep_is_told_with_the_reason() -> None:
    text = "# @samr\n* @samr\n/a @ann @samr # @samr\n/samr/ @ann\n/b @ann @samr\n"
    assert whys("CODEOWNERS", text) == {1: ELSEWISE, 2: ALONE, 3: AGAIN, 4: ELSEWISE}
    assert [mark.line for mark in edited("CODEOWNERS", text).edited] == [3, 5]


def test_a_long_word_of_a_stranger_holds_nobody_up() -> None:
    began = time.process_time()
    assert after("CODEOWNERS", f"* @samr a@{'.' * 200_000}@\n").startswith("* @samr")
    assert time.process_time() - began < 5


def test_bom_and_bytes_that_are_no_utf8_stay() -> None:
    raw = b"\xef\xbb\xbf* @samr @ann\r\n# caf\xe9\r\n"
    assert edit("CODEOWNERS", raw, (), SAM, WORDS).content == b"\xef\xbb\xbf* @ann\r\n# caf\xe9\r\n"


# Lists

PERSON = st.sampled_from(["samr", "SamR", "@samr", "sam@corp.test", "Sam Rivera"])
OTHERS = st.sampled_from(
    ["ann", "@ann", "samr-bot", "corp/samr", "team:samr", "ann@corp.test", "true", "12", "\U0001f600 ann"]
)
ENTRIES = st.lists(PERSON | OTHERS, min_size=1, max_size=5)


def expected(value: Any, successor: str, *, former: bool = False) -> Any:
    """What is to be left, worked out on the data: the person goes from each list, unless nothing would stay."""
    if isinstance(value, dict):
        return {key: expected(one, successor, former=former or "emeritus" in key) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    others = [one for one in value if not (isinstance(one, str) and SAM.is_item(one))]
    if former or len(others) == len(value):
        return [expected(one, successor, former=former) for one in value]
    if others:
        return [expected(one, successor) for one in others]
    formed = [SAM.with_successor(successor).instead(one) for one in value]
    return [next(filter(None, formed))] if any(formed) else value


@st.composite
def yaml_lists(draw: st.DrawFn) -> str:
    """A mapping of lists in every style, with comments between and behind."""
    rows = []
    for number, entries in enumerate(draw(st.lists(ENTRIES, min_size=1, max_size=3))):
        key = draw(st.sampled_from(["approvers", "emeritus_approvers"])) + str(number)
        said = [draw(st.sampled_from(_spellings(one))) for one in entries]
        note = draw(st.sampled_from(["", " # all"]))
        style = draw(st.sampled_from(["flow", "long flow", "block", "flat"]))
        if style == "flow":
            rows.append(f"{key}: [{', '.join(said)}]{note}")
        elif style == "long flow":
            last = draw(st.sampled_from(["", ","]))
            body = [f"  {one}{',' if i < len(said) - 1 else last}{note}" for i, one in enumerate(said)]
            rows += [f"{key}: [", *body, "  ]"]
        else:
            indent = "" if style == "flat" else "  "
            dash = draw(st.sampled_from(["- ", "-   "]))
            rows += [f"{key}:", *(row for one in said for row in (f"{indent}# next", f"{indent}{dash}{one}{note}"))]
    return draw(ENDS).join(rows)


def _spellings(entry: str) -> list[str]:
    quoted = [json.dumps(entry, ensure_ascii=False), f"'{entry}'"]
    return quoted if entry[0] == "@" else [entry, *quoted]


@given(yaml_lists(), st.booleans(), st.booleans(), SUCCESSORS)
def test_lists_in_yaml_lose_the_person_and_the_data_differ_in_nothing_else(
    text: str, closed: bool, bom: bool, successor: str
) -> None:
    text = "\ufeff" * bom + text + "\n" * closed
    one = edited("OWNERS", text, successor)
    new = one.content.decode()
    assert yaml.safe_load(new) == expected(yaml.safe_load(text), successor)
    assert new.endswith("\n") == text.endswith("\n")
    touched = {mark.line for mark in one.edited}
    kept = [line for number, line in enumerate(text.split("\n"), 1) if number not in touched]
    found = iter(_bare(line) for line in new.split("\n"))
    assert all(_bare(line) in found for line in kept)


def _bare(line: str) -> str:
    """A line without the comma that separates its entry from the next."""
    return line.removesuffix("\r").replace(", ", " ").removesuffix(",")


@given(
    st.recursive(
        st.dictionaries(st.sampled_from(["reviewers", "assignees", "emeritus"]), ENTRIES, max_size=3),
        lambda inner: st.fixed_dictionaries({"packageRules": st.lists(inner, max_size=3)}),
        max_leaves=6,
    ),
    st.sampled_from([None, 2, "\t"]),
    SUCCESSORS,
)
def test_lists_in_json_lose_the_person_and_the_data_differ_in_nothing_else(
    data: dict[str, Any], indent: int | str | None, successor: str
) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    new = after("renovate.json", text, successor)
    assert json.loads(new) == expected(copy.deepcopy(data), successor)
    if json.loads(new) == data:
        assert new == text


@pytest.mark.parametrize(
    ("path", "text", "new"),
    [
        ("OWNERS", "approvers:\n- samr  # lead\n- ann\n", "approvers:\n- ann\n"),
        ("OWNERS", "approvers:\n- ann\n- samr\n- sam@corp.test", "approvers:\n- ann"),
        ("OWNERS", "approvers:\r\n- ann\r\n- samr", "approvers:\r\n- ann"),
        ("OWNERS_ALIASES", "aliases:\n  leads: [ann, samr]\n", "aliases:\n  leads: [ann]\n"),
        ("OWNERS", "a: [\n  ann, # one\n  samr, # two\n]\n", "a: [\n  ann, # one\n]\n"),
        ("OWNERS", "reviewers: &r [samr, ann]\napprovers: *r\n", "reviewers: &r [ann]\napprovers: *r\n"),
        (
            ".github/dependabot.yml",
            "u:\n- reviewers: [samr, x/y]\n  labels: [samr, b]\n",
            "u:\n- reviewers: [x/y]\n  labels: [samr, b]\n",
        ),
        (".mergify.yml", "assign:\n  users:\n    - samr\n    - ann\n", "assign:\n  users:\n    - ann\n"),
        ("renovate.json", '{\n\t"assignees": [\n\t\t"ann",\n\t\t"samr"\n]}', '{\n\t"assignees": [\n\t\t"ann"\n]}'),
        ("renovate.json", '{"gitIgnoredAuthors": ["sam@corp.test", "a@b.test"]}', None),
        ("ops/on-call.yaml", "rota:\n  - Sam Rivera <sam@corp.test>\n  - Ann\n", "rota:\n  - Ann\n"),
    ],
)
def test_lists_of_each_kind_of_file(path: str, text: str, new: str | None) -> None:
    assert after(path, text) == (text if new is None else new)
    assert after(path, after(path, text)) == after(path, text)


def test_tabs_in_json_are_read_without_libyaml_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "LOADER", yaml.SafeLoader)
    assert after("renovate.json", '{\n\t"assignees":\t[\t"ann",\t"samr"]}') == '{\n\t"assignees":\t[\t"ann"]}'


@pytest.mark.parametrize(
    ("path", "text", "line", "why"),
    [
        ("OWNERS", "approvers: [samr]\n", 1, ALONE),
        ("OWNERS", "emeritus_approvers: [samr, ann]\n", 1, CREDIT),
        ("OWNERS", "a:\n- &me samr\n- ann\nb: [*me, x]\n", 2, "the file is not valid YAML"),
        ("OWNERS", "approvers: [*x, samr]\n", 1, "the file is not valid YAML"),
        ("OWNERS", "a: &a ann\nb: [*a, samr]\n", 2, lists.ENTWINED),
        ("OWNERS", "a:\n- - samr\n  - ann\n", 2, lists.ENTWINED),
        (".github/dependabot.yml", "labels: [samr, b]\n", 1, lists.OTHER),
        (".renovaterc", '{"reviewers": ["samr", "ann"],}', 1, "the file is not plain JSON"),
        ("oncall.yaml", "primary: samr\n", 1, ELSEWISE),
    ],
)
def test_what_lists_keep_is_told_with_the_reason(path: str, text: str, line: int, why: str) -> None:
    assert after(path, text) == text
    assert whys(path, text)[line] == why


@pytest.mark.parametrize(
    ("text", "successor", "new"),
    [
        ("a: [samr]\n", "@bob", "a: [bob]\n"),
        ("a: ['@samr']\n", "bob", "a: ['@bob']\n"),
        ("a: [samr]\n", "12", 'a: ["12"]\n'),
        ("a:\n- samr\n- sam@corp.test # x\n", "b@corp.test", "a:\n- b@corp.test # x\n"),
        ("a: [samr, sam@corp.test]\n", "bob", "a: [bob]\n"),
        ("a: [samr, ann]\n", "bob", "a: [ann]\n"),
        ("a: [samr]\n", "corp/team", "a: [samr]\n"),
        ("a: [Sam Rivera]\n", "bob", "a: [Sam Rivera]\n"),
        ("a: [sam@corp.test]\n", "bob", "a: [sam@corp.test]\n"),
        ("a: [!own samr]\n", "bob", "a: [!own samr]\n"),
    ],
)
def test_a_successor_stands_where_nobody_else_would_and_in_the_form_that_stands_there(
    text: str, successor: str, new: str
) -> None:
    assert after("OWNERS", text, successor) == new
    assert (whys("OWNERS", text, successor).get(1) == FORM) == (new == text)


@pytest.mark.parametrize(
    "other",
    [
        "a: [y]\nb: 1\n",
        "a: [x, y]\nb: 1\n",
        "a: [x]\nb: '1'\n",
        "b: 1\na: [x]\n",
        "a: {x: }\nb: 1\n",
        "a: [x]\n",
        "a: [x]\nb: 1\n---\n",
    ],
)
def test_a_file_that_would_say_anything_else_is_known(other: str) -> None:
    one = trees.trees("a: [x]\nb: 1\n")
    assert trees.same(one, trees.trees("a:\n- x # c\nb:   1"), trees.Edits())
    assert not trees.same(one, trees.trees(other), trees.Edits())


def test_an_edit_that_would_say_anything_else_leaves_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "same", lambda *_: False)
    assert whys("OWNERS", "a: [samr, ann]\n") == {1: "the edited file would say something else, too"}


# Plain lists

PLAIN = """# Maintainers
- Ann Archer <ann@corp.test>
- Sam Rivera <sam@corp.test> ([@samr](https://github.com/samr))
* Bob Bell (bob@corp.test / @bob)

| Name | Address |
|------|---------|
| Sam Rivera | sam@corp.test |
| Ann Archer | ann@corp.test |

## Emeritus
- Sam Rivera
- Ann Archer

## Docs
Ann Archer
Sam Rivera

Sam Rivera, Ann Archer
Sam Rivera <sam@elsewhere.test>

- Sam Rivera
  - build
- Ann Archer

Alone:
@samr"""


def test_a_line_of_a_plain_list_goes_where_it_is_the_person_alone() -> None:
    one = edited("MAINTAINERS.md", PLAIN, "@bob")
    gone = {3, 8, 17}
    kept = [line for number, line in enumerate(PLAIN.split("\n"), 1) if number not in gone]
    assert one.content.decode() == "\n".join([*kept[:-1], "@bob"])
    assert [mark.line for mark in one.edited] == [*sorted(gone), 27]
    left = {one.mark.line: one.why for one in one.left}
    assert left == {12: CREDIT, 19: ELSEWISE, 20: ELSEWISE, 22: maintainers.MORE}
    assert whys("MAINTAINERS", PLAIN)[27] == ALONE


def test_of_several_lines_that_are_all_the_person_one_becomes_the_successor() -> None:
    text = "Docs:\n- Sam Rivera\n- @samr\n- samr\n"
    assert after("MAINTAINERS", text, "bob") == "Docs:\n- @bob\n"
    assert after("MAINTAINERS", text) == text


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("- build\n  - samr\n- Ann Archer\n", "- build\n  - samr\n- Ann Archer\n"),
        ("Core Maintainers\nSam Rivera\n", "Core Maintainers\nSam Rivera\n"),
        ("- Ann Archer\n  - docs\n- samr\n", "- Ann Archer\n  - docs\n"),
        ("Ann Archer\n\nSam Rivera", "Ann Archer\n"),
    ],
)
def test_who_stands_in_the_same_plain_list(text: str, new: str) -> None:
    assert after("MAINTAINERS", text) == new


def test_owners_of_chromium_are_a_plain_list() -> None:
    text = "set noparent\nann@corp.test\nsam@corp.test\nper-file *.py=sam@corp.test\n"
    assert after("OWNERS", text) == text.replace("\nsam@corp.test\n", "\n")
    assert whys("OWNERS", text) == {4: ELSEWISE}


@given(
    st.lists(
        st.sampled_from(["Sam Rivera", "- samr", "- Ann Archer", "  more", "", "Ann Archer <a@b.test>", "# Past", "x:"])
    )
)
def test_lines_of_others_stay_in_a_plain_list(lines: list[str]) -> None:
    text = "\n".join(lines)
    new = applied(text, maintainers.changes(text, SAM)).split("\n")
    assert [line for line in new if "am" not in line] == [line for line in lines if "am" not in line] or not text
    assert len(new) <= len(lines) or not lines


# What is left by its path, and who is looked for


@pytest.mark.parametrize(
    ("path", "what", "part"),
    [
        ("package.json", "an author or maintainer of a package", "published"),
        ("AUTHORS", "a maintainer", "credit"),
        ("CONTRIBUTORS.md", "a maintainer", "credit"),
        ("a.py", "a task in a comment", "takes the task over"),
        ("a.py", "a copyright line", "history"),
        ("a.py", "an e-mail address", "only a person"),
        ("vendor/x/OWNERS", "an owner of code", "copy"),
        ("MAINTAINERS.toml", "a maintainer", "form"),
        ("oncall.tf", "somebody on call", "form"),
    ],
)
def test_what_is_no_list_of_people_in_charge_is_left_with_the_reason(path: str, what: str, part: str) -> None:
    assert part in why_not(path, what)


def test_files_of_each_kind_may_be_edited() -> None:
    paths = [
        "CODEOWNERS",
        ".gitlab/CODEOWNERS",
        "a/OWNERS",
        "OWNERS_ALIASES",
        "MAINTAINERS",
        "MAINTAINERS.md",
        "oncall.json",
        "on-call/team.yml",
        ".github/dependabot.yml",
        ".mergify.yml",
        ".renovaterc",
        "renovate.json5",
    ]
    assert [why_not(path, "an owner of code") for path in paths] == [""] * len(paths)


def test_somebody_elses_login_is_not_the_persons_nor_one_at_another_kind_of_provider() -> None:
    had = (("github", "SamR"), ("gitlab/corp", "river"), ("aws", "deploy"))
    accounts = tuple(Account(provider=provider, id=login, login=login) for provider, login in had)
    sam = Person(id="sam", names=("Sam Rivera",), emails=("sam@corp.test", "all@corp.test"), accounts=accounts)
    other = Entry(id="other", emails=("all@corp.test",), accounts={"github": "River"})
    who = Who.of(sam, Directory(entries=(other, Entry(id="sam", accounts={"github": "samr"}))))
    assert (who.logins, who.elsewhere, who.emails) == ({"samr"}, {"deploy"}, {"sam@corp.test"})
    assert not who.is_owner("@deploy")
    text = b"people: [deploy, ann]\n"
    assert edit("oncall.yaml", text, (), who, WORDS).content == b"people: [ann]\n", "no forge reads it"
    assert edit("MAINTAINERS.yaml", text, (), who, WORDS).content == text


@pytest.mark.parametrize("successor", ["@samr", "SAM@corp.test", "two words", "@", "a/", "x@y", "#x", "[x]"])
def test_a_successor_is_an_owner_and_somebody_else(successor: str) -> None:
    with pytest.raises(UsageError):
        SAM.with_successor(successor)


def test_a_file_that_names_them_beyond_measure_is_left() -> None:
    lines = "samr\n" * (maintainers.TIMES + 1)
    for path, text in (
        ("MAINTAINERS", lines),
        ("OWNERS", "samr\n" + "\n" * maintainers.LINES),
        ("OWNERS", f"a: [{'samr, ' * (MOST + 1)} ann]\n"),
    ):
        assert after(path, text) == text
        assert set(whys(path, text).values()) == {TOO_MANY}
