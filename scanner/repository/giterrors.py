"""What goes wrong with git, in families, each with advice."""

from pathlib import Path

from offkey.errors import Exit, OffkeyError, UsageError
from scanner.repository.gitenv import mask


class GitError(OffkeyError):
    """Git failed. The message holds git's own words with credentials in URLs masked."""


class GitMissing(GitError):
    """There is no git program, or one too old."""


class NotARepository(GitError, UsageError):
    """The path exists but is no git repository."""

    exit_code = Exit.USAGE


class DubiousOwnership(GitError):
    """The repository belongs to another user of this machine; git refuses it and so do we."""


class CorruptRepository(GitError):
    """Git says that the repository itself is damaged."""


class GitSilent(GitError):
    """Git was ended because it said nothing for too long."""


class UnknownRevision(GitError, UsageError):
    """The revision that the user named does not exist."""

    exit_code = Exit.USAGE


FAMILIES: tuple[tuple[str, type[GitError], str], ...] = (
    (
        "dubious ownership",
        DubiousOwnership,
        "the repository belongs to another user; scan it as its owner, or after checking it: "
        "git config --global --add safe.directory PATH",
    ),
    (
        "cannot use bare repository",
        DubiousOwnership,
        "your git is set to safe.bareRepository=explicit; allow it for this scan or clone the repository",
    ),
    ("not a git repository", NotARepository, "name the top folder of a repository, or scan it as a plain folder"),
    ("unknown revision", UnknownRevision, "name a commit, branch or tag of this repository"),
    ("Needed a single revision", UnknownRevision, "name a commit, branch or tag of this repository"),
    ("bad object", CorruptRepository, "run `git fsck` and fetch the missing objects again"),
    ("corrupt", CorruptRepository, "run `git fsck`; a fresh clone may be whole"),
    ("loose object", CorruptRepository, "run `git fsck`; a fresh clone may be whole"),
    ("bad config", CorruptRepository, "the repository's configuration file does not parse; mend it"),
    ("missing", CorruptRepository, "run `git fsck` and fetch the missing objects again"),
    ("Permission denied", GitError, "run as a user who may read the repository"),
)


def failure(stderr: bytes, where: Path | None) -> GitError:
    """The error family for git's words on standard error."""
    text = mask(stderr.decode("utf-8", errors="replace")).strip()
    lines = [line for line in text.splitlines() if line.startswith(("fatal:", "error:"))] or text.splitlines()
    said = lines[-1].removeprefix("fatal: ").removeprefix("error: ") if lines else "git failed without a word"
    prefix = f"{where}: " if where else ""
    for words, family, advice in FAMILIES:
        if words.lower() in text.lower():
            return family(f"{prefix}{said}", advice=advice)
    return GitError(f"{prefix}{said}", advice="run the same with plain git to see more")
