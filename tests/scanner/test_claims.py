"""What credentials say of their owners, and what they do not."""

import base64
import json
import random
import shutil
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanner.claims import REACH, claims, claims_in, curves, der, keys, tokens, words
from scanner.claims.kinds import BY_FAMILY, BY_KIND
from scanner.claims.said import ISSUED, WRITTEN, Said, Value, name_like
from tests import needs
from tests.builders import token

DECODERS = {**BY_KIND, **{f"{family}.any": decoder for family, decoder in BY_FAMILY.items()}}


def b64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def jwt(body: Mapping[str, object], alg: str = "RS256") -> bytes:
    head = {"alg": alg, "typ": "JWT"}
    signature = random.Random(str(body)).randbytes(64)
    return b".".join(b64url(part) for part in (json.dumps(head).encode(), json.dumps(body).encode(), signature))


def said(kind: str, secret: bytes = b"", *, before: bytes = b"", after: bytes = b"", **parts: bytes) -> set[Said]:
    held = {"secret": secret, **parts} if secret else parts
    return set(claims_in(Value(held, before, after), BY_KIND.get(kind) or BY_FAMILY[kind.partition(".")[0]]))


@pytest.mark.parametrize("kind", ["jwt.token", "oidc.access_token", "oidc.refresh_token"])
def test_a_token_names_its_subject_issuer_audience_and_end(kind: str) -> None:
    token = jwt({"sub": "8812", "email": "sam@corp.test", "iss": "https://sso.corp.test", "aud": ["a", "b"], "exp": 1})
    assert said(kind, token) == {
        Said("JWT sub", "8812", ISSUED),
        Said("JWT email", "sam@corp.test", ISSUED),
        Said("JWT iss", "https://sso.corp.test", ISSUED),
        Said("JWT aud", "a", ISSUED),
        Said("JWT aud", "b", ISSUED),
        Said("JWT expiry", "1970-01-01T00:00:01Z", ISSUED),
    }


@pytest.mark.parametrize("alg", ["none", "None", "NONE"])
def test_a_token_that_nobody_signed_is_written(alg: str) -> None:
    assert {one.grade for one in said("jwt.token", jwt({"sub": "ann", "email": "ann@corp.test"}, alg))} == {WRITTEN}


def test_a_token_without_an_algorithm_is_written() -> None:
    token = b".".join(map(b64url, (b'{"typ": "JWT"}', b'{"sub": "ann"}', b"x" * 40)))
    assert said("jwt.token", token) == {Said("JWT sub", "ann", WRITTEN)}


@pytest.mark.parametrize(
    "body",
    [
        {"kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "deployer"}}},
        {
            "kubernetes.io/serviceaccount/namespace": "prod",
            "kubernetes.io/serviceaccount/service-account.name": "deployer",
        },
    ],
)
def test_a_kubernetes_token_names_its_service_account(body: dict[str, object]) -> None:
    assert said("jwt.token", jwt(body)) == {Said("Kubernetes service account", "prod/deployer", ISSUED)}


def test_the_user_of_a_kubeconfig_is_told_but_anybody_can_have_written_it() -> None:
    before = b"users:\n- name: sam\n  user:\n    token: "
    assert Said("kubeconfig user", "sam", WRITTEN) in said("jwt.token", jwt({"sub": "x"}), before=before)


def key_id(account: int, prefix: bytes = b"AKIA", *, modern: bool = True) -> bytes:
    bits = (modern << 47 | account << 7).to_bytes(6, "big") + random.Random(account).randbytes(4)
    return prefix + base64.b32encode(bits)


@pytest.mark.parametrize("prefix", [b"AKIA", b"ASIA"])
@given(account=st.integers(0, 10**12 - 1))
@settings(max_examples=30)
def test_an_aws_key_id_holds_its_account(prefix: bytes, account: int) -> None:
    assert said("aws.access_key", id=key_id(account, prefix)) == {Said("AWS account", f"{account:012d}", ISSUED)}


def test_the_published_example_of_an_aws_key_id_decodes() -> None:
    """AWS's own name for it and the account stand in "A short note on AWS KEY ID"."""
    assert said("aws.session", id=b"ASIA" + b"Y34FZKBOKMUTVV7A") == {Said("AWS account", "609629065308", ISSUED)}


def test_an_aws_key_id_of_the_older_generation_says_nothing() -> None:
    assert said("aws.access_key", id=key_id(609629065308, modern=False)) == set()
    assert said("aws.access_key", id=b"AKIA" + b"A1" * 8) == set()


def macaroon(*caveats: object, user: str = "12345678-1234-4321-8765-123456789abc") -> bytes:
    def field(kind: int, text: bytes) -> bytes:
        size = len(text)
        return bytes([kind, *((size & 127 | 128, size >> 7) if size > 127 else (size,))]) + text

    raw = b"\x02" + field(1, b"pypi.org") + field(2, user.encode()) + b"\0"
    for caveat in caveats:
        raw += field(2, json.dumps(caveat).encode()) + b"\0"
    return b"pypi-" + b64url(raw + b"\0" + field(6, random.Random(1).randbytes(32)))


def test_a_pypi_token_says_for_which_projects_and_which_user() -> None:
    ident = "00000000-1111-4222-8333-444444444444"
    assert said("pypi.token", macaroon([1, ["corp-lib"]], [3, ident], [0, 86400, 0])) == {
        Said("PyPI project", "corp-lib", ISSUED),
        Said("PyPI user id", ident, ISSUED),
        Said("PyPI token expiry", "1970-01-02T00:00:00Z", ISSUED),
    }


def test_a_pypi_token_of_the_older_form_says_for_which_projects() -> None:
    older = {"version": 1, "permissions": {"projects": ["corp-lib"]}}
    assert said("pypi.token", macaroon(older)) == {Said("PyPI project", "corp-lib", ISSUED)}
    whole = {"version": 1, "permissions": "user"}
    assert said("pypi.token", macaroon(whole)) == {Said("PyPI token for", "all projects of its user", ISSUED)}


def test_json_tokens_name_their_accounts() -> None:
    mapbox = b"sk." + b64url(b'{"u": "corp-maps", "a": "x"}') + b"." + b"s" * 22
    assert said("mapbox.secret", mapbox) == {Said("Mapbox user", "corp-maps", ISSUED)}
    sentry = b"sntrys_" + base64.b64encode(b'{"iat": 1, "url": "https://sentry.io", "org": "corp"}') + b"_" + b"s" * 43
    assert said("sentry.org_token", sentry) == {
        Said("Sentry org", "corp", ISSUED),
        Said("Sentry url", "https://sentry.io", ISSUED),
    }
    inside = {"a": "ac" * 16, "t": "12345678-1234-4321-8765-123456789abc", "s": "c2VjcmV0LXNlY3JldA=="}
    assert said("cloudflare.tunnel", base64.b64encode(json.dumps(inside).encode())) == {
        Said("Cloudflare account", "ac" * 16, ISSUED),
        Said("Cloudflare tunnel", inside["t"], ISSUED),
    }
    assert said("twilio.auth_token", b"t" * 32, id=b"AC" + b"0f" * 16) == {
        Said("Twilio account", "AC" + "0f" * 16, ISSUED)
    }


def test_a_base64_login_is_told_without_its_password() -> None:
    auth = base64.b64encode(b"sam:" + token("", 20).encode())
    for kind in ("docker.config_auth", "npm.basic_auth"):
        assert said(kind, auth) == {Said("login", "sam", WRITTEN)}


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        ("database.postgres", b'"postgresql://sam:', b"@db1/app", "user of the postgresql URL sam"),
        ("url.basic_auth", b"https://sam%40corp.test:", b"@git.corp.test", "user of the https URL sam@corp.test"),
        ("database.ado", b'"Server=db;User ID=sam;Password=', b';Encrypt=True"', "database user sam"),
        ("database.ado", b'"Server=db;Password=', b';Uid=sam"', "database user sam"),
        ("database.jdbc", b"url=jdbc:postgresql://db/app?user=sam&password=", b"&ssl=true\n", "database user sam"),
        ("netrc.password", b"machine git.corp.test\n login sam\n password ", b"\n", "login sam"),
        ("npm.token", b"email = sam@corp.test\n//r/:_authToken=", b"\n", ".npmrc email sam@corp.test"),
        ("azure.storage_key", b'"AccountName=corpdata;AccountKey=', b';x=y"', "Azure AccountName corpdata"),
        (
            "gcp.service_account",
            b'{"project_id": "corp-prod", "',
            b'", "client_id": "10123"}',
            "Google project_id corp-prod, Google client_id 10123",
        ),
    ],
)
def test_the_text_at_a_value_names_a_user(kind: str, before: bytes, after: bytes, expected: str) -> None:
    told = claims_in(
        Value({"secret": token("", 24).encode()}, before, after), BY_KIND.get(kind) or BY_FAMILY[kind.partition(".")[0]]
    )
    assert {f"{one.source} {one.subject}" for one in told} == set(expected.split(", "))
    assert {one.grade for one in told} == {WRITTEN}


def test_the_client_email_of_a_service_account_can_be_edited_and_is_written() -> None:
    email = b"ci@corp-prod.iam.gserviceaccount.com"
    assert said("gcp.service_account", b"k" * 60, id=b"a" * 40, client_email=email) == {
        Said("Google client_email", email.decode(), WRITTEN)
    }


def test_another_line_is_not_the_same_connection_string() -> None:
    assert said("database.ado", b"pw-of-this-one", before=b'"User ID=ann;"\n"Server=db;Password=', after=b'"') == set()


@pytest.mark.parametrize("user", [token("", 40), token("ghx_", 36), "5f" * 16])
def test_a_token_in_the_place_of_a_user_name_is_not_told(user: str) -> None:
    assert not name_like(user)
    assert said("url.basic_auth", b"x-oauth-basic", before=f"https://{user}:".encode()) == set()


@pytest.mark.parametrize("user", ["sam", "svc-deploy-production-2021", "sam.rivera@corp.test", "corp\\sam", "ann_b"])
def test_a_user_name_is_a_name(user: str) -> None:
    assert name_like(user)


def test_a_user_that_is_also_the_password_is_not_told() -> None:
    assert said("database.postgres", b"sammy", before=b"postgresql://sammy:") == set()
    assert said("docker.config_auth", base64.b64encode(b"sammy:sam")) == set()


def test_tokens_of_which_nothing_is_documented_say_nothing() -> None:
    for kind in ("github.pat.classic", "gitlab.pat", "slack.user", "generic.secret"):
        assert claims(kind, (("secret", 0, 40),), b"x" * 40) == ()


def test_a_line_of_evidence_says_what_it_is_worth() -> None:
    assert words("JWT email", "sam@corp.test", ISSUED) == (
        "inside the value: JWT email sam@corp.test (a part of the value itself; no signature was checked here)"
    )
    assert words("login", "sam", WRITTEN) == "at the value: login sam (whoever made the file can write it)"


def test_what_cannot_be_shown_is_left_out() -> None:
    odd = {"sub": "a\x1b[2J", "email": "", "iss": "x" * 300, "upn": 7, "azp": ["one"]}
    assert said("jwt.token", jwt(odd)) == {Said("JWT azp", "one", ISSUED)}


# --- keys ---


def made(folder: Path, kind: str, form: str = "RFC4716", passphrase: str = "", comment: str = "sam@corp.test") -> Path:
    key = folder / f"{kind}-{form}-{bool(passphrase)}"
    command = ["ssh-keygen", "-q", "-t", kind, "-m", form, "-N", passphrase, "-C", comment, "-f", str(key)]
    subprocess.run(command, check=True)
    return key


def listed(key: Path) -> str:
    """The fingerprint that ssh-keygen itself tells."""
    done = subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], check=True, capture_output=True, text=True)
    return done.stdout.split()[1]


def inner(text: bytes) -> bytes:
    return text.partition(b"KEY-----\n")[2].partition(b"\n-----END")[0]


@needs.OPENSSH
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_an_openssh_key_tells_its_comment_and_the_fingerprint_that_ssh_keygen_tells(tmp_path: Path, kind: str) -> None:
    key = made(tmp_path, kind)
    for secret in (inner(key.read_bytes()), inner(key.read_bytes()).replace(b"\n", b"\\n")):
        assert said("private_key.openssh", secret) == {
            Said("SSH public key", listed(key), ISSUED),
            Said("SSH key comment", "sam@corp.test", WRITTEN),
        }


@needs.OPENSSH
def test_an_encrypted_openssh_key_keeps_its_comment_to_itself(tmp_path: Path) -> None:
    key = made(tmp_path, "ed25519", passphrase="correct horse")
    told = said("private_key.openssh", inner(key.read_bytes()))
    assert Said("SSH public key", listed(key), ISSUED) in told
    assert Said("SSH key encrypted with", "aes256-ctr, its comment cannot be read", WRITTEN) in told
    assert not any("sam@" in one.subject for one in told)


@needs.OPENSSH
@pytest.mark.parametrize(("form", "kind"), [("PEM", "private_key.rsa"), ("PKCS8", "private_key.pkcs8")])
def test_an_rsa_key_in_pem_tells_its_ssh_fingerprint_also_in_a_patch(tmp_path: Path, form: str, kind: str) -> None:
    key = made(tmp_path, "rsa", form)
    text = inner(key.read_bytes())
    for secret in (text, text.replace(b"\n", b"\n+"), text.replace(b"\n", b"\n    ")):
        assert said(kind, secret) == {Said("SSH public key", listed(key), ISSUED)}


@needs.OPENSSH
@pytest.mark.parametrize("bits", ["256", "384", "521"])
@pytest.mark.parametrize(("form", "kind"), [("PEM", "private_key.ec"), ("PKCS8", "private_key.pkcs8")])
def test_a_curves_key_in_pem_tells_its_ssh_fingerprint(tmp_path: Path, form: str, kind: str, bits: str) -> None:
    key = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-t", "ecdsa", "-b", bits, "-m", form, "-N", "", "-C", "", "-f", str(key)]
    subprocess.run(command, check=True)
    assert said(kind, inner(key.read_bytes())) == {Said("SSH public key", listed(key), ISSUED)}


@pytest.mark.parametrize("kind", ["ed25519", "prime256v1", "secp384r1", "secp521r1"])
def test_a_curves_key_without_its_public_part_tells_the_same_fingerprint(kind: str) -> None:
    for _ in range(5):
        made: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
        if kind == "ed25519":
            made = ed25519.Ed25519PrivateKey.generate()
            private = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        else:
            curve = {"prime256v1": ec.SECP256R1, "secp384r1": ec.SECP384R1, "secp521r1": ec.SECP521R1}[kind]()
            made = ec.generate_private_key(curve)
            whole = made.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
            fields = [item(*field) for field in der.sequence(whole) if field.tag != 0xA1]
            private = item(der.SEQUENCE, *fields)
        public = made.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
        expected = keys.fingerprint(base64.b64decode(public))
        assert said("private_key.pkcs8", base64.b64encode(private)) == {Said("SSH public key", expected, ISSUED)}


def test_another_public_key_put_into_a_file_is_not_believed() -> None:
    mine, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    raw, foreign = (
        key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for key in (mine, other)
    )
    private = mine.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert raw in private
    told = said("private_key.ec", base64.b64encode(private.replace(raw, foreign)))
    assert told == said("private_key.ec", base64.b64encode(private)) != set()


@pytest.mark.parametrize("number", [0, 2**256 - 1, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551])
def test_a_number_that_is_no_private_key_has_no_public_one(number: int) -> None:
    named = b"\x2a\x86\x48\xce\x3d\x03\x01\x07"
    assert len(curves.public(named, (7).to_bytes(32, "big"))) > 64
    assert curves.public(named, number.to_bytes(32, "big")) == b""


def test_an_encrypted_key_and_a_curve_that_ssh_has_not_have_no_fingerprint() -> None:
    made = ec.generate_private_key(ec.SECP256K1())
    assert (
        said("private_key.ec", base64.b64encode(made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())))
        == set()
    )
    known = ec.generate_private_key(ec.SECP256R1())
    locked = known.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    assert said("private_key.pkcs8_encrypted", base64.b64encode(locked)) == set()


def test_headers_before_a_key_tell_its_comment_and_cipher() -> None:
    before = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0011\nComment: sam's laptop\n\n"
    assert said("private_key.rsa", b"A" * 80, before=before) == {
        Said("key encrypted with", "AES-128-CBC", WRITTEN),
        Said("key comment", "sam's laptop", WRITTEN),
    }


def test_a_putty_key_tells_its_comment() -> None:
    before = b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: sam@laptop\nPublic-Lines: 2\n"
    assert said("private_key.putty", b"A" * 60, before=before) == {Said("PuTTY key comment", "sam@laptop", WRITTEN)}


@needs.OPENSSH
def test_a_putty_key_tells_the_fingerprint_of_its_public_half(tmp_path: Path) -> None:
    key = made(tmp_path, "ed25519")
    public = Path(f"{key}.pub").read_bytes().split()[1]
    for end in (b"\n", b"\r\n"):
        lines = (b"PuTTY-User-Key-File-3: ssh-ed25519", b"Encryption: none", b"Comment: sam@laptop", b"Public-Lines: 2")
        before = end.join((*lines, public[:64], public[64:], b"Private-Lines: 1", b""))
        told = said("private_key.putty", b"A" * 60, before=before)
        assert Said("SSH public key", listed(key), ISSUED) in told
    broken = said("private_key.putty", b"A" * 60, before=before.replace(public[:64], b"x" * 63))
    assert {one.source for one in broken} == {"PuTTY key comment"}


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
def test_a_pgp_key_tells_its_user_ids(tmp_path: Path) -> None:
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    base = ["gpg", "--homedir", str(home), "--batch", "--pinentry-mode", "loopback", "--passphrase", ""]
    who = "Sam Rivera <sam@corp.test>"
    subprocess.run([*base, "--quick-generate-key", who, "ed25519"], check=True, capture_output=True)
    done = subprocess.run([*base, "--armor", "--export-secret-keys"], check=True, capture_output=True)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=False)
    secret = done.stdout.partition(b"\n\n")[2].partition(b"-----END")[0].strip()
    assert Said("PGP user id", who, WRITTEN) in said("private_key.pgp", secret)


def item(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes([tag]) + size + body


def certificate(name: str) -> bytes:
    """As much of a certificate as stands before its subject."""
    attribute = item(0x30, item(6, b"\x55\x04\x03"), item(0x0C, name.encode()))
    dated = item(0x30, item(0x17, b"260101000000Z"), item(0x17, b"270101000000Z"))
    fields = (item(0xA0, item(2, b"\x02")), item(2, b"\x01"), item(0x30), item(0x30), dated)
    return item(0x30, item(0x30, *fields, item(0x30, item(0x31, attribute))))


def test_a_certificate_beside_a_key_tells_whom_it_names() -> None:
    after = b"-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n"
    after += base64.encodebytes(certificate("sam.corp.test" + "x" * 60)) + b"-----END CERTIFICATE-----\n"
    told = said("private_key.pkcs8", b"A" * 80, after=after)
    assert told == {Said("certificate name", "sam.corp.test" + "x" * 60, WRITTEN)}
    assert der.subject(certificate("sam")) == {b"\x55\x04\x03": b"sam"}


# --- whatever comes ---


@pytest.mark.parametrize("kind", sorted(DECODERS))
@given(data=st.data())
@settings(max_examples=60, deadline=timedelta(seconds=2))
def test_no_bytes_whatever_make_a_decoder_fail(kind: str, data: st.DataObject) -> None:
    raw = data.draw(st.binary(max_size=300))
    secret = data.draw(
        st.sampled_from(
            [
                raw,
                base64.b64encode(raw),
                b"eyJ" + b64url(raw) + b".eyJ" + b64url(raw) + b".x",
                b"pypi-" + b64url(b"\x02" + raw),
                base64.b64encode(b"openssh-key-v1\0" + raw),
                base64.b64encode(item(0x30, raw[:120])),
                b"[" * 5000,
            ]
        )
    )
    value = Value({"secret": secret, "id": raw[:20], "client_email": raw}, data.draw(st.binary(max_size=200)), raw)
    for one in claims_in(value, DECODERS[kind]):
        assert one.subject.isprintable()
        assert secret not in one.subject.encode() or not secret


@given(body=st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists))
@example(body=10**400)
@example(body=float("inf"))
def test_no_json_whatever_makes_a_token_fail(body: object) -> None:
    names = ("sub", "aud", "exp", "kubernetes.io", "u", "org", "a", "permissions")
    text = json.dumps(dict.fromkeys(names, body))
    claims("jwt.token", (("secret", 0, 9999),), b"eyJ." + text.encode())
    token = b".".join(map(b64url, (b'{"alg": "RS256"}', text.encode(), b"s")))
    list(tokens.jwt(Value({"secret": token}, b"", b"")))
    list(tokens.pypi(Value({"secret": macaroon([0, body], [3, body], {"permissions": body})}, b"", b"")))


def test_deep_json_in_a_token_is_no_trouble() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    token = b".".join(map(b64url, (b'{"alg": "RS256"}', b'{"sub": ' + deep + b"}", b"s")))
    assert said("jwt.token", token) == set()


def test_a_moment_far_away_is_left_out() -> None:
    assert said("jwt.token", jwt({"exp": 1e300, "sub": "x"})) == {Said("JWT sub", "x", ISSUED)}
    far = datetime(2199, 1, 1, tzinfo=UTC)
    assert Said("JWT expiry", "2199-01-01T00:00:00Z", ISSUED) in said("jwt.token", jwt({"exp": far.timestamp()}))


def test_lengths_that_lie_end_the_reading() -> None:
    assert list(der.items(b"\x30\x84\xff\xff\xff\xff")) == []
    assert keys.body(b"\xff\xfe") == b""
    assert list(tokens.pypi(Value({"secret": b"pypi-" + b64url(b"\x02\x01\xff\xff\xff\xff\xff")}, b"", b""))) == []


@pytest.mark.parametrize("kind", sorted(DECODERS))
def test_hostile_text_at_a_value_takes_no_long_time(kind: str) -> None:
    unit = (
        b"a",
        b"https://",
        b"user=",
        b"-----BEGIN CERTIFICATE-----",
        b"name: x\nuser:\n",
        b"client_id: ",
        b" ",
        b"\\n",
    )
    began = time.process_time()
    for one in unit:
        near = one * (REACH // len(one))
        for secret in (one * 2000, b"eyJ" * 2000, b"\x30\x80" * 4000, base64.b64encode(b"\x30" * 9000)):
            claims_in(Value({"secret": secret, "id": secret}, near, near), DECODERS[kind])
    assert time.process_time() - began < 2
