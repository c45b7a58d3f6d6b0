"""SSH public keys as providers and servers list them: one line, `ssh-ed25519 AAAA... comment`, and its fingerprint.

https://www.rfc-editor.org/rfc/rfc4253#section-6.6
https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT
"""

import base64
import binascii
import hashlib
import re

_KEY = re.compile(r"(?:^|\s)((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]{3,60})\s+([A-Za-z0-9+/]{20,20000}={0,2})(?=\s|$)")


def fingerprint(line: object) -> str:
    """`SHA256:...` as `ssh-keygen -l` writes it, of the first public key in a line; "" where there is none.

    What precedes the key may be options, as in authorized_keys. A body that names another type than the word before
    it is no key.
    """
    for kind, body in _KEY.findall(line) if isinstance(line, str) else ():
        try:
            wire = base64.b64decode(body, validate=True)
        except binascii.Error:
            continue
        if wire.startswith(len(kind).to_bytes(4, "big") + kind.encode()):
            return "SHA256:" + base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip("=")
    return ""
