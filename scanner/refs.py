"""What refs name, read as files (gitrepository-layout(5)): enough to see whether all of it is there."""

import os
import re
from contextlib import suppress

from scanner.git import Git

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def ref_targets(git: Git) -> set[str] | None:
    """Ids that refs and the HEAD of each work tree name; None where refs are kept in another form than files."""
    common = str(git.common_dir)
    if os.path.exists(os.path.join(common, "reftable")):
        return None
    found: set[str] = set()
    heads = [os.path.join(common, "HEAD")]
    with suppress(FileNotFoundError):
        trees = os.path.join(common, "worktrees")
        heads += [os.path.join(trees, name, "HEAD") for name in os.listdir(trees)]
    files = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(common, "refs")) for name in names]
    try:
        for path in (*heads, *(file for file in files if not file.endswith(".lock"))):
            found |= _named(path)
        with suppress(FileNotFoundError), open(os.path.join(common, "packed-refs"), encoding="utf-8") as packed:
            for line in packed:
                if line[0] not in "#^\n":
                    found.add(line.partition(" ")[0])
    except (OSError, UnicodeDecodeError):
        return None
    return found if all(map(_ID.fullmatch, found)) else None


def _named(path: str) -> set[str]:
    """The id in a ref's file; none for one that names another ref, or that went meanwhile."""
    with suppress(FileNotFoundError), open(path, encoding="ascii") as file:
        text = file.read(4096).strip()
        return set() if text.startswith("ref:") else {text}
    return set()
