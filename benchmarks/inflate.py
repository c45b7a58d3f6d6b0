"""Merely inflate every entry of a repository's packs: no deltas applied, no name checked, nothing looked for.

    python benchmarks/inflate.py REPO [--jobs N]

A reference point for `benchmarks/scan.py`: no scanner that reads all of a pack can be faster than this with the same
inflate. The offsets come from the .idx files (gitformat-pack(5), version 2); N forked processes each take one stretch
of every pack, cut by bytes beforehand. Prints JSON: library, packs, entries, packed_bytes, inflated_bytes.
"""

import argparse
import importlib
import json
import mmap
import os
import struct
import subprocess
from array import array
from collections.abc import Callable
from pathlib import Path

OFS_DELTA, REF_DELTA = 6, 7
Inflate = Callable[[memoryview], bytes]


def library() -> tuple[str, Inflate]:
    """isal where it is installed, else zlib; the name says which."""
    for name in ("isal.isal_zlib", "zlib"):
        try:
            return name, importlib.import_module(name).decompress
        except ImportError:
            continue
    raise SystemExit("neither isal nor zlib in this Python")


def offsets(index: Path, hash_bytes: int) -> list[int]:
    """The entries' offsets in the pack, ascending; SystemExit for an index of another version than 2."""
    data = index.read_bytes()
    if data[:8] != b"\xfftOc\x00\x00\x00\x02":
        raise SystemExit(f"{index}: no index of version 2")
    count = struct.unpack_from(">I", data, 8 + 255 * 4)[0]
    at = 8 + 256 * 4 + count * (hash_bytes + 4)
    small = struct.unpack_from(f">{count}I", data, at)
    large = at + 4 * count
    return sorted(
        struct.unpack_from(">Q", data, large + 8 * (value & 0x7FFFFFFF))[0] if value >> 31 else value for value in small
    )


def stream_start(pack: mmap.mmap, at: int, hash_bytes: int) -> int:
    """Where the deflated bytes of the entry at `at` begin: after size, kind and base."""
    kind = pack[at] >> 4 & 7
    while pack[at] & 0x80:
        at += 1
    at += 1
    if kind == REF_DELTA:
        return at + hash_bytes
    if kind == OFS_DELTA:
        while pack[at] & 0x80:
            at += 1
        at += 1
    return at


def inflate(pack_file: Path, hash_bytes: int, share: int, jobs: int) -> tuple[int, int]:
    """Inflates the share-th of `jobs` stretches; gives the number of entries and of bytes they came to."""
    size = pack_file.stat().st_size - hash_bytes
    starts = offsets(pack_file.with_suffix(".idx"), hash_bytes)
    low, high = size * share // jobs, size * (share + 1) // jobs
    decompress = library()[1]
    entries = total = 0
    with (
        pack_file.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pack,
        memoryview(pack) as view,
    ):
        for start, end in zip(starts, [*starts[1:], size], strict=True):
            if low <= start < high:
                with view[stream_start(pack, start, hash_bytes) : end] as piece:
                    total += len(decompress(piece))
                entries += 1
    return entries, total


def shared_out(packs: list[Path], hash_bytes: int, jobs: int) -> tuple[int, int]:
    """All packs, by `jobs` forked processes; their counts come back through shared memory."""
    with mmap.mmap(-1, 16 * jobs) as results:
        children = []
        for share in range(jobs):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    counted = [inflate(pack, hash_bytes, share, jobs) for pack in packs]
                    sums = array("Q", [sum(c[0] for c in counted), sum(c[1] for c in counted)])
                    results[16 * share : 16 * share + 16] = sums.tobytes()
                    code = 0
                finally:
                    os._exit(code)
            children.append(child)
        ends = [os.waitpid(child, 0)[1] for child in children]
        if any(ends):
            raise SystemExit("a pack could not be inflated")
        numbers = array("Q", results[:])
    return sum(numbers[0::2]), sum(numbers[1::2])


def main() -> None:
    parser = argparse.ArgumentParser(description="Inflate every entry of a repository's packs.")
    parser.add_argument("repo", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    git = ["git", "-C", str(args.repo), "rev-parse"]
    told = subprocess.run([*git, "--git-path", "objects/pack", "--show-object-format"], check=True, capture_output=True)
    folder, object_format = told.stdout.decode().split("\n")[:2]
    packs = sorted((args.repo / folder).glob("*.pack"))
    entries, inflated = shared_out(packs, 32 if object_format == "sha256" else 20, args.jobs)
    packed = sum(pack.stat().st_size for pack in packs)
    facts = {"packs": len(packs), "entries": entries, "packed_bytes": packed, "inflated_bytes": inflated}
    print(json.dumps({"library": library()[0], **facts}))


if __name__ == "__main__":
    main()
