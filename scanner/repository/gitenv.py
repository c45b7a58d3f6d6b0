"""The environment and settings in which offkey starts git (DESIGN rule 2). Light: the pre-commit hook imports this.

A repository is data written by strangers, and its configuration can name programs to run. So every call gets an
environment built from nothing, and settings on the command line (they win over the repository's own) that switch
programs off.
"""

import os
import re
from collections.abc import Iterable

KEPT_VARIABLES = ("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL")
KEPT_IN_HOOK = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
)  # fmt: skip
"""What git tells a hook that it starts: `git commit FILE` stages in an index of its own."""
KEPT_FOR_TRANSPORT = ("SSH_AUTH_SOCK", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE")

OFF = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    # A replacement or a graft would hide the original object from us.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_EDITOR": "false",
    "GIT_PAGER": "cat",
    "GIT_ATTR_NOSYSTEM": "1",
    "LANG": "C",
    "LC_ALL": "C",
}
NO_TRANSPORT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_SSH_COMMAND": "false",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
}

SAFE_SETTINGS = (
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    f"core.hooksPath={os.devnull}",
    "core.pager=cat",
    "core.editor=false",
    f"core.attributesFile={os.devnull}",
    "core.alternateRefsCommand=false",
    "core.deltaBaseCacheLimit=256m",
    "core.quotePath=false",
    "diff.external=",
    "gpg.program=false",
    "gpg.ssh.program=false",
    "gpg.x509.program=false",
    "log.showSignature=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
NO_TRANSPORT_SETTINGS = ("protocol.allow=never", "core.sshCommand=false", "core.askPass=false", "credential.helper=")


def environment(protocols: Iterable[str] = (), *, in_hook: bool = False) -> dict[str, str]:
    """The environment for a git process: a few variables of ours, everything else off.

    `protocols` (https, ssh, file, git) are allowed only for a clone or fetch that the user asked for. `in_hook` keeps
    what git itself told the hook about the repository.
    """
    allowed = ":".join(protocols)
    names = KEPT_VARIABLES + (KEPT_FOR_TRANSPORT if allowed else ()) + (KEPT_IN_HOOK if in_hook else ())
    kept = {name: os.environ[name] for name in names if name in os.environ}  # noqa: TID251 - allowed here
    return kept | OFF | ({"GIT_ALLOW_PROTOCOL": allowed} if allowed else NO_TRANSPORT)


def command(args: Iterable[str], protocols: Iterable[str] = ()) -> list[str]:
    """The full argument list: git, the settings that switch programs off, then `args`."""
    settings = SAFE_SETTINGS if tuple(protocols) else SAFE_SETTINGS + NO_TRANSPORT_SETTINGS
    return ["git", "--no-pager", *(word for setting in settings for word in ("-c", setting)), *args]


def mask(text: str) -> str:
    """The text with user information of URLs taken out, so that git's messages may be shown."""
    return re.sub(r"(?<=://)[^/\s@]+@", "***@", text)


def user_cache() -> str | None:
    """Our folder in the user's cache (XDG base directories), or None where there is no home. It may not exist yet."""
    base = os.environ.get("XDG_CACHE_HOME", "")  # noqa: TID251 - allowed here
    if not os.path.isabs(base):
        home = os.path.expanduser("~")
        base = os.path.join(home, ".cache") if os.path.isabs(home) else ""
    return os.path.join(base, "offkey") if base else None


def named_state() -> str:
    """What $OFFKEY_STATE names as the folder to remember things in, or empty."""
    return os.environ.get("OFFKEY_STATE", "")  # noqa: TID251 - allowed here


def user_state() -> str:
    """Our folder in the user's state (XDG base directories); it may begin with `~`."""
    return os.path.join(os.environ.get("XDG_STATE_HOME") or "~/.local/state", "offkey")  # noqa: TID251 - allowed here


def pre_commit_range() -> tuple[str, ...]:
    """`("A...B",)` when pre-commit checks a range of commits instead of the index, else empty.

    Source: https://pre-commit.com/#pre-commit-during-push (PRE_COMMIT_FROM_REF, PRE_COMMIT_TO_REF).
    """
    first, last = (os.environ.get(f"PRE_COMMIT_{end}_REF", "") for end in ("FROM", "TO"))  # noqa: TID251 - allowed here
    return ("--end-of-options", f"{first}...{last}") if first and last else ()
