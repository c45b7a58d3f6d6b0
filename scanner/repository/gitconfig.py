"""Remotes and submodules as files in git's configuration format name them, read by GitPython without starting git.

Such a file is written by strangers. It is read as a plain stream: `include`, `includeIf` and settings that name
programs are text like any other. GitPython itself would start git when it is imported and for most of its calls, past
`repository.git`; here it is imported so that it cannot (docs/adr/0006). Not for the hook: the import takes 60 ms.
"""

import configparser
import importlib
import io
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from scanner.repository.clone import without_credentials

if TYPE_CHECKING:
    from git.config import GitConfigParser

LIMIT = 4 << 20
"""Bytes of a configuration file that are worth reading; more is no configuration."""
_NO_PROGRAM = os.devnull


class Unreadable(ValueError):
    """The content is no configuration file. The message never quotes it: a line may hold a credential."""


def remotes(content: bytes) -> dict[str, str]:
    """Remote name to the URL that git would fetch from: the first, where there are several. Raises Unreadable."""
    return {name: urls["url"] for name, urls in _sections(content, "remote").items() if urls.get("url")}


def submodules(content: bytes) -> dict[str, str]:
    """Path to URL of each submodule in the content of a `.gitmodules`. Raises Unreadable."""
    found = _sections(content, "submodule").values()
    return {one["path"].rstrip("/"): one["url"] for one in found if one.get("path") and one.get("url")}


def shown(url: str) -> str:
    """The URL as it may be shown: without user name, password, query and fragment."""
    try:
        return urlunsplit(urlsplit(without_credentials(url))._replace(query="", fragment=""))
    except ValueError:
        return "an address that is no URL"


def _sections(content: bytes, wanted: str) -> dict[str, dict[str, str]]:
    """Subsection name to its options, in lower case, with their first values."""
    parser = _parsed(content)
    sections: dict[str, dict[str, str]] = {}
    for section in parser.sections():
        kind, quote, rest = section.partition('"')
        if kind.strip().lower() == wanted and quote and rest.endswith('"'):
            sections[rest[:-1]] = {
                name.lower(): str(values[0]) for name, values in parser.items_all(section) if values and values[0]
            }
    return sections


def _parsed(content: bytes) -> "GitConfigParser":
    if len(content) > LIMIT:
        raise Unreadable("too long for a configuration file")
    _import()
    from git.config import GitConfigParser

    stream = io.BytesIO(content)
    stream.name = "configuration"
    parser = GitConfigParser(stream, read_only=True, merge_includes=False)
    try:
        parser.read()
    except (configparser.Error, UnicodeDecodeError) as error:
        raise Unreadable(f"not git's configuration format ({type(error).__name__})") from None
    return parser


def _import() -> None:
    """Import GitPython so that it starts no git, now or later: it runs `git version` on import, whatever PATH holds."""
    if "git" not in sys.modules:
        before = {name: os.environ.get(name) for name in _SWITCHES}  # noqa: TID251 - GitPython has no other switch
        os.environ.update(_SWITCHES)  # noqa: TID251 - put back below
        try:
            importlib.import_module("git")
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]  # noqa: TID251 - as it was
                else:
                    os.environ[name] = value  # noqa: TID251 - as it was
    importlib.import_module("git.cmd").Git.GIT_PYTHON_GIT_EXECUTABLE = _NO_PROGRAM


_SWITCHES: Mapping[str, str] = {"GIT_PYTHON_REFRESH": "quiet", "GIT_PYTHON_GIT_EXECUTABLE": _NO_PROGRAM}
