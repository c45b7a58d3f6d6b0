"""Public keys on curves, worked out from the private ones: a file need not hold them, and one that does may hold
somebody else's, without harm to the key.
"""

import base64

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_CURVES: dict[bytes, ec.EllipticCurve] = {
    b"\x2a\x86\x48\xce\x3d\x03\x01\x07": ec.SECP256R1(),
    b"\x2b\x81\x04\x00\x22": ec.SECP384R1(),
    b"\x2b\x81\x04\x00\x23": ec.SECP521R1(),
}
"""Those that SSH has, by object identifier (RFC 5480, section 2.1.1.1)."""
_ED25519 = b"\x2b\x65\x70"
"""RFC 8410, section 3."""


def public(named: bytes, private: bytes) -> bytes:
    """The public key as SSH writes it (RFC 5656, RFC 8709); empty for another curve, or a number that is no key."""
    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
    try:
        if named == _ED25519:
            key = ed25519.Ed25519PrivateKey.from_private_bytes(private).public_key()
        elif named in _CURVES:
            key = ec.derive_private_key(int.from_bytes(private, "big"), _CURVES[named]).public_key()
        else:
            return b""
    except (ValueError, UnsupportedAlgorithm):
        return b""
    return base64.b64decode(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
