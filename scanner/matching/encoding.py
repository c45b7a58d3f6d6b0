"""Which bytes a content is searched in. Light: the pre-commit hook imports this."""


def decoded(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The content as searched, and the decoding steps that led there. UTF-16 becomes UTF-8; all else stays as it is."""
    head = content[:512]
    if content.startswith(b"\xff\xfe") or _every_other_zero(head, 1):
        step = "utf-16le"
    elif content.startswith(b"\xfe\xff") or _every_other_zero(head, 0):
        step = "utf-16be"
    else:
        return content, ()
    return content.decode(step, errors="replace").encode("utf-8", errors="replace"), (step,)


def _every_other_zero(head: bytes, first: int) -> bool:
    """Whether ASCII text in UTF-16 without a mark is likely: zeros at every second byte and nowhere else."""
    return len(head) >= 8 and not any(head[first::2]) and 0 not in head[1 - first :: 2]
