"""Credentials in URLs of dependency manifests and lock files: the userinfo goes, the tool has its own place for it."""

import re

from offboarding.remedy.literal import CannotRewrite, Literal, line_end, line_start

USERINFO = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,15}://)(?P<userinfo>[^\s/\"'<>@]*(?:@[^\s/\"'<>@]*)?@)(?=[^\s/@])"
)
TOOLS = (
    (re.compile(r"(^|/)(package(-lock)?|npm-shrinkwrap)\.json$|(^|/)(yarn\.lock|pnpm-lock\.yaml)$"), ".npmrc"),
    (re.compile(r"(^|/)(pyproject\.toml|poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock|pip\.(conf|ini))$"), "a .netrc"),
    (re.compile(r"(^|/)(Cargo\.(toml|lock))$"), "cargo login or git's credential helper"),
    (re.compile(r"(^|/)composer\.(json|lock)$"), "COMPOSER_AUTH"),
    (re.compile(r"(^|/)(Gemfile\.lock)$"), "bundle config, or BUNDLE_ and the host's name"),
    (re.compile(r"(^|/)go\.(mod|sum)$"), "GOPRIVATE and a .netrc"),
)


def tool(path: str) -> str:
    """Where the tool that reads a manifest or lock file takes credentials from; empty for other files."""
    return next((place for pattern, place in TOOLS if pattern.search(path)), "")


def without_userinfo(text: str, literal: Literal) -> tuple[int, int, str]:
    """The piece that takes `user:password@` with its literal out of a URL. Raises `CannotRewrite` elsewhere."""
    piece = userinfo(text, literal)
    if piece is None:
        raise CannotRewrite("the value is no userinfo of a URL, and this file takes no references")
    return piece


def userinfo(text: str, literal: Literal) -> tuple[int, int, str] | None:
    """The same, and None elsewhere."""
    line = line_start(text, literal.start)
    for match in USERINFO.finditer(text, line, line_end(text, literal.end)):
        if match.start("userinfo") <= literal.start and literal.end <= match.end("userinfo"):
            return match.start("userinfo"), match.end("userinfo"), ""
    return None
