#!/usr/bin/env python3
"""Takes values out of a repository's history. Read README.md first: this cannot be undone, and others must act, too.

    python3 rewrite_history.py REPOSITORY CLONE            write the replacements, say what would be run, delete them
    python3 rewrite_history.py REPOSITORY CLONE --run      rewrite CLONE with `git filter-repo`

REPOSITORY is one of those that addresses.json lists, by its number there. CLONE is a fresh clone of it
(`git clone --mirror`) that you can throw away. The values stand in none of these files: they are read from CLONE's own
objects, written to a file of mode 0600 in a private temporary folder, and deleted with it. Nothing is pushed.

Needs Python 3.9, git, and for --run git-filter-repo (https://github.com/newren/git-filter-repo).
Exit code 0: done. 1: something was not as expected, and nothing was rewritten. 2: usage.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

REPLACEMENT = b"***REMOVED***"
SHORT, LONGEST_WORD = 8, 20
WORD = re.compile(rb"[0-9]+|(?:[A-Za-z]+[-_.]?)+[0-9]{0,4}[!?.#$@*]?")


def by_chance(value: bytes) -> bool:
    """Whether other text may well hold the value: a password that is a word, or a very short one."""
    return len(value) < SHORT or (len(value) < LONGEST_WORD and WORD.fullmatch(value) is not None)


def rule(value: bytes) -> bytes:
    """A line for `git filter-repo --replace-text`; what a line cannot hold as it is becomes a regular expression.

    What stands in other text by chance is replaced as the password in a URL alone.
    """
    if by_chance(value):
        return b"regex:(?<=:)" + re.escape(value) + b"(?=@)==>" + REPLACEMENT
    if re.search(rb"[\x00-\x1f\x7f]", value):
        return b"regex:" + re.escape(value).replace(b"\\\n", rb"\n").replace(b"\\\r", rb"\r") + b"==>" + REPLACEMENT
    return b"literal:" + value + b"==>" + REPLACEMENT


def values(clone: Path, places: list[dict[str, Any]]) -> tuple[list[bytes], list[str]]:
    """The values at the addresses, the longest first, and the objects that the clone lacks."""
    found: set[bytes] = set()
    absent: set[str] = set()
    for place in places:
        told = git(clone, "cat-file", place["object_type"], place["object"])
        if told is None:
            absent.add(place["object"])
            continue
        found |= {told[start:end] for start, end in place["spans"]} - {b""}
    return sorted(found, key=lambda value: (-len(value), value)), sorted(absent)


def git(clone: Path, *words: str) -> bytes | None:
    """What git says, None where it fails. The clone's own configuration can start no program here."""
    safe = ["-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "protocol.allow=never"]
    environment = {**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(["git", *safe, "-C", str(clone), *words], capture_output=True, env=environment, check=False)
    return done.stdout if done.returncode == 0 else None


def write(folder: Path, found: list[bytes]) -> Path:
    """The replacements, for this user's eyes alone."""
    path = folder / "replacements"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(rule(value) + b"\n" for value in found))
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("repository", type=int, help="its number in addresses.json")
    parser.add_argument("clone", type=Path, help="a fresh clone that may be thrown away")
    parser.add_argument("--run", action="store_true", help="rewrite the clone")
    args = parser.parse_args()
    listed = json.loads((Path(__file__).resolve().parent / "addresses.json").read_text())["repositories"]
    if not 1 <= args.repository <= len(listed):
        parser.error(f"addresses.json has repositories 1 to {len(listed)}")
    found, absent = values(args.clone, listed[args.repository - 1]["places"])
    for oid in absent:
        print(f"the clone has no object {oid}: nothing reaches it there, or it was rewritten already", file=sys.stderr)
    if not found:
        print("no value was found: nothing to rewrite", file=sys.stderr)
        return 1
    if words := sum(map(by_chance, found)):
        print(f"{words} values are words or very short: they are replaced as passwords in URLs alone", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="rewrite-") as folder:
        replacements = write(Path(folder), found)
        command = ["git", "-C", str(args.clone), "filter-repo", "--replace-text", str(replacements)]
        command += ["--replace-message", str(replacements)]
        if not args.run:
            print(f"{len(found)} values were read from the clone. With --run this would be done:")
            print(" ".join(command))
            return 0
        done = subprocess.run(command, check=False)
    if done.returncode:
        print("git filter-repo failed; throw the clone away", file=sys.stderr)
        return 1
    left = [oid for oid in (place["object"] for place in listed[args.repository - 1]["places"]) if has(args.clone, oid)]
    for oid in sorted(set(left)):
        print(f"{oid} is still there: a ref that filter-repo does not rewrite keeps it", file=sys.stderr)
    return 1 if left else 0


def has(clone: Path, oid: str) -> bool:
    return git(clone, "cat-file", "-e", oid) is not None


if __name__ == "__main__":
    sys.exit(main())
