"""Where a branch may be pushed: a repository's word on its remote is a claim, the provider's host is not (rule 3)."""

import re
from urllib.parse import urlsplit, urlunsplit

from scanner.repository.clone import without_credentials

_SCP_LIKE = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?P<path>[^/:].*)")
_NAME = re.compile(r"/(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?")
_NESTED = re.compile(r"/(?P<name>[\w.-]+(?:/[\w.-]+)*/[\w.-]+?)(?:\.git)?/?")


def git_host(api: str) -> str:
    """The host that serves git for an API's address: `https://HOST/api/v3` or `https://api.HOST`; GitHub's for none."""
    return (urlsplit(api).hostname or "github.com").removeprefix("api.")


def remote_at(host: str, claimed: str, *, nested: bool = False) -> tuple[str, str]:
    """(address without credentials, `owner/name` or nothing) of a remote on this disk or at `host`. A `nested` name may
    have more parts, as GitLab's groups in groups.

    Two empty texts for anything else: another host, a helper program, an option, plain http.
    """
    if claimed.startswith(("/", "file:///")):
        return claimed, ""
    scp = _SCP_LIKE.fullmatch(claimed)
    try:
        parts = urlsplit(f"ssh://git@{scp['host']}/{scp['path']}" if scp else without_credentials(claimed))
        named = parts.hostname
    except ValueError:
        return "", ""
    if parts.scheme not in ("https", "ssh") or named != host:
        return "", ""
    match = (_NESTED if nested else _NAME).fullmatch(parts.path)
    user = "git@" if parts.scheme == "ssh" else ""
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, f"{user}{named}{port}", parts.path, "", "")), match["name"] if match else ""
