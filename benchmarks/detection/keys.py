"""Private keys and macaroons with the framing of the real ones around random bytes: they open nothing."""

import base64
import random

_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_SIGN = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_OPENSSH = b"openssh-key-v1\x00\x00\x00\x00\x04none\x00\x00\x00\x04none\x00\x00\x00\x00\x00\x00\x00\x01"


def _pem(label: str, data: bytes, *, width: int = 64, extra: str = "") -> str:
    text = base64.b64encode(data).decode()
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return "\n".join([f"-----BEGIN {label}-----", *([extra] if extra else []), *lines, f"-----END {label}-----"])


def rsa(rng: random.Random) -> str:
    """The DER header of a 2048-bit RSA key (RFC 8017), then random bytes."""
    head = bytes.fromhex("308204a40201000282010100")
    return _pem("RSA PRIVATE KEY", head + bytes([rng.randint(128, 255)]) + rng.randbytes(1179))


def pkcs8(rng: random.Random) -> str:
    head = bytes.fromhex("308204be020100300d06092a864886f70d0101010500048204a8308204a40201000282010100")
    return _pem("PRIVATE KEY", head + bytes([rng.randint(128, 255)]) + rng.randbytes(1180))


def ec(rng: random.Random) -> str:
    """A P-256 key (RFC 5915)."""
    middle = bytes.fromhex("a00a06082a8648ce3d030107a14403420004")
    return _pem("EC PRIVATE KEY", bytes.fromhex("30770201010420") + rng.randbytes(32) + middle + rng.randbytes(64))


def openssh(rng: random.Random) -> str:
    public = b"\x00\x00\x00\x33\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + rng.randbytes(32)
    check = rng.randbytes(4) * 2
    private = check + public[4:] + b"\x00\x00\x00\x40" + rng.randbytes(64) + b"\x00\x00\x00\x07app@box\x01\x02"
    data = _OPENSSH + public + len(private).to_bytes(4, "big") + private
    return _pem("OPENSSH PRIVATE KEY", data, width=70)


def pgp(rng: random.Random) -> str:
    return _pem("PGP PRIVATE KEY BLOCK", b"\x95\x03\xc6\x04" + rng.randbytes(700), extra="\n")


def encrypted(rng: random.Random) -> str:
    head = bytes.fromhex("30820526305006092a864886f70d01050d3043302206092a864886f70d01050c3015")
    return _pem("ENCRYPTED PRIVATE KEY", head + rng.randbytes(1280))


def putty(rng: random.Random) -> str:
    """PuTTY's own format, version 3 (the manual's appendix C)."""

    def lines(size: int) -> str:
        text = base64.b64encode(rng.randbytes(size)).decode()
        return "\n".join(text[at : at + 64] for at in range(0, len(text), 64))

    return (
        "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: rsa-key\nPublic-Lines: 6\n"
        f"{lines(279)}\nPrivate-Lines: 14\n{lines(660)}\nPrivate-MAC: {rng.randbytes(32).hex()}"
    )


def macaroon(rng: random.Random) -> str:
    """A token of pypi.org: a version 2 macaroon (github.com/pypi/warehouse)."""
    identifier = b"2" + rng.randbytes(16).hex().encode()
    raw = b"\x02\x01\x08pypi.org\x02" + bytes([len(identifier)]) + identifier
    raw += b'\x00\x02\x0d[3,"user-id"]\x00\x00\x06\x20' + rng.randbytes(32)
    return "pypi-" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def age(rng: random.Random) -> str:
    """A secret key of age: bech32 (BIP 173) of 32 bytes, in capitals."""
    bits = "".join(f"{byte:08b}" for byte in rng.randbytes(32)) + "0000"
    data = [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    prefix = "age-secret-key-"
    spread = [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]
    rest = _polymod([*spread, *data, *[0] * 6]) ^ 1
    check = [(rest >> 5 * (5 - at)) & 31 for at in range(6)]
    return (prefix + "1" + "".join(_BECH32[one] for one in [*data, *check])).upper()


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, sign in enumerate(_SIGN):
            check ^= sign if top >> bit & 1 else 0
    return check
