"""Scenarios of one line of history: files that are edited, renamed, copied, split and joined."""

import gzip
import io
import json
import os
import zipfile

from benchmarks.attribution.scenario import ANN, BOB, CAT, DAN, EVE, FAY, Stage, Truth, github_token, scenario

_GROUP = "files"


@scenario(_GROUP, "Ann adds it to a file, and nothing else happens.")
def plain(stage: Stage) -> Truth:
    stage.begin()
    return Truth(ANN, stage.repo.commit("add", {"conf": stage.text()}, author=ANN))


@scenario(_GROUP, "Fay made the file, Ann adds the secret, Bob and Cat edit other lines of it.")
def edits_by_others(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("edit", {"conf": stage.text("debug = no")}, author=BOB)
    stage.repo.commit("edit", {"conf": "# reviewed\n" + stage.text("debug = no")}, author=CAT)
    return Truth(ANN, first)


@scenario(_GROUP, "Bob changes the very line that holds it, and not the value.")
def edit_of_the_line(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("rename a setting", {"conf": stage.text().replace("github_token", "deploy_token")}, author=BOB)
    return Truth(ANN, first)


@scenario(_GROUP, "Bob renames the file and edits it in one commit.")
def rename_and_edit(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    edited = {"conf": stage.text("debug = no", "verbose = yes")}
    stage.repo.commit("move", edited, rename={"conf": "etc/app.conf"}, author=BOB)
    return Truth(ANN, first, ((BOB, "move"),))


@scenario(_GROUP, "Bob copies the file; Cat removes the first one.")
def copy_of_the_file(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("copy", {"staging.conf": stage.text()}, author=BOB)
    stage.repo.commit("remove", delete=("conf",), author=CAT)
    return Truth(ANN, first, ((BOB, "copy"),))


@scenario(_GROUP, "Bob copies the value alone, into another file of another form.")
def copy_of_the_value(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("use", {"deploy.sh": f"#!/bin/sh\ncurl -H 'Authorization: token {stage.key}' $URL\n"}, author=BOB)
    return Truth(ANN, first, ((BOB, "copy"),))


@scenario(_GROUP, "Bob edits the file and copies the value into another one, both in one commit.")
def copy_while_editing(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("use", {"conf": stage.text("debug = no"), "staging.conf": stage.text("debug = yes")}, author=BOB)
    return Truth(ANN, first, ((BOB, "copy"),))


@scenario(_GROUP, "Bob splits the file in two; the secret goes to the second.")
def split_of_a_file(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("split", {"conf": stage.plain(), "secrets.conf": f"token = {stage.key}\n"}, author=BOB)
    return Truth(ANN, first, ((BOB, "move"),))


@scenario(_GROUP, "Bob joins two files to a third; the secret was in one of them.")
def join_of_files(stage: Stage) -> Truth:
    stage.begin()
    stage.repo.commit("more", {"other": "a = 1\n"}, author=CAT)
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    joined = {"all.conf": "a = 1\n" + stage.text()}
    stage.repo.commit("join", joined, delete=("conf", "other"), author=BOB)
    return Truth(ANN, first, ((BOB, "move"),))


@scenario(_GROUP, "Fay makes a file, Bob deletes it, Ann makes it again with the secret.")
def a_path_used_again(stage: Stage) -> Truth:
    stage.begin()
    stage.repo.commit("delete", delete=("conf",), author=BOB)
    return Truth(ANN, stage.repo.commit("new", {"conf": stage.text()}, author=ANN))


@scenario(_GROUP, "Bob takes it out again; no branch holds it today.")
def removed(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("remove", {"conf": stage.plain()}, author=BOB)
    return Truth(ANN, first, present=False)


@scenario(_GROUP, "Bob removes it, Cat reverts the removal.")
def revert_of_the_removal(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("remove", {"conf": stage.plain()}, author=BOB)
    stage.repo.git("revert", "--no-edit", "HEAD", author=CAT)
    return Truth(ANN, first, ((CAT, "revert"),))


@scenario(_GROUP, "Bob removes it, and Cat adds it again by hand, years later.")
def removed_and_added_again(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.commit("remove", {"conf": stage.plain()}, author=BOB)
    for number in range(5):
        stage.repo.commit("work", {"README": f"{number}\n"}, author=DAN)
    stage.repo.commit("make it work again", {"conf": stage.text("again = yes")}, author=CAT)
    return Truth(ANN, first, ((CAT, "added-again"),))


@scenario(_GROUP, "Ann and Bob each have a secret of their own on neighbouring lines; Bob's is asked for.")
def neighbouring_secrets(stage: Stage) -> Truth:
    stage.begin()
    other = github_token("a neighbour")
    stage.repo.commit("add", {"conf": stage.text(key=other)}, author=ANN)
    both = stage.text(f"second_token = {stage.key}", key=other)
    first = stage.repo.commit("add mine", {"conf": both}, author=BOB)
    stage.repo.commit("sort", {"conf": stage.text(f"first_token = {other}")}, author=CAT)
    return Truth(BOB, first)


@scenario(_GROUP, "It stands in a file by itself and as the password of a URL: one value of two kinds.")
def of_two_kinds(stage: Stage) -> Truth:
    stage.begin()
    url = f"postgres://app:{stage.key}@db.corp.example/app"
    first = stage.repo.commit("add", {"conf": stage.plain(f"database_url = {url}")}, author=ANN)
    stage.repo.commit("use", {"token": stage.text()}, author=BOB)
    return Truth(ANN, first, ((BOB, "copy"),))


@scenario(_GROUP, "It stands in the URL of a submodule.")
def submodule_url(stage: Stage) -> Truth:
    stage.begin()
    url = f"https://x-access-token:{stage.key}@github.com/corp/lib.git"
    text = f'[submodule "lib"]\n\tpath = lib\n\turl = {url}\n'
    first = stage.repo.commit("module", {".gitmodules": text}, author=ANN)
    stage.repo.commit("branch", {".gitmodules": f"{text}\tbranch = main\n"}, author=BOB)
    return Truth(ANN, first)


@scenario(_GROUP, "Ann makes a symbolic link whose target is the secret.")
def symlink_target(stage: Stage) -> Truth:
    stage.begin()
    os.symlink(stage.key, stage.repo.path / "link")
    stage.repo.git("add", "link")
    return Truth(ANN, stage.repo.commit("link", author=ANN))


@scenario(_GROUP, "Bob makes the file executable.")
def mode_change(stage: Stage) -> Truth:
    stage.begin()
    first = stage.repo.commit("add", {"conf": stage.text()}, author=ANN)
    stage.repo.git("update-index", "--chmod=+x", "conf")
    stage.repo.commit("executable", author=BOB)
    return Truth(ANN, first)


@scenario(_GROUP, "It stands among the bytes of a binary file, to which Bob adds others.")
def binary_file(stage: Stage) -> Truth:
    stage.begin()
    data = b"\x7fELF\0\1\2" + b"\0" * 40 + stage.key.encode() + b"\0" * 40
    first = stage.repo.commit("add", {"app.bin": data}, author=ANN)
    stage.repo.commit("build", {"app.bin": data + b"\0more"}, author=BOB)
    return Truth(ANN, first)


def _zip(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return made.getvalue()


@scenario(_GROUP, "It lies in a zip archive; Bob adds a file to the archive, Cat unpacks it into the repository.")
def zip_archive(stage: Stage) -> Truth:
    stage.begin()
    files = {"conf": stage.text("filler = 1")}
    first = stage.repo.commit("archive", {"app.zip": _zip(files)}, author=ANN)
    stage.repo.commit("more", {"app.zip": _zip(files | {"b": "x"})}, author=BOB)
    stage.repo.commit("unpack", {"unpacked/conf": files["conf"]}, author=CAT)
    return Truth(ANN, first, ((CAT, "copy"),), forms=None)


@scenario(_GROUP, "It lies in a gzip file, and Bob compresses it anew.")
def gzip_file(stage: Stage) -> Truth:
    stage.begin()
    text = stage.text().encode()
    first = stage.repo.commit("dump", {"dump.gz": gzip.compress(text, mtime=0)}, author=ANN)
    stage.repo.commit("smaller", {"dump.gz": gzip.compress(text, 1, mtime=9)}, author=BOB)
    return Truth(ANN, first, forms=None)


@scenario(_GROUP, "It stands in a cell of a notebook that Bob runs again.")
def notebook(stage: Stage) -> Truth:
    def cells(count: int) -> str:
        source = [f"token = '{stage.key}'\n", "print(1)"]
        cell = {"cell_type": "code", "execution_count": count, "metadata": {}, "outputs": [], "source": source}
        return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)

    stage.begin()
    first = stage.repo.commit("notebook", {"a.ipynb": cells(1)}, author=ANN)
    stage.repo.commit("run", {"a.ipynb": cells(7)}, author=BOB)
    return Truth(ANN, first)


@scenario(_GROUP, "Eve imports a whole tree in the root commit, the secret among it; Fay goes on.")
def root_commit(stage: Stage) -> Truth:
    first = stage.repo.commit("all at once", {"src/deep/conf": stage.text(), "README": "x\n"}, author=EVE)
    stage.repo.commit("edit", {"src/deep/conf": stage.text("more = 1")}, author=FAY)
    return Truth(EVE, first)
