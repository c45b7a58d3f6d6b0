"""Lines that other files must have beside a change: a name in `.env.example`, a pattern in `.gitignore`. Pure."""

from collections.abc import Iterable


def ensure_lines(existing: bytes | None, lines: Iterable[str]) -> bytes:
    """The file (None: there is none yet) with every line it lacks at its end. What stands there stays as it is."""
    content = existing or b""
    present = {line.strip() for line in content.splitlines()}
    missing = [line.encode() for line in dict.fromkeys(lines) if line.strip().encode() not in present]
    if not missing:
        return content
    end = b"\r\n" if b"\r\n" in content else b"\n"
    start = content if not content or content.endswith(b"\n") else content + end
    return start + end.join(missing) + end
