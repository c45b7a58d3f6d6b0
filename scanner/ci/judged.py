"""What a setting with a credential's name holds: a literal, a stand-in, something encrypted, or none of these. Pure.

A reference to a value that lies elsewhere is none of these, nor is a path, a number, or the name of something.
"""

import base64
import binascii
import re
from functools import lru_cache

from rules import judging
from rules.assigned import SEALED, named
from rules.checks import placeholder
from rules.names import OF_OTHER_KEYS, pieces_of
from rules.passwords import chosen
from rules.published import published

LITERAL = "literal"
STAND_IN = "placeholder"
ENCRYPTED = "encrypted"

PASSWORD = "password"  # noqa: S105 - a word, not a value
TOKEN = "token"  # noqa: S105 - a word, not a value
KEY = "key"

_PASSWORD = re.compile(
    rb"\w*(?:password|passwort|passwd|passphrase|passcode|passwords|pwd)|pass|pw|pswd|userpass|dbpass"
)
_TOKEN = re.compile(rb"\w*(?:secrets?|tokens?|apikeys?|credentials?)|creds?|pat|dsn|authorization")
_KEY = re.compile(rb"(?:\w*(?:access|secret|private|auth|master|api|account|encryption|signing|crypt))?keys?|auth")
_WHICH = frozenset(
    b"prod production dev development stage staging test testing qa uat live sandbox local default value old new main "
    b"base primary secondary backup plain plaintext raw string text b64 base64 enc a b hex".split()
)
"""What a name says after the word for a credential without being of something else: `DB_PASSWORD_PROD`."""
_NAMED = frozenset(b"existing pull from use create enable has is no show recv first second third".split())
"""Before the word: what is named or switched there, and not held (`existingSecret`)."""

_REFERENCE = re.compile(
    r"\$\{|\$\(|\$\[|\{\{|\}\}|<%|<<|\(\(|#\{|%\(|(?:^|[^\w$])\$[A-Za-z_]|%[A-Za-z_]\w*%|^@[\w.]+@$|_{4,}|^\$\$?(?:[A-Za-z_]\w*|[\d@*#])$"
    r"|^(?:vault|op|ref\+\w+|ssm|secret|secrets|sm|gcpsm|awssm|keyvault|akv|env|file|kms|pass|doppler|infisical):"
    r"|^arn:|^@Microsoft\.KeyVault|\b(?:lookup|credentials|getenv|get_env|credentialsId|fromJson|file|readFile)\s?\("
    r"|^(?:env|secrets|vars|params|process\.env|inputs|os\.environ|var|local|data|module|each|System\.getenv)[.\[]"
    r"|^projects/[^/]+/secrets/|^secret(?:s)?/(?:data/)?"
)
_DEFAULT = re.compile(r"\$\{\w+:?[-=]([^{}]*)\}|\$\{[\w.]+:([^{}-][^{}]*)\}")
"""`${X:-value}` of shells and Compose, `${x:value}` of Spring: what is taken when nothing else is given."""
_ENCRYPTED = (
    (re.compile(r"\$ANSIBLE_VAULT;"), "Ansible Vault"),
    (re.compile(r"ENC\[(?:AES256_GCM|PKCS7|GPG|KMS)"), "sops or eyaml"),
    (re.compile(r"ENC\("), "Jasypt"),
    (re.compile(r"\{AQ[A-Za-z0-9+/=]{20,}\}"), "Jenkins"),
    (re.compile(r"\{[A-Za-z0-9+/=]{20,}\}"), "Maven"),
    (re.compile(r"\$(?:2[abxy]|1|5|6|y|7|argon2\w*|pbkdf2\w*|apr1)\$|\{(?:SHA|SSHA|CRYPT|PBKDF2)\w*\}"), "a hash"),
    (re.compile(r"-----BEGIN (?:AGE ENCRYPTED|PGP MESSAGE)"), "age or PGP"),
)
_NOTHING = frozenset(
    ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "none", "nil", "~", "undefined", "required",
     "optional", "read", "write", "inherit", "always", "never", "auto", "default", "enabled", "disabled", "unset",
     "empty", "string", "text", "sensitive", "secret_text", "user"]
)  # fmt: skip
_NUMBER = re.compile(r"[-+]?\d+(?:[.,:]\d+)*[a-zA-Z]{0,2}")
_PATH = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w .${}@+-]+(?:[/\\].*)?|(?:[\w.$-]+/)+[\w.-]*|[\w./-]+\.(?:pem|key|json|ya?ml|txt|"
    r"crt|cer|p12|pfx|jks|env|gpg|asc|pub|conf|ini|sh|py|xml|properties|toml|age|ppk|keytab|kdbx|tgz|zip|md|lock)"
)
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}:(?://|[^\s:]{1,60}://)\S*", re.IGNORECASE)
_IN_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]*:([^\s/@\"'<>]{1,200})@[\w.\[$-]", re.IGNORECASE)
_IN_STRING = re.compile(r"(?:^|;)\s*(?:password|pwd|AccountKey|SharedAccessKey)\s*=\s*([^;\"']+)", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{3,}(?:TOKEN|SECRET|PASSWORD|KEY)")
_CALLED = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-._:][A-Za-z0-9]+)*")
"""How things are called: words and numbers with hyphens and dots between them."""
_SAYS = re.compile(
    r"passw(?:or)?d|secret|token|credential|api[_-]?key|^your|<[^>]*>|^x{3,}|^\*\*|^\*+$|^\.+$", re.IGNORECASE
)
_PRIVATE = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY")
_KEY_ID = re.compile(r"(?:0x)?(?:[0-9A-F]{8}|[0-9A-F]{16}|[0-9A-F]{40})")
"""Of OpenPGP, as `gpg --recv-keys` takes them."""
_LONGEST = 200
_PIN = 4
_SHORT = 6
_CODE = re.compile(r"[(){}\[\]|<>`]|->|=>|::|&&")


@lru_cache(maxsize=65536)
def sort(name: str) -> str:
    """PASSWORD, TOKEN or KEY where a name is that of a credential itself, else "".

    `token_url`, `password_file` and `cache_key` are names of something else.
    """
    raw = name[:_LONGEST].encode("utf-8", "replace")
    pieces = pieces_of(raw)
    while pieces and (pieces[-1].isdigit() or pieces[-1] in _WHICH):
        pieces.pop()
    if not pieces or not named(raw) or not named("_".join(piece.decode() for piece in pieces).encode()):
        return ""
    last, before = pieces[-1], pieces[-2] if len(pieces) > 1 else b""
    if before in _NAMED or pieces[0] in (b"existing", b"automount"):
        return ""
    if _PASSWORD.fullmatch(last) or pieces[-2:] == [b"pass", b"word"]:
        return PASSWORD
    if _TOKEN.fullmatch(last):
        return TOKEN if last != b"pat" or before else ""
    if _KEY.fullmatch(last) and (before or last not in (b"key", b"keys")):
        other = _PASSWORD.fullmatch(before) or before in (b"token", b"username", b"user")
        return "" if other or OF_OTHER_KEYS & {*pieces[:-1]} - {b"host", b"config", b"metadata"} else KEY
    return ""


def told(name: str, value: str) -> tuple[str, str]:
    """What a setting holds: one of LITERAL, STAND_IN, ENCRYPTED or "", and how it is encrypted.

    The name counts, but for a password within a URL and a private key, which are told by themselves.
    """
    value = value.strip()
    if _PRIVATE.search(value):
        return (LITERAL, "") if len(value) > 200 and not placeholder(value[:190].encode()) else (STAND_IN, "")
    kind = sort(name)
    within = _IN_URL.search(value) or (_IN_STRING.search(value) if ";" in value else None)
    if within:
        return _of(PASSWORD, within[1]), ""
    if not kind or not value:
        return "", ""
    if how := encryption(value):
        return ENCRYPTED, how
    return _of(kind, value), ""


def encryption(value: str) -> str:
    """How a value is encrypted, or that it is a hash; "" for plain ones."""
    return next((how for pattern, how in _ENCRYPTED if pattern.match(value.lstrip())), "")


def declared(name: str, value: str, *, encoded: bool) -> tuple[str, bytes]:
    """What a value that its place declares a secret holds (a Secret's data), and its bytes: in base64 if `encoded`."""
    raw = value.strip().encode("utf-8", "replace")
    if _REFERENCE.search(value) and not _PRIVATE.search(value):
        return "", raw
    if encoded:
        try:
            raw = base64.b64decode(b"".join(raw.split()), validate=True)
        except (binascii.Error, ValueError):
            return ("" if not raw else STAND_IN), raw
    text = raw.decode("utf-8", "replace").strip()
    if encryption(text):
        return ENCRYPTED, raw
    if "\n" in text or "\ufffd" in text:
        return (LITERAL if len(raw) > 8 and "BEGIN CERTIFICATE" not in text else ""), raw
    return (_of(sort(name) or TOKEN, text) if text else ""), raw


def _of(kind: str, value: str) -> str:
    """What a value is to a password, a token or a key."""
    value = value.strip().strip("\"'")
    if default := _DEFAULT.fullmatch(value):
        return _of(kind, default[1] or default[2] or "")
    if not value or _elsewhere(value):
        return ""
    raw = value.encode("utf-8", "replace")
    number = _NUMBER.fullmatch(value) and not (kind == PASSWORD and value.isdigit() and len(value) >= _PIN)
    if number or (" " in value and (judging.wordy(raw) or _CODE.search(value))):
        return ""
    if placeholder(raw) or published(raw) or not chosen(raw) or _SAYS.search(value):
        return STAND_IN
    return LITERAL if kind == PASSWORD or _drawn(kind, value, raw) else ""


def _elsewhere(value: str) -> bool:
    """Whether a value is plainly none, lies elsewhere, or is public."""
    named = _REFERENCE.search(value) or _VARIABLE.fullmatch(value) or _PATH.fullmatch(value) or _URL.fullmatch(value)
    return named is not None or value.lower() in _NOTHING or _public(value)


def _public(value: str) -> bool:
    return "BEGIN CERTIFICATE" in value or "PUBLIC KEY" in value or value.startswith(("ssh-", "ecdsa-", "pk_", "pk."))


def _drawn(kind: str, value: str, raw: bytes) -> bool:
    """Whether a value of a token or key is more than what something is called."""
    if SEALED.match(raw) or _CODE.search(value) or len(value) < _SHORT:
        return False
    if kind == KEY and _KEY_ID.fullmatch(value):
        return False
    digits = sum(one.isdigit() for one in value)
    called = _CALLED.fullmatch(value) is not None and judging.wordiness(raw) > 0
    if called and digits < len(value) / 5:
        return False
    return judging.opaque(raw) or (digits > 0 and not (kind == KEY and judging.wordy(raw)))
