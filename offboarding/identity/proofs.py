"""What ties identities in commits to people besides author fields: verified signatures, and the provider's push log.

Read only where the organisation has configured signers or a push log. A signature is its committer's: of a commit that
names somebody else as author it says nothing about that one. A program is started for each signature, so of one
identity the newest few by each key are verified.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from offboarding.identity.directory import Directory
from offboarding.identity.seen import Proof
from offboarding.ownership import signatures
from offboarding.ownership.facts import Sources
from offboarding.ownership.pushes import Push
from offkey.errors import OffkeyError
from offkey.model import Gap
from scanner.repository.clone import without_credentials
from scanner.repository.git import Git

SAMPLES = 3
TRIES = 50
"""Anybody can write signatures that do not hold and name a listed key: so many are tried of each key."""
_HEADERS = ("rev-list", "--all", "--reflog", "--header")
_COMMITTER = re.compile(rb"^committer (?P<name>[^<\n]*?) ?<(?P<email>[^>\n]*)>", re.MULTILINE)

Raw = tuple[str, str]
"""Name and e-mail as committed."""


def in_repositories(
    places: Iterable[str | Path], given: Sources, listed: Directory
) -> tuple[tuple[Proof, ...], tuple[Gap, ...]]:
    """The proofs in local repositories, sorted, each once; a Gap for each that could not be read."""
    if not given.signers.configured and not given.pushes:
        return (), ()
    found: set[Proof] = set()
    gaps = []
    for place in places:
        try:
            git = Git(Path(place))
            for one in _signed(git, given.signers, listed):
                if isinstance(one, Gap):
                    gaps.append(one)
                else:
                    found.add(one)
            found.update(_pushed(git, given.pushes, listed))
        except OffkeyError as error:
            why = f"who signed and pushed there is not known: {error}"
            gaps.append(Gap(where=without_credentials(str(place)), why=why, advice=error.advice))
    return tuple(sorted(found, key=lambda proof: (proof.source, proof.name, proof.email, proof.owner))), tuple(gaps)


def _signed(git: Git, signers: signatures.Signers, listed: Directory) -> Iterator[Proof | Gap]:
    """Proofs, and a Gap for a listed key by which so many signatures do not hold that older ones are not tried."""
    if not signers.configured:
        return
    held: Counter[tuple[Raw, bytes]] = Counter()
    tried: Counter[tuple[Raw, bytes]] = Counter()
    for who, key, commit in list(_signed_commits(git, signers)):
        if held[who, key] >= SAMPLES:
            continue
        told = signatures.check(git.run("cat-file", "commit", commit), signers)
        tried[who, key] += 1
        held[who, key] += bool(told and told.by)
        owner = listed.owner_of(told.by) if told is not None and told.by else None
        if owner is not None and told is not None:
            sentence = f"commits it with a key that the organisation lists for {told.by}: signature verified"
            yield Proof(source="signature", name=who[0], email=who[1], owner=owner.id, sentence=sentence)
    for who, key in sorted(key for key, number in tried.items() if key[1] and number == TRIES and not held[key]):
        why = f"none of the newest {TRIES} signatures of <{who[1]}> that name {signers.called(key)} holds"
        yield Gap(where=str(git.path), why=why, advice="older ones, if any, were not tried: see who makes such commits")


def _signed_commits(git: Git, signers: signatures.Signers) -> Iterator[tuple[Raw, bytes, str]]:
    """(committer, listed key or empty, commit) of the newest signed commits of each committer and key."""
    seen: Counter[tuple[Raw, bytes]] = Counter()
    for record in git.stream(*_HEADERS, separator=b"\0"):
        head = record.partition(b"\n\n")[0]
        parts = signatures.split(head + b"\n\n") if b"\ngpgsig" in head else None
        who = _committer(head)
        if parts is None or who is None:
            continue
        key = signers.named_by(parts[1][0])
        if key is None or seen[who, key] >= (TRIES if key else SAMPLES):
            continue
        seen[who, key] += 1
        yield who, key, head.partition(b"\n")[0].decode()


def _committer(head: bytes) -> Raw | None:
    match = _COMMITTER.search(head)
    if match is None:
        return None
    return match["name"].decode("utf-8", "replace").strip(), match["email"].decode("utf-8", "replace").strip()


def _pushed(git: Git, pushes: Iterable[Push], listed: Directory) -> Iterator[Proof]:
    """The committers of what stood at the tip of a branch after each push by an account of the directory."""
    owners = {
        push.after: owner.id
        for push in pushes
        if push.pushed and push.account and (owner := listed.account_owner("github", push.account.id, ""))
    }
    if not owners:
        return
    wanted = "".join(f"{oid}\n" for oid in sorted(owners)).encode()
    stored = git.run("cat-file", "--batch-check=%(objectname) %(objecttype)", input=wanted).decode().splitlines()
    ids = [line.partition(" ")[0] for line in stored if line.endswith(" commit")]
    if not ids:
        return
    options = ("log", "--no-walk=unsorted", "--stdin", "--no-patch", "--encoding=UTF-8", "--format=%H%x00%cn%x00%ce")
    # Split at line feeds alone, which no name can hold: a carriage return it can.
    for line in git.run(*options, input="".join(f"{oid}\n" for oid in ids).encode()).split(b"\n")[:-1]:
        oid, name, email = line.decode("utf-8", "replace").split("\0")
        sentence = f"the github account of {owners[oid]} pushed commits of it, as github's own log says"
        yield Proof(source="push", name=name, email=email, owner=owners[oid], sentence=sentence)
