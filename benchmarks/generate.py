"""A large synthetic history, the same for the same seed, written with `git fast-import`.

    python benchmarks/generate.py FOLDER [--commits 20000] [--files 2000] [--seed 1]
    python benchmarks/generate.py FOLDER --small 300        # FOLDER/000 ... FOLDER/299, 20 commits each

Edits are like those of source: some lines of one file changed, a file renamed, a side branch merged, a binary blob,
one file that grows large. Every 500th commit (every 10th of a small repository) plants a secret, made at run time from
the seed: no such token stands in this file, and none of them was ever issued. The made repositories are bare.
"""

import argparse
import random
import string
import subprocess
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

WORDS = ["load", "save", "index", "user", "token", "value", "config", "request", "answer", "path", "cache", "state"]
ALPHANUMERIC = string.ascii_letters + string.digits
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
BINARY_BYTES, BIG_LINES = 20_000, 5_000
EPOCH = 1_500_000_000


def github(seeded: random.Random) -> str:
    """A classic token's form with its checksum: CRC-32 of the random part in base 62, six characters."""
    body, checksum = "".join(seeded.choices(BASE62, k=30)), ""
    number = zlib.crc32(body.encode())
    for _ in range(6):
        number, digit = divmod(number, 62)
        checksum = BASE62[digit] + checksum
    return f"GITHUB_TOKEN = '{'gh'}p_{body}{checksum}'"


def gitlab(seeded: random.Random) -> str:
    return f"GITLAB_TOKEN = '{'gl'}pat-{''.join(seeded.choices(ALPHANUMERIC, k=20))}'"


def slack(seeded: random.Random) -> str:
    numbers = ["".join(seeded.choices("123456789", k=12)) for _ in range(2)]
    return f"SLACK_TOKEN = '{'xo'}xb-{'-'.join(numbers)}-{''.join(seeded.choices(ALPHANUMERIC, k=24))}'"


def aws(seeded: random.Random) -> str:
    key = "".join(seeded.choices(string.ascii_uppercase + "234567", k=16))
    secret = "".join(seeded.choices(ALPHANUMERIC + "+/", k=40))
    return f"aws_access_key_id = '{'AK'}IA{key}'; aws_secret_access_key = '{secret}'"


SECRETS: list[Callable[[random.Random], str]] = [github, gitlab, slack, aws]


def line(seeded: random.Random) -> str:
    a, b, c = seeded.choices(WORDS, k=3)
    return f"{' ' * 4 * seeded.randrange(4)}{a}_{b} = {c}({seeded.randrange(10_000)}, {a!r})"


@dataclass
class History:
    """What the next commit starts from, and the stream for fast-import so far."""

    seeded: random.Random
    files: dict[str, list[str]] = field(default_factory=dict)
    written: int = 0

    def put(self, path: str, data: bytes) -> bytes:
        return f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"

    def text(self, path: str) -> bytes:
        return self.put(path, ("\n".join(self.files[path]) + "\n").encode())

    def commit(self, changes: bytes, branch: str = "main", parent: str = "", merged: str = "") -> bytes:
        """One commit; the mark is its number. Ten people take turns."""
        self.written += 1
        number = self.written % 10
        who = f"Dev {number} <dev{number}@example.com> {EPOCH + self.written * 600} +0000"
        head = f"commit refs/heads/{branch}\nmark :{self.written}\nauthor {who}\ncommitter {who}\n"
        message = f"change {self.written}\n"
        lines = f"{head}data {len(message)}\n{message}"
        lines += f"from {parent}\n" if parent else ""
        lines += f"merge {merged}\n" if merged else ""
        return lines.encode() + changes + b"\n"

    def edited(self, secret: str = "") -> bytes:
        """Some neighbouring lines of one file are others; `secret` is one of them."""
        path = self.seeded.choice([*self.files])
        lines = self.files[path]
        at = self.seeded.randrange(len(lines))
        lines[at : at + self.seeded.randrange(4)] = [line(self.seeded) for _ in range(self.seeded.randrange(1, 6))]
        if secret:
            lines.insert(at, secret)
        return self.text(path)

    def renamed(self) -> bytes:
        old = self.seeded.choice([*self.files])
        new = f"{old.rsplit('/', 1)[0]}/moved{self.written}.py"
        self.files[new] = self.files.pop(old)
        return f"R {old} {new}\n".encode()

    def merged(self) -> bytes:
        """A side branch of one commit and its merge, which holds what the side added."""
        base, path = f":{self.written}", f"side/part{self.written}.py"
        self.files[path] = [line(self.seeded) for _ in range(40)]
        side = self.commit(self.text(path), branch=f"side{self.written}", parent=base)
        return side + self.commit(self.text(path), parent=base, merged=f":{self.written}")


def stream(commits: int, files: int, seed: int, plant_each: int) -> Iterator[bytes]:
    """The input of `git fast-import`: at least `commits` commits (a merge is two)."""
    history = History(random.Random(seed))
    seeded = history.seeded
    for number in range(files):
        history.files[f"dir{number % 40}/file{number}.py"] = [line(seeded) for _ in range(seeded.randrange(20, 300))]
    yield history.commit(b"".join(history.text(path) for path in history.files))
    big: list[str] = []
    while history.written < commits:
        number = history.written
        if number % plant_each == 0:
            yield history.commit(history.edited(SECRETS[number // plant_each % len(SECRETS)](seeded)))
        elif number % 97 == 0:
            yield history.merged()
        elif number % 53 == 0:
            yield history.commit(history.renamed())
        elif number % 211 == 0:
            yield history.commit(history.put(f"img/{number}.bin", b"\0" + seeded.randbytes(BINARY_BYTES)))
        elif number % 307 == 0:
            big += [line(seeded) for _ in range(BIG_LINES)]
            yield history.commit(history.put("data/big.txt", "\n".join(big).encode()))
        else:
            yield history.commit(history.edited())


def generate(folder: Path, commits: int, files: int, seed: int, plant_each: int = 500) -> None:
    """Makes the bare repository `folder`; CalledProcessError when git refuses."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    command = ["git", "-C", str(folder), "fast-import", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as importer:
        assert importer.stdin is not None
        for piece in stream(commits, files, seed, plant_each):
            importer.stdin.write(piece)
    if importer.returncode:
        raise subprocess.CalledProcessError(importer.returncode, command)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a large synthetic history, or many small ones.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--commits", type=int, default=20_000)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", type=int, metavar="COUNT", help="COUNT repositories of 20 commits and 10 files")
    args = parser.parse_args()
    if args.small is None:
        generate(args.folder, args.commits, args.files, args.seed)
        subprocess.run(["git", "-C", str(args.folder), "repack", "-adq"], check=True)
        return
    for number in range(args.small):
        generate(args.folder / f"{number:03}", 20, 10, args.seed + number, plant_each=10)


if __name__ == "__main__":
    main()
