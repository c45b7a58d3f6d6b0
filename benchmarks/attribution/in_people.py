"""Scenarios about who stands in a commit: several people, several addresses, machines, wrong clocks."""

from datetime import UTC, datetime, timedelta

from benchmarks.attribution.scenario import (
    ACTIONS,
    ANN,
    BOB,
    CAT,
    DAN,
    DEPENDABOT,
    EVE,
    RENOVATE,
    Stage,
    Truth,
    scenario,
)

_GROUP = "people"


@scenario(_GROUP, "The repository's .mailmap knows Ann by a newer address.")
def mailmap(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("map", {".mailmap": "Ann Smith <ann.smith@example.com> <ann@example.com>\n"}, author=BOB)
    return Truth(ANN, first, email="ann.smith@example.com", said=(".mailmap",))


@scenario(_GROUP, "The .mailmap is changed later; the newest committed one counts.")
def mailmap_changed(stage: Stage) -> Truth:
    stage.begin()
    stage.repo.commit("map", {".mailmap": "Wrong <wrong@example.com> <ann@example.com>\n"}, author=BOB)
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("map", {".mailmap": "Ann Smith <ann.smith@example.com> <ann@example.com>\n"}, author=BOB)
    return Truth(ANN, first, email="ann.smith@example.com")


@scenario(_GROUP, "Ann hides her address behind GitHub's noreply form.")
def noreply_address(stage: Stage) -> Truth:
    stage.begin()
    who = ("ann", "8041+ann@users.noreply.github.com")
    first = stage.repo.commit("add", {"conf": stage.text()}, author=who)
    stage.repo.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    return Truth(who, first)


@scenario(_GROUP, "Ann wrote it, Bob applied her patch.")
def committer_is_another(stage: Stage) -> Truth:
    stage.begin()
    return Truth(ANN, stage.repo.commit("add", {"conf": stage.text()}, author=ANN, committer=BOB))


@scenario(_GROUP, "Ann and Cat wrote it together.")
def pair_of_authors(stage: Stage) -> Truth:
    stage.begin()
    message = "add\n\nCo-authored-by: Cat Cooper <cat@example.com>\n"
    return Truth(ANN, stage.repo.commit(message, {"conf": stage.text()}, author=ANN), coauthors=(CAT,))


@scenario(_GROUP, "Dependabot's commit holds it; Cat signed it off.")
def dependabot(stage: Stage) -> Truth:
    stage.begin()
    message = "Bump lib from 1 to 2\n\nSigned-off-by: Cat Cooper <cat@example.com>\n"
    first = stage.repo.commit(message, {"conf": stage.text()}, author=DEPENDABOT)
    stage.repo.commit("edit", {"conf": stage.text("more = 1")}, author=BOB)
    return Truth(DEPENDABOT, first, said=("a machine", "Cat Cooper <cat@example.com>"))


@scenario(_GROUP, "Renovate's commit holds it; Dan is named as co-author and Eve committed it.")
def renovate(stage: Stage) -> Truth:
    stage.begin()
    message = "Update lib (#55)\n\nCo-authored-by: Dan Dyer <dan@example.com>\n"
    first = stage.repo.commit(message, {"conf": stage.text()}, author=RENOVATE, committer=EVE)
    said = ("a machine", "Dan Dyer <dan@example.com>", "Eve Engel <eve@example.com>", "pull request #55")
    return Truth(RENOVATE, first, coauthors=(DAN,), said=said)


@scenario(_GROUP, "Ann adds it to a source; a CI job writes it on into what it builds.")
def copied_by_a_job(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("build [skip ci]", {"dist/app.js": f"const t='{stage.key}'\n"}, author=ACTIONS)
    stage.repo.commit("build [skip ci]", {"dist/app.js": f"const t='{stage.key}';\n"}, author=ACTIONS)
    return Truth(ANN, first, ((ACTIONS, "copy"),))


@scenario(_GROUP, "Ann and Bob add the same value on branches of their own; Bob was first, by the dates.")
def two_people_independently(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    start = repo.clock
    repo.branch("one").commit("add", {"a.conf": stage.text("a = 1")}, author=ANN, at=start + timedelta(days=50))
    repo.checkout("main").branch("two")
    first = repo.commit("add", {"b.conf": stage.text()}, author=BOB, at=start + timedelta(days=40))
    repo.clock = start + timedelta(days=60)
    repo.merge("one", author=EVE)
    return Truth(BOB, first, ((ANN, "independent"),), said=("a tie",))


@scenario(_GROUP, "Ann and Bob make the very same change on branches of their own.")
def two_people_with_the_same_patch(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    repo.branch("one").commit("one", {"one": "1\n"}, author=CAT)
    first = repo.commit("add", {"conf": stage.text()}, author=ANN)
    repo.checkout("main").branch("two").commit("two", {"two": "2\n"}, author=DAN)
    repo.commit("set the token", {"conf": stage.text()}, author=BOB)
    return Truth(ANN, first, ((BOB, "independent"),), said=("a tie",))


@scenario(_GROUP, "Bob copied it from Ann with a clock years behind: descent counts, not dates.")
def wrong_clock(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("copy", {"b.conf": stage.text()}, author=BOB, at=datetime(2011, 1, 1, tzinfo=UTC))
    return Truth(ANN, first, ((BOB, "copy"),))


@scenario(_GROUP, "Ann commits twice within a second: the second commit copies, it is no rewritten first.")
def two_commits_within_a_second(stage: Stage) -> Truth:
    stage.begin()
    at = stage.repo.clock + timedelta(days=1)
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN, at=at)
    stage.repo.commit("use", {"deploy.sh": f"TOKEN={stage.key}\n"}, author=ANN, at=at)
    return Truth(ANN, first, ((ANN, "copy"),))


@scenario(_GROUP, "Imported from another system with the people and dates of then; Bob goes on today.")
def imported_history(stage: Stage) -> Truth:
    repo = stage.repo
    text, more = stage.text(), stage.text("more = 1")
    lines: list[str] = []
    for number, (who, content) in enumerate(((CAT, stage.plain()), (ANN, text), (DAN, more)), 1):
        lines += [f"commit refs/heads/main\nmark :{number}\nauthor {who[0]} <{who[1]}> {900_000_000 + number} +0000"]
        lines += [f"committer svn2git <svn2git@example.com> {1_500_000_000 + number} +0000\ndata 4\nr{number:03}"]
        lines += [f"M 100644 inline trunk/conf\ndata {len(content)}\n{content}"]
    repo.git("fast-import", "--quiet", stdin=("\n".join(lines) + "\n").encode())
    repo.git("reset", "-q", "--hard", "main")
    first = repo.head("HEAD^")
    repo.commit("move", rename={"trunk/conf": "conf"}, author=BOB)
    return Truth(ANN, first, ((BOB, "move"),))


@scenario(_GROUP, "The name is written in an old encoding.")
def old_encoding_of_a_name(stage: Stage) -> Truth:
    stage.begin()
    repo = stage.repo
    tree = repo.stage({"conf": stage.text()}).git("write-tree")
    raw = (
        f"tree {tree}\nparent {repo.head()}\nauthor ".encode()
        + "René Roy".encode("latin-1")
        + b" <rene@example.com> 1600000000 +0200\ncommitter X <x@example.com> 1600000000 +0000\n"
        + b"encoding ISO-8859-1\n\nadd\n"
    )
    first = repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw)
    repo.git("reset", "-q", "--hard", first)
    return Truth(("René Roy", "rene@example.com"), first)
