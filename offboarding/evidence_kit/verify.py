#!/usr/bin/env python3
"""Checks an evidence folder of offkey, without offkey, without a network, with Python 3.9's standard library alone.

    python3 -I verify.py [FOLDER|ZIP] [--checkpoint FILE] [--key VKEY]

What it checks: every file against manifest.json; canonical JSON (RFC 8785); the plan's digest; each ledger event's
hash and its place in the Merkle tree (RFC 6962) of the checkpoint; each receipt, each approval and each line of
steps.csv against the ledger; the approvals' SSH signatures (Ed25519, RFC 8032) against the register of approvers; that
the approver is neither the person nor who asked for the plan; that nothing was done before it was approved and written
down, by two where the policy of the run wants two, and with the extra yes where a step wants one; that containment kept
to what two approvers had signed; and that what was left out rests on a signed opt-out.

Give --key the ledger's public key as you were told it, and --checkpoint a copy that was kept elsewhere: without one,
a folder replaced as a whole cannot be told apart.
Exit code 0: nothing contradicts the evidence. 1: something does.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]  # the folder to be checked: no module may come from there
import argparse
import base64
import binascii
import csv
import hashlib
import hmac
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

NAMESPACE = "offkey-plan"
STANDING = "offkey-standing"
ATTESTING = "offkey-attest"
KEEPING = "offkey-optout"
PREFIX = "sha256:"
WITHOUT_ACCESS = ("REWRITE", "REPLACE", "KEEP")
CONTAINING = {
    "containment.intent": 1, "containment.acting": 2, "containment.acted": 3, "containment.receipt": 4,
}  # fmt: skip
KEPT_TOGETHER = (("DISABLE", {"REMOVE", "REVOKE"}), ("REPLACE", {"DISABLE", "REMOVE", "REVOKE"}))
SENDING = ("REVOKE", "DISABLE", "REMOVE", "REPLACE", "REWRITE")
DEATHS = ("REVOKED", "DISABLED", "REMOVED", "ROTATED", "ALREADY_DEAD")
POLICIES = ("none", "irreversible", "all")
SELF_CONSISTENT = "self-consistent; replacement cannot be excluded"
MANIFEST = "manifest.json"
FIXED = (
    "README.txt", "approvers", "case.json", "checkpoint.json", "coverage.csv", "frameworks.csv", "inventory.csv",
    "ledger.jsonl", "plan.json", "proofs.json", "report.html", "steps.csv", "verify.py",
)  # fmt: skip
MAY_BE = re.compile(r"manifest\.json|checkpoint(\.pub)?|(receipts|approvals)/[0-9A-Za-z][0-9A-Za-z._-]*\.json")
DESCRIPTOR = 24
"""Bytes that may stand behind a file in a zip (APPNOTE.TXT, section 4.3.9)."""
LARGEST = 2**30
"""Bytes that a packed file may have when it is read."""


class Bad(Exception):
    """Something in the evidence contradicts itself. The text says what."""


class Verdict(NamedTuple):
    """`passed` and `notes` are sentences; the evidence holds if and only if `problems` is empty."""

    passed: list[str]
    notes: list[str]
    problems: list[str]


# --- canonical JSON (RFC 8785), for the data that offkey writes: no fractions ---


def canonical(data: Any) -> bytes:
    """RFC 8785 bytes. Raises Bad for what offkey never writes (fractions, huge numbers, lone surrogates)."""
    try:
        return _text(data).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Bad("a text is not valid Unicode") from error


def _text(data: Any) -> str:
    if data is None or isinstance(data, bool):
        return {None: "null", True: "true", False: "false"}[data]
    if isinstance(data, str):
        return json.dumps(data, ensure_ascii=False)
    if isinstance(data, int):
        if abs(data) >= 2**53:
            raise Bad("a number is larger than JSON can hold exactly")
        return str(data)
    if isinstance(data, list):
        return "[" + ",".join(_text(item) for item in data) + "]"
    if isinstance(data, dict):
        keys = sorted(data, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(_text(key) + ":" + _text(data[key]) for key in keys) + "}"
    raise Bad(f"a value of type {type(data).__name__} is not expected here")


def parse(raw: bytes, where: str) -> Any:
    """The data in canonical JSON bytes. Raises Bad when the bytes are not exactly the canonical form."""
    try:
        data = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Bad(f"{where} is not JSON") from error
    if canonical(data) != raw:
        raise Bad(f"{where} is not in canonical form: it was edited")
    return data


def sha256(raw: bytes) -> str:
    return PREFIX + hashlib.sha256(raw).hexdigest()


# --- Merkle tree (RFC 6962 section 2.1, RFC 9162 section 2.1.3.2) ---


def merkle_root(entry: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to, or None when the proof does not fit index and size."""
    if not 0 <= index < size:
        return None
    node, last, tree = index, size - 1, hashlib.sha256(b"\x00" + entry).digest()
    for sibling in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            tree = hashlib.sha256(b"\x01" + sibling + tree).digest()
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            tree = hashlib.sha256(b"\x01" + tree + sibling).digest()
        node, last = node >> 1, last >> 1
    return tree if last == 0 else None


# --- Ed25519 (RFC 8032 section 5.1), verification only; points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z ---

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def _add(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(factor: int, point: Point) -> Point:
    result = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _add(result, point)
        point, factor = _add(point, point), factor >> 1
    return result


def _same(one: Point, other: Point) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (one[1] * other[2] - other[1] * one[2]) % P == 0


def _point(raw: bytes) -> Point | None:
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_M1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


_base = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
assert _base is not None
BASE: Point = _base


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's over the message."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, first = _point(public), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or first is None or scalar >= L:
        return False
    if _same(_times(8, key), (0, 1, 1, 0)):
        return False  # a key of small order: anybody could have signed
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    factor = int.from_bytes(hashed, "little") % L
    return _same(_times(scalar, BASE), _add(first, _times(factor, key)))


# --- SSH signatures (OpenSSH PROTOCOL.sshsig) and the register (ssh-keygen(1), ALLOWED SIGNERS) ---


class NotHere(Exception):
    """This verifier cannot judge it (another kind of key); ssh-keygen can."""


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _strings(blob: bytes) -> list[bytes]:
    found = []
    while blob:
        if len(blob) < 4:
            raise Bad("a signature is cut off")
        size = struct.unpack(">I", blob[:4])[0]
        if len(blob) < 4 + size:
            raise Bad("a signature is cut off")
        found.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    return found


def ssh_key(armored: str) -> bytes:
    """The public key inside an armored SSH signature."""
    return _signature_parts(armored)[0]


def _signature_parts(armored: str) -> list[bytes]:
    match = re.fullmatch(
        r"\s*-----BEGIN SSH SIGNATURE-----\s([A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----\s*", armored
    )
    try:
        blob = base64.b64decode("".join(match.group(1).split()), validate=True) if match else b""
    except binascii.Error as error:
        raise Bad("a signature is not base64") from error
    if blob[:10] != b"SSHSIG" + struct.pack(">I", 1):
        raise Bad("there is no SSH signature")
    parts = _strings(blob[10:])
    if len(parts) != 5:
        raise Bad("a signature has the wrong number of parts")
    return parts


def ssh_verify(message: bytes, armored: str, purpose: str = NAMESPACE) -> bytes:
    """The public key that signed the message for a purpose. Raises Bad, or NotHere for other kinds of keys."""
    key, namespace, reserved, algorithm, signature = _signature_parts(armored)
    if namespace != purpose.encode():
        raise Bad("the signature is for another purpose ({!r})".format(namespace.decode("latin-1")))
    if algorithm not in (b"sha256", b"sha512"):
        raise Bad("the signature's hash is not allowed")
    key_parts, signature_parts = _strings(key), _strings(signature)
    if not key_parts or key_parts[0] != b"ssh-ed25519":
        raise NotHere((key_parts or [b"?"])[0].decode("latin-1"))
    hashed = hashlib.new(algorithm.decode(), message).digest()
    signed = b"SSHSIG" + b"".join(_string(part) for part in (namespace, reserved, algorithm, hashed))
    if len(key_parts) != 2 or len(signature_parts) != 2 or signature_parts[0] != b"ssh-ed25519":
        raise Bad("the signature does not fit its key")
    if not ed25519_verify(key_parts[1], signed, signature_parts[1]):
        raise Bad("the signature is wrong")
    return key


def registered(register: str, approver: str, at: datetime, purpose: str = NAMESPACE) -> list[bytes]:
    """The keys that the register gives an approver for a purpose at a time. Raises NotHere for the unjudged.

    A line is `EMAIL OPTIONS TYPE KEY [COMMENT]`, as offkey requires it; times in it are UTC.
    """
    keys = []
    unjudged = ""
    for line in register.splitlines():
        match = re.fullmatch(
            r"(?P<who>[^\s#,*?!\"]+)\s+(?P<options>(?:[^\s\"]|\"[^\"]*\")+)\s+"
            r"(?P<type>(?:ssh|ecdsa|sk)-\S+)\s+(?P<key>[A-Za-z0-9+/=]+)(?:\s.*)?",
            line.strip(),
        )
        if not match or approver.casefold() != match.group("who").casefold():
            continue
        options = re.findall(r'([A-Za-z-]+)(?:="([^"]*)")?', match.group("options"))
        names = {name.lower(): value for name, value in options}
        if set(names) - {"namespaces", "valid-after", "valid-before"}:
            unjudged = "a register line with other options"
        elif _may_sign(names.get("namespaces", "").split(","), purpose) and (
            _day(names.get("valid-after", "19700101")) <= at < _day(names.get("valid-before", "99991231"))
        ):
            keys.append(base64.b64decode(match.group("key")))
    if unjudged and not keys:
        raise NotHere(unjudged)
    return keys


def _may_sign(namespaces: list[str], purpose: str) -> bool:
    """Who may approve plans may attest, too."""
    return purpose in namespaces or (purpose == ATTESTING and NAMESPACE in namespaces)


def _day(text: str) -> datetime:
    """A time of ssh-keygen's: YYYYMMDD or YYYYMMDDHHMM[SS], with or without Z."""
    digits = text.rstrip("Z").ljust(14, "0")
    return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)  # noqa: UP017 - Python 3.9 has no UTC


# --- signed checkpoints (C2SP signed-note and tlog-checkpoint) ---


def public_key(vkey: str) -> tuple[str, bytes, bytes]:
    """Name, key id and Ed25519 key in `name+id+base64`. Raises Bad."""
    name, _, rest = vkey.strip().partition("+")
    shown, _, encoded = rest.partition("+")
    try:
        held = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise Bad("the ledger's public key is not base64") from error
    number = hashlib.sha256(name.encode() + b"\n" + held).digest()[:4]
    if not name or len(held) != 33 or held[:1] != b"\x01" or number.hex() != shown:
        raise Bad("there is no public key of a ledger")
    return name, number, held[1:]


def signed_checkpoint(note: bytes, vkey: str) -> dict[str, Any]:
    """What the ledger of this key signed: `seq` events with this `merkle_root`. Raises Bad."""
    name, number, public = public_key(vkey)
    text, blank, signatures = note.decode("utf-8").rpartition("\n\n")
    lines = text.split("\n")
    if not blank or not signatures.endswith("\n") or len(lines) < 3 or "" in lines:
        raise Bad("the signed checkpoint is not in the expected form")
    verified = False
    for line in signatures[:-1].split("\n"):
        match = re.fullmatch(r"\u2014 (\S+) ([A-Za-z0-9+/=]+)", line)
        held = base64.b64decode(match.group(2), validate=True) if match else b""
        if not match or len(held) < 5 or base64.b64encode(held).decode() != match.group(2):
            raise Bad("a signature line of the checkpoint is malformed")
        if (match.group(1), held[:4]) == (name, number):
            if not ed25519_verify(public, (text + "\n").encode(), held[4:]):
                raise Bad("the signature of the checkpoint is wrong")
            verified = True
    root = base64.b64decode(lines[2], validate=True)
    if not verified or lines[0] != name:
        raise Bad(f"the checkpoint is not signed by {name}")
    if not re.fullmatch("0|[1-9][0-9]*", lines[1]) or len(root) != 32:
        raise Bad("the signed checkpoint is not in the expected form")
    return {"seq": int(lines[1]), "merkle_root": PREFIX + root.hex()}


# --- the evidence folder ---


class Evidence(NamedTuple):
    """The folder's files as data; `events` are the run's own."""

    files: dict[str, bytes]
    plan: dict[str, Any]
    events: list[dict[str, Any]]
    receipts: dict[str, dict[str, Any]]
    approvals: dict[str, dict[str, Any]]

    def of_type(self, *kinds: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] in kinds]

    def own_key(self) -> str:
        """The ledger's public key as the folder tells it: it proves nothing until somebody else confirms it."""
        if "checkpoint.pub" not in self.files:
            raise Bad("there is no public key of the ledger: give --key")
        return self.files["checkpoint.pub"].decode()


def unpacked(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name. Raises Bad."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise Bad(f"{path.relative_to(folder)} is a link; evidence holds plain files only")
        if path.is_file():
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return files


def packed(path: Path) -> dict[str, bytes]:
    """The files of a zip by name, without the one folder that they lie in. Nothing is written anywhere. Raises Bad."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            names = [entry.filename for entry in entries]
            if len(set(names)) != len(names) or len({name.partition("/")[0] for name in names}) != 1:
                raise Bad("the zip does not hold one folder with each file once")
            if sum(entry.file_size for entry in entries) > LARGEST:
                raise Bad("the zip holds more than evidence ever does")
            if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
                raise Bad("the zip is packed in a way that evidence never is")
            _check_listed(path.read_bytes(), archive)
            return {entry.filename.partition("/")[2]: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise Bad(f"{path.name} is no whole zip file: {error}") from error


def _check_listed(raw: bytes, archive: zipfile.ZipFile) -> None:
    """Raises Bad where something lies between the files that the directory lists: other programs may unpack that."""
    end = 0
    starts = [(entry.header_offset, entry.compress_size) for entry in archive.infolist()]
    for start, size in [*sorted(starts), (archive.start_dir, 0)]:
        if not 0 <= start - end <= DESCRIPTOR:
            raise Bad("the zip holds more than its directory lists")
        name, extra = struct.unpack("<HH", raw[start + 26 : start + 30])
        end = start + 30 + name + extra + size


def read(folder: Path) -> Evidence:
    """Every file of the folder or zip, after checking each against the manifest. Raises Bad."""
    files = unpacked(folder) if folder.is_dir() else packed(folder)
    if MANIFEST not in files:
        raise Bad(f"{MANIFEST} is missing")
    manifest = parse(files[MANIFEST], MANIFEST)
    listed = manifest["files"]
    for name in sorted(set(listed) | set(files) - {MANIFEST} | set(FIXED)):
        if name not in FIXED and not MAY_BE.fullmatch(name):
            raise Bad(f"{name} is no file of evidence")
        if name not in listed:
            raise Bad(f"{name} is not listed in the manifest")
        if name not in files:
            raise Bad(f"{name} is missing")
        if sha256(files[name]) != listed[name]:
            raise Bad(f"{name} was changed: its digest is not the manifest's")
    plan = parse(files["plan.json"], "plan.json")
    if manifest != {"files": listed, "plan": sha256(files["plan.json"]), "run": plan["run"], "version": 1}:
        raise Bad("the manifest is not that of this run's plan")
    lines = files["ledger.jsonl"].split(b"\n")
    if lines.pop() != b"":
        raise Bad("ledger.jsonl does not end with a line end")
    events = [parse(line, f"ledger.jsonl line {number}") for number, line in enumerate(lines, 1)]
    receipts = {n: parse(raw, n) for n, raw in files.items() if n.startswith("receipts/")}
    approvals = {n: parse(raw, n) for n, raw in files.items() if n.startswith("approvals/")}
    return Evidence(files, plan, events, receipts, approvals)


def check_ledger(evidence: Evidence, outside: dict[str, Any] | None) -> str:
    """Each event's hash and its place in the tree of the checkpoint. Returns what can be said; raises Bad."""
    inside = parse(evidence.files["checkpoint.json"], "checkpoint.json")
    proofs = parse(evidence.files["proofs.json"], "proofs.json")
    before = None
    for event in evidence.events:
        claimed = event["hash"]
        _check_event(event, evidence.plan["run"])
        if before and event["seq"] <= before["seq"]:
            raise Bad("event {} is out of order".format(event["seq"]))
        if before and event["seq"] == before["seq"] + 1 and event["prev"] != before["hash"]:
            raise Bad("event {} does not follow the event before it".format(event["seq"]))
        proof = [bytes.fromhex(node) for node in proofs[str(event["seq"])]]
        entry = bytes.fromhex(claimed[len(PREFIX) :])
        root = merkle_root(entry, event["seq"] - 1, inside["seq"], proof)
        if root is None or PREFIX + root.hex() != inside["merkle_root"]:
            raise Bad("event {} is not in the ledger of the checkpoint".format(event["seq"]))
        if event["seq"] == inside["seq"] and claimed != inside["head"]:
            raise Bad("the checkpoint names another last event")
        before = event
    if before is None or set(proofs) != {str(event["seq"]) for event in evidence.events}:
        raise Bad("proofs and events do not belong together")
    if "checkpoint" in evidence.files:
        signed = signed_checkpoint(evidence.files["checkpoint"], evidence.own_key())
        if (signed["seq"], signed["merkle_root"]) != (inside["seq"], inside["merkle_root"]):
            raise Bad("the signed checkpoint is not the one of this evidence")
    if outside is None:
        return SELF_CONSISTENT + " (no --checkpoint was given)"
    if outside["seq"] != inside["seq"]:
        raise Bad(
            "the given checkpoint covers {} events, this folder's {}: have the folder made for that checkpoint".format(
                outside["seq"], inside["seq"]
            )
        )
    if outside["merkle_root"] != inside["merkle_root"] or outside.get("head", inside["head"]) != inside["head"]:
        raise Bad("the given checkpoint is of another ledger: this evidence was replaced")
    return "consistent with the given checkpoint over {} events".format(outside["seq"])


def _check_event(event: dict[str, Any], run: str) -> None:
    if event_hash(event) != event["hash"]:
        raise Bad("event {} was changed: its hash does not fit its content".format(event["seq"]))
    if not event.get("salt") and set(event["body"]) == {"committed"}:
        raise Bad("the contents of event {} are withheld".format(event["seq"]))
    if event["run"] != run:
        raise Bad("event {} is of another run".format(event["seq"]))


def event_hash(event: dict[str, Any]) -> str:
    """The hash over all of the event but itself; a salted commitment stands for a body that can be erased."""
    salt = event.get("salt", "")
    told = {key: value for key, value in event.items() if key not in ("hash", "salt")}
    if salt:
        if not re.fullmatch("[0-9a-f]{64}", salt):
            raise Bad("the salt of event {} was changed".format(event["seq"]))
        body = hmac.new(bytes.fromhex(salt), canonical(event["body"]), "sha256").hexdigest()
        told["body"] = {"committed": "hmac-sha256:" + body}
    return sha256(canonical(told))


def left_out(evidence: Evidence) -> list[str]:
    """A sentence on the ledger's events that are not here: whether one of them is this run's cannot be seen."""
    here = {event["seq"] for event in evidence.events}
    size = parse(evidence.files["checkpoint.json"], "checkpoint.json")["seq"]
    missing = [number for number in range(1, size + 1) if number not in here]
    if not missing:
        return []
    shown = ", ".join(map(str, missing[:8])) + (f" and {len(missing) - 8} more" if missing[8:] else "")
    text = f"numbers {shown} of the ledger are not in this folder"
    return [text + ": they are said to be other runs', which only the ledger itself can show"]


def check_plan(evidence: Evidence) -> str:
    made = evidence.of_type("plan.made")
    plan_digest = sha256(evidence.files["plan.json"])
    if not made or made[-1]["body"]["digest"] != plan_digest or made[-1]["body"]["plan"] != evidence.plan:
        raise Bad("plan.json is not the plan in the ledger")
    return f"the plan is the one in the ledger ({plan_digest})"


class Period(NamedTuple):
    """One plan of the run with what was done under it: a run is planned anew when something stays open."""

    plan: dict[str, Any]
    digest: str
    events: list[dict[str, Any]]
    four_eyes: str

    def of_type(self, *kinds: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] in kinds]


def periods(evidence: Evidence) -> list[Period]:
    found: list[Period] = []
    for event in evidence.events:
        if event["type"] == "plan.made" and (not found or event["body"]["digest"] != found[-1].digest):
            plan = event["body"]["plan"]
            if sha256(canonical(plan)) != event["body"]["digest"]:
                raise Bad("event {} gives a plan another digest".format(event["seq"]))
            found.append(Period(plan, event["body"]["digest"], [], event["body"].get("four_eyes", "none")))
        elif found:
            found[-1].events.append(event)
    return found


def check_receipts(evidence: Evidence) -> str:
    """Receipts and ledger agree, and each step was written down before it was begun."""
    last: dict[str, dict[str, Any]] = {}
    for period in periods(evidence):
        last = {e["body"]["receipt"]["step"]: e["body"]["receipt"] for e in period.of_type("step.receipt")}
        if not set(last) <= {step["id"] for step in period.plan["steps"]}:
            raise Bad("there is a receipt for a step that is not in the plan")
        _check_order(period)
    if sorted(map(canonical, last.values())) != sorted(map(canonical, evidence.receipts.values())):
        raise Bad("the receipts are not those in the ledger")
    _check_table(evidence)
    missing = len(evidence.plan["steps"]) - len(last)
    return f"{len(last)} receipts agree with the ledger" + (f"; {missing} steps have none yet" if missing else "")


def _check_table(evidence: Evidence) -> None:
    """steps.csv, which people read in place of the receipts, says the same as they do."""
    receipts: dict[tuple[str, str], dict[str, Any]] = {}
    for period in periods(evidence):
        told = [event["body"]["receipt"] for event in period.of_type("step.receipt")]
        receipts.update({(period.digest, receipt["step"]): receipt for receipt in told})
    plan_of: dict[str, str] = {}
    for event in evidence.of_type("containment.planned", "containment.receipt"):
        if event["type"] == "containment.planned":
            plan_of.update({step["id"]: event["body"]["digest"] for step in event["body"]["plan"]["steps"]})
        else:
            receipt = event["body"]["receipt"]
            receipts[plan_of.get(receipt["step"], ""), receipt["step"]] = receipt
    newest = sha256(evidence.files["plan.json"])
    rows = list(csv.DictReader(io.StringIO(evidence.files["steps.csv"].decode("utf-8"))))
    planned = [step["id"] for step in evidence.plan["steps"] if step["action"] not in WITHOUT_ACCESS]
    if [row["step"] for row in rows if row["plan"] == newest] != planned:
        raise Bad("steps.csv does not list the plan's steps")
    if len({row["sla_hours"] for row in rows}) > 1:
        raise Bad("steps.csv measures its steps by different promises")
    left = _left_at(evidence)
    for row in rows:
        right = _clock(receipts.get((row["plan"], row["step"])), left, row["sla_hours"])
        if any(row[name] != said for name, said in right.items()):
            raise Bad("steps.csv says something else of {} than its receipt".format(row["step"]))


def _left_at(evidence: Evidence) -> datetime | None:
    """The hour of leaving that the trigger gave, else the directory."""
    opened = evidence.of_type("run.opened")
    trigger = opened[0]["body"].get("trigger") if opened else None
    told = trigger["effective_at"] if trigger else evidence.plan["person"]["left_at"]
    return moment(told) if told else None


def _clock(receipt: dict[str, Any] | None, left: datetime | None, promised: str) -> dict[str, str]:
    """What a line of steps.csv must say of outcome and time, by the step's receipt; `promised` in hours."""
    outcome = receipt["outcome"] if receipt else "not begun"
    if receipt is None or outcome not in DEATHS:
        return {"outcome": outcome, "proven_at": "", "hours_after_leaving": "", "promptness": "open"}
    proven = receipt["after"]["at"] if receipt["after"] else receipt["finished_at"]
    hours, promptness = "", "not measured"
    if left:
        seconds = (moment(proven) - left).total_seconds()
        hours = f"{seconds / 3600:.2f}".rstrip("0").rstrip(".")
        hours = "'" + hours if hours.startswith("-") else hours  # no formula for a spreadsheet
        promptness = "in time" if seconds <= float(promised) * 3600 else "late"
    if outcome == "ALREADY_DEAD":
        promptness = "dead before"
    return {"outcome": outcome, "proven_at": proven, "hours_after_leaving": hours, "promptness": promptness}


def _check_order(period: Period) -> None:
    stage: dict[str, int] = {}
    rank = {"step.intent": 1, "step.acting": 2, "step.acted": 3, "step.receipt": 4}
    started = False
    for event in period.events:
        started = started or event["type"] == "apply.started"
        if event["type"] not in rank:
            continue
        body = event["body"]
        step = body["receipt"]["step"] if event["type"] == "step.receipt" else body["step"]
        now = rank[event["type"]]
        if not started or (now > 1 and stage.get(step, 0) < (2 if now == 3 else 1)):
            raise Bad("event {} ({}) was not announced before".format(event["seq"], event["type"]))
        stage[step] = now


def person_emails(plan: dict[str, Any]) -> list[str]:
    person = plan["person"]
    identities = [*person["certain"], *person["probable"]]
    return [word.lower() for word in [person["id"], *person["emails"], *(i["email"] for i in identities)] if word]


def check_approvals(evidence: Evidence) -> tuple[list[str], list[str]]:
    """Sentences for what holds and for what this verifier cannot judge. Raises Bad for what is wrong."""
    recorded = {canonical(event["body"]["approval"]): event for event in evidence.of_type("plan.approved")}
    passed: list[str] = []
    notes: list[str] = []
    good: list[tuple[int, dict[str, Any]]] = []
    plans = {period.digest: period.plan for period in periods(evidence)}
    for name, approval in sorted(evidence.approvals.items()):
        if canonical(approval) not in recorded:
            raise Bad(f"{name} is not in the ledger")
        if approval["plan_digest"] not in plans:
            notes.append(f"{name} is of a plan that is not in this ledger, and counts for nothing")
            continue
        try:
            at = moment(recorded[canonical(approval)]["at"])
            _check_approval(evidence, name, approval, plans[approval["plan_digest"]], at)
        except NotHere as other:
            notes.append(
                f"{name} ({other}) is not verified here: write its statement to a file and use "
                f"`ssh-keygen -Y verify -n {NAMESPACE} -f approvers -I {approval['approver']} -s SIGNATURE < STATEMENT`"
            )
            continue
        good.append((recorded[canonical(approval)]["seq"], approval))
        newest = approval["plan_digest"] == sha256(evidence.files["plan.json"])
        what = "approved" if newest else "an older plan of this run was approved"
        passed.append("{} by {} on {}, signature verified".format(what, approval["approver"], approval["at"]))
    if len(recorded) != len({canonical(approval) for approval in evidence.approvals.values()}):
        raise Bad("the approvals are not those in the ledger")
    _check_covered(evidence, good, notes)
    return passed, notes


def _check_approval(
    evidence: Evidence, name: str, approval: dict[str, Any], plan: dict[str, Any], at: datetime
) -> None:
    """Raises Bad, or NotHere when this verifier cannot judge the signature. `at` is when it was recorded."""
    approver = approval["approver"]
    if approver.lower() in person_emails(plan):
        raise Bad(f"{name}: the approver is the person concerned")
    if approver.lower() == plan["requester"].lower():
        raise Bad(f"{name}: the approver is who asked for the plan")
    register = evidence.files["approvers"].decode("utf-8", "replace")
    statement = canonical({key: value for key, value in approval.items() if key != "signature"})
    if ssh_verify(statement, approval["signature"]) not in registered(register, approver, at):
        raise Bad(f"{name}: the key is not in the register for {approver}")


def _check_covered(evidence: Evidence, good: list[tuple[int, dict[str, Any]]], notes: list[str]) -> None:
    """Each step was begun under an approval of its own plan that was in the ledger before, and had not run out."""
    for period in periods(evidence):
        mine = [(seq, approval) for seq, approval in good if approval["plan_digest"] == period.digest]
        policy, given = period.four_eyes, dict[str, list[dict[str, Any]]]()
        for event in period.of_type("apply.started", "step.intent", "step.acting"):
            body, why = event["body"], ""
            if event["type"] == "step.acting":
                why = _lacking(period.plan, body["step"], given.get(body["step"], []), policy)
            else:
                in_force = [approval for seq, approval in mine if seq < event["seq"] and _covers(approval, event)]
                why = "" if in_force else "without an approval in force"
                given[body.get("step", "")] = in_force
                policy = max(policy, body.get("four_eyes", "none"), key=POLICIES.index)
            if why and not notes:
                raise Bad("something was begun (event {}) {}".format(event["seq"], why))
            if why:
                raise Unverified([*notes, "event {} was begun {} verified here".format(event["seq"], why)])


def _lacking(plan: dict[str, Any], step_id: str, given: list[dict[str, Any]], policy: str) -> str:
    """What the approvals lack for a step that sends something; empty when nothing. Two addresses count as two."""
    step = next(step for step in plan["steps"] if step["id"] == step_id)
    if step["action"] not in SENDING:
        return ""
    covering = [approval for approval in given if step["needs"] in approval["allows"]] if step["needs"] else given
    if step["needs"] and not covering:
        return "without the extra yes for {}".format(step["needs"])
    two = policy == "all" or (policy == "irreversible" and not step["reversible"])
    if two and len({approval["approver"].lower() for approval in covering}) < 2:
        return "without the two approvers that it needed"
    return ""


class Held(NamedTuple):
    """A standing approval under which the person was contained, and who signed it."""

    standing: dict[str, Any]
    signers: list[str]


class Contained(NamedTuple):
    """A step's plan of containment, the digest of its standing approval, and how far the step is (`CONTAINING`)."""

    plan: dict[str, Any]
    standing: str
    stage: int


def check_containment(evidence: Evidence) -> tuple[list[str], list[str]]:
    """Sentences for what was done under standing approvals, and for what is not seen here. Raises Bad, Unverified."""
    held: dict[str, Held] = {}
    steps: dict[str, Contained] = {}
    begun: dict[str, set[str]] = {}
    for event in evidence.events:
        body = event["body"]
        if event["type"] == "containment.started":
            digest = sha256(canonical(body["standing"]))
            held[digest] = Held(body["standing"], _check_standing(evidence, event, digest))
        elif event["type"] == "containment.planned":
            _check_contained_plan(evidence, event, held)
            steps.update({step["id"]: Contained(body["plan"], body["standing"], 0) for step in body["plan"]["steps"]})
        elif event["type"] in CONTAINING:
            step = body["receipt"]["step"] if event["type"] == "containment.receipt" else body["step"]
            if step not in steps:
                raise Bad("event {} acts on what was not planned".format(event["seq"]))
            _check_contained(event, steps[step], held[steps[step].standing].standing)
            steps[step] = steps[step]._replace(stage=max(steps[step].stage, CONTAINING[event["type"]]))
            if event["type"] == "containment.acting":
                begun.setdefault(steps[step].standing, set()).add(step)
    passed = []
    for digest, one in held.items():
        done = len(begun.get(digest, ()))
        if done > one.standing["most_per_person"]:
            raise Bad(f"{done} steps were begun under a standing approval that allows fewer for one person")
        signers = " and ".join(one.signers)
        passed.append(f"contained under a standing approval signed by {signers}, signatures verified: {done} steps")
    return passed, ["that no standing approval was revoked before, only the ledger itself can show"] if held else []


def _check_standing(evidence: Evidence, event: dict[str, Any], digest: str) -> list[str]:
    """Who signed, two of them at least and neither the person nor who made it. Raises Bad, or Unverified."""
    body, register = event["body"], evidence.files["approvers"].decode("utf-8", "replace")
    signers: list[str] = []
    unjudged = ""
    for yes in body["yeses"]:
        approver = yes["approver"].lower()
        statement = canonical({key: value for key, value in yes.items() if key != "signature"})
        if yes["standing"] != digest or moment(yes["at"]) > moment(event["at"]):
            raise Bad("a signature is of another standing approval, or later than its use")
        if approver in (*person_emails(evidence.plan), body["standing"]["requester"].lower()):
            continue
        try:
            signed = ssh_verify(statement, yes["signature"], STANDING)
            good = signed in registered(register, approver, moment(event["at"]), STANDING)
        except NotHere as other:
            unjudged = f"the standing approval is signed with a key that is not judged here ({other})"
            continue
        if good and approver not in signers:
            signers.append(approver)
    if len(signers) < 2:
        if unjudged:
            raise Unverified([unjudged])
        raise Bad("the standing approval is not signed by two approvers of the register")
    return signers


def _check_contained_plan(evidence: Evidence, event: dict[str, Any], held: dict[str, Held]) -> None:
    """Raises Bad unless a plan of containment is this person's, whom the directory has leaving, and wholly covered."""
    body, seq = event["body"], event["seq"]
    plan = body["plan"]
    if sha256(canonical(plan)) != body["digest"]:
        raise Bad(f"event {seq} gives a plan another digest")
    if body["standing"] not in held:
        raise Bad(f"event {seq} is under a standing approval that is not here")
    person, under = plan["person"], held[body["standing"]]
    if person["id"] != evidence.plan["person"]["id"] or not person["confirmed_by_directory"] or not person["left_at"]:
        raise Bad(f"event {seq} contains another person, or one of whom the directory does not say that they leave")
    if under.standing.get("key_id") != plan["key_id"]:
        raise Bad(f"event {seq} is under a standing approval of another organisation key")
    if set(under.signers) & set(person_emails(plan)):
        raise Bad(f"event {seq} is under a standing approval that the person has signed")
    for step in plan["steps"]:
        point = step["point"]
        listed = {"provider": point["provider"], "kind": point["kind"], "action": step["action"]}
        plainly_theirs = (point["ownership"], point["bond"]) == ("PERSONAL", "theirs") and point["provider_id"]
        if not step["reversible"] or step["needs"] or not plainly_theirs:
            raise Bad(f"event {seq} plans what no standing approval may cover")
        if listed not in under.standing["covers"]:
            raise Bad(f"event {seq} plans what its standing approval does not list")


def _check_contained(event: dict[str, Any], step: Contained, standing: dict[str, Any]) -> None:
    """Raises Bad unless the event was announced by those before it, and an act is within its time."""
    now, seq, at = CONTAINING[event["type"]], event["seq"], moment(event["at"])
    needed = {1: 0, 2: 1, 3: 2, 4: 1}[now]
    if now == 4 and event["body"]["receipt"]["outcome"] in ("DISABLED", "REMOVED", "REVOKED"):
        needed = 2
    if step.stage < needed:
        raise Bad("event {} ({}) was not announced before".format(seq, event["type"]))
    if now != 2:
        return
    if not moment(standing["made_at"]) <= at < min(moment(standing["expires_at"]), moment(step.plan["expires_at"])):
        raise Bad(f"event {seq} acts outside the time of its standing approval")
    if at < moment(step.plan["person"]["left_at"]) and not standing["early"]:
        raise Bad(f"event {seq} acts before the person's last day, which its standing approval does not cover")


def check_optouts(evidence: Evidence) -> tuple[list[str], list[str]]:
    """What was left out rests on an opt-out of its plan that an approver signed, in force then, and for that step."""
    passed: dict[str, str] = {}
    for period in periods(evidence):
        receipts = [(event, event["body"]["receipt"]) for event in period.of_type("step.receipt")]
        done = {receipt["step"] for _, receipt in receipts}
        optouts = {optout["id"]: optout for optout in period.plan["optouts"]}
        steps = {step["id"]: step for step in period.plan["steps"]}
        for step in steps.values():
            if step.get("keeps") and step["id"] not in done:
                passed.update(_check_kept(evidence, period, step, optouts.get(step["how"]), None))
        for event, receipt in receipts:
            step = steps[receipt["step"]]
            named = step["how"] if step.get("keeps") else ""
            if receipt["outcome"] == "SKIPPED" and (step["action"] != "KEEP" or receipt.get("optout", "") != named):
                raise Bad("event {} leaves out step {} without the opt-out for it".format(event["seq"], step["id"]))
            if receipt["outcome"] == "SKIPPED" and named:
                passed.update(_check_kept(evidence, period, step, optouts.get(named), moment(event["at"])))
    notes = ["that no opt-out was cancelled before, and that its approver owns the system, stand elsewhere"]
    return list(passed.values()), notes if passed else []


def _check_kept(
    evidence: Evidence, period: Period, step: dict[str, Any], optout: dict[str, Any] | None, at: datetime | None
) -> dict[str, str]:
    """A sentence by the opt-out's id. `at` is when the step was left out; None before. Raises Bad, or Unverified."""
    if optout is None:
        raise Bad("step {} is kept by an opt-out that is not in its plan".format(step["id"]))
    person, name = period.plan["person"], "opt-out {}".format(optout["id"])
    ids = {"{}#{}".format(account["provider"], account["id"]) for account in person["accounts"]}
    if optout["subject"] != person["id"] or not set(optout["subject_ids"]) <= ids:
        raise Bad(f"{name} is about another person")
    if not _in_scope(optout["scope"], step["point"], step["keeps"]):
        raise Bad("{} does not cover step {}".format(name, step["id"]))
    left = moment(person["left_at"]) if person["left_at"] else None
    then = at or moment(period.plan["created_at"])
    if not moment(optout["not_before"]) <= then < moment(optout["expires_at"]) or (
        left and left <= then and not optout["allow_after_disable"]
    ):
        raise Bad("{} was not in force when it kept step {}".format(name, step["id"]))
    _check_optout_signed(evidence, period.plan, optout, then)
    return {optout["id"]: "{} by {}, signature verified".format(name, optout["approver"])}


def _check_optout_signed(evidence: Evidence, plan: dict[str, Any], optout: dict[str, Any], at: datetime) -> None:
    """Raises Bad unless an approver of the register signed all of it before, and Unverified for other kinds of keys."""
    name, approver = "opt-out {}".format(optout["id"]), optout["approver"].lower()
    asked = {key: value for key, value in optout.items() if key not in ("id", "approver", "approved_at", "signature")}
    if optout["id"] != "o-" + sha256(canonical(asked))[len(PREFIX) :][:12]:
        raise Bad(f"{name} is not what was asked for")
    if approver in person_emails(plan) or approver == optout["requester"].lower():
        raise Bad(f"{name} is approved by the person concerned, or by who asked for it")
    if not optout["approved_at"] or not moment(optout["requested_at"]) <= moment(optout["approved_at"]) <= at:
        raise Bad(f"{name} was approved at a time that cannot be")
    statement = canonical({key: value for key, value in optout.items() if key != "signature"})
    register = evidence.files["approvers"].decode("utf-8", "replace")
    try:
        if ssh_verify(statement, optout["signature"], KEEPING) not in registered(register, approver, at, KEEPING):
            raise Bad(f"{name}: the key is not in the register for {approver}")
    except NotHere as other:
        raise Unverified([f"{name} is signed with a key that is not judged here ({other})"]) from other


def _in_scope(scope: dict[str, Any], point: dict[str, Any], action: str) -> bool:
    """Whether it covers that; a literal stays in the code where the end of its credential is covered, too.

    A scope that would do harm covers nothing: what is not switched off, or has no successor, would be ended for good.
    """
    actions = set(scope["actions"])
    if any(first in actions and not also <= actions for first, also in KEPT_TOGETHER):
        return False
    names = {point["id"], point["fingerprint"], "{}:{}".format(point["provider"], point["provider_id"])} - {""}
    return (
        (action in actions or (action == "REWRITE" and bool(actions)))
        and point["provider"] in scope["systems"]
        and (not scope["kinds"] or point["kind"] in scope["kinds"])
        and (not scope["credentials"] or bool(names & set(scope["credentials"])))
    )


def check_attestations(evidence: Evidence) -> tuple[list[str], list[str]]:
    """What people attested to have done is signed by somebody in the register who is not the person."""
    passed: list[str] = []
    notes: list[str] = []
    signed: set[str] = set()
    for period in periods(evidence):
        signed = set()
        for event in period.of_type("step.attested"):
            given = event["body"]["attestation"]
            statement = canonical({key: value for key, value in given.items() if key != "signature"})
            register = evidence.files["approvers"].decode("utf-8", "replace")
            name = "the attestation of step {} (event {})".format(given["step"], event["seq"])
            if given["plan_digest"] != period.digest or given["signer"].lower() in person_emails(period.plan):
                raise Bad(f"{name} is of another plan, or the person's own")
            try:
                key = ssh_verify(statement, given["signature"], ATTESTING)
                if key not in registered(register, given["signer"], moment(event["at"]), ATTESTING):
                    raise Bad(f"{name}: the key is not in the register for {given['signer']}")
                passed.append(f"{name} by {given['signer']}, signature verified")
            except NotHere as other:
                notes.append(f"{name} ({other}) is not verified here: `ssh-keygen -Y verify -n {ATTESTING}` can")
            signed.add(given["step"])
    if {one["step"] for one in evidence.receipts.values() if one["outcome"] == "ATTESTED"} - signed:
        raise Bad("a receipt says that somebody attested it, and nobody did")
    return passed, notes


class Unverified(Exception):
    """Nothing is wrong, but what matters could not be verified here."""


def _covers(approval: dict[str, Any], event: dict[str, Any]) -> bool:
    return moment(approval["at"]) <= moment(event["at"]) < moment(approval["expires_at"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def verify(folder: Path, checkpoint: Path | None = None, key: str = "") -> Verdict:
    """Everything that can be said about the folder. Never raises for what is in it.

    `checkpoint` is a signed note or our own JSON; `key` the ledger's public key (name+id+base64).
    """
    verdict = Verdict([], [], [])
    try:
        evidence = read(folder)
        kept = checkpoint.read_bytes() if checkpoint else b""
        outside = _outside(kept, key or evidence.own_key) if checkpoint else None
        verdict.notes.extend(about_key(evidence, key, signed_outside=bool(kept) and not _is_json(kept)))
        verdict.passed.append(f"{len(evidence.files) - 1} files are those of the manifest")
        verdict.notes.append(
            f"manifest {sha256(evidence.files[MANIFEST])}: report.html, approvers and verify.py hang on it alone; "
            "compare it with the one that the ledger recorded (evidence.sealed), or that was kept elsewhere"
        )
        verdict.passed.append(f"{len(evidence.events)} ledger events: {check_ledger(evidence, outside)}")
        verdict.notes.extend(left_out(evidence))
        verdict.passed.append(check_plan(evidence))
        verdict.passed.append(check_receipts(evidence))
        for check in (check_containment, check_approvals, check_optouts, check_attestations):
            passed, notes = check(evidence)
            verdict.passed.extend(passed)
            verdict.notes.extend(notes)
    except Bad as error:
        verdict.problems.append(str(error))
    except Unverified as error:
        verdict.notes.extend(error.args[0])
        verdict.problems.append("the approvals could not be verified here")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        verdict.problems.append(f"the evidence is not in the expected form ({type(error).__name__}: {error})")
    return Verdict(*([printable(text) for text in texts] for texts in verdict))


def printable(text: str) -> str:
    """The text on one line and without anything that a terminal obeys: names in the folder may be anybody's."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def about_key(evidence: Evidence, key: str, *, signed_outside: bool) -> list[str]:
    """A sentence on whose key signed the folder's checkpoint. Raises Bad when it is another than the one given."""
    if "checkpoint" not in evidence.files:
        if key and not signed_outside:
            raise Bad("nothing here is signed by the key that was given: the folder has no signed checkpoint")
        return []
    own = evidence.own_key().strip()
    if key and own != key.strip():
        raise Bad("the checkpoint in the folder is by another key than the one given")
    return [f"the checkpoint's key is {own}: " + ("the one given" if key else "compare it with the one you were told")]


def _outside(content: bytes, key: str | Callable[[], str]) -> dict[str, Any]:
    """A checkpoint kept elsewhere: our own JSON as it stands, or a signed note by the key."""
    if _is_json(content):
        found: dict[str, Any] = json.loads(content.decode("utf-8"))
        return found
    return signed_checkpoint(content, key if isinstance(key, str) else key())


def _is_json(content: bytes) -> bool:
    return content.lstrip().startswith(b"{")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check an evidence folder of offkey, offline.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint that was kept elsewhere: signed, or JSON")
    parser.add_argument("--key", default="", help="the ledger's public key as you were told it: name+id+base64")
    args = parser.parse_args(argv)
    verdict = verify(args.folder, args.checkpoint, args.key)
    for text in verdict.passed:
        print("  ok    " + text)
    for text in verdict.notes:
        print("  note  " + text)
    for text in verdict.problems:
        print("  FAIL  " + text)
    print("NOT INTACT" if verdict.problems else "INTACT")
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
