"""What the programs of benchmarks/scan.py found, made comparable. No value of a secret is kept: kinds and places only.

A peer's finding is (kind in offkey's words, object, line); its kind comes from KINDS, which holds only kinds that both
know. A rule of a peer that is not in the table is counted as not compared and named in the result.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HEADING = 5
"""A key's value begins below its first line and headings, which some peers name instead."""
Place = tuple[str, str, int]  # kind in the table's words, object id (the path where it cannot be told), line

# A word of this table is a prefix of offkey's kinds. The left side: a peer's rule name as it prints it, lower case.
KINDS: dict[str, str] = {
    # gitleaks, and kingfisher's rules of the same names
    "github-pat": "github.pat.classic",
    "github-fine-grained-pat": "github.pat.fine_grained",
    "github-oauth": "github.oauth",
    "github-app-token": "github.app",
    "github-refresh-token": "github.app.refresh",
    "gitlab-pat": "gitlab.pat",
    "slack-bot-token": "slack.bot",
    "slack-user-token": "slack.user",
    "slack-app-token": "slack.app",
    "slack-webhook-url": "slack.webhook",
    "aws-access-token": "aws",
    "private-key": "private_key",
    "npm-access-token": "npm.token",
    "pypi-upload-token": "pypi.token",
    "stripe-access-token": "stripe",
    "sendgrid-api-token": "sendgrid.api_key",
    "gcp-api-key": "gcp.api_key",
    "jwt": "jwt",
    # trufflehog's detector names
    "github": "github",
    "gitlab": "gitlab",
    "slack": "slack",
    "slackwebhook": "slack.webhook",
    "aws": "aws",
    "privatekey": "private_key",
    "stripe": "stripe",
    "sendgrid": "sendgrid",
    "jdbc": "database.jdbc",
    "postgres": "database.postgres",
    "mongodb": "database.mongodb",
}


def records(output: bytes) -> Iterator[dict[str, object]]:
    """The objects of JSON lines; what is no JSON object (a banner) is left out."""
    for text in output.splitlines():
        if text.startswith(b"{"):
            try:
                yield json.loads(text)
            except ValueError:
                continue


def ours(output: bytes) -> Counter[str]:
    """Each place of each finding as one line of JSON, without what differs by run: fingerprint and dates of finding."""
    found: Counter[str] = Counter()
    for record in records(output):
        places = record["places"]
        assert isinstance(places, list)
        for place in places:
            where = [place.get(key) for key in ("object", "object_type", "path", "line", "decoding", "spans")]
            found[json.dumps([record["kind"], record["redacted"], *where], sort_keys=True)] += 1
    return found


def our_places(output: bytes) -> set[Place]:
    """(kind, object, line) and (kind, path, line) of each place."""
    found: set[Place] = set()
    for text in ours(output):
        kind, _, oid, _, path, line, *_ = json.loads(text)
        found |= {(kind, name, line) for name in (oid, path) if name}
    return found


def kingfisher(output: bytes) -> Iterator[tuple[str, str, str, int]]:
    for record in records(output):
        finding, rule = record.get("finding"), record.get("rule")
        if isinstance(finding, dict) and isinstance(rule, dict):
            commit = ((finding.get("git_metadata") or {}).get("commit") or {}).get("id", "")
            yield rule["name"], commit, finding["path"], finding["line"]


def trufflehog(output: bytes) -> Iterator[tuple[str, str, str, int]]:
    for record in records(output):
        metadata = record.get("SourceMetadata")
        if isinstance(metadata, dict):
            git = metadata["Data"]["Git"]
            yield str(record["DetectorName"]), git["commit"], git.get("file", ""), git.get("line", 0)


def gitleaks(output: bytes) -> Iterator[tuple[str, str, str, int]]:
    for record in json.loads(output or b"[]"):
        yield record["RuleID"], record["Commit"], record["File"], record["StartLine"]


READERS = {"kingfisher": kingfisher, "trufflehog": trufflehog, "gitleaks": gitleaks}


def blobs(repo: Path, names: list[str]) -> list[str]:
    """For each "commit:path" the blob's id, or "" where git cannot tell it."""
    asked = "".join(f"{name}\n" for name in names).encode()
    command = ["git", "-C", str(repo), "cat-file", "--batch-check=%(objectname) %(objecttype)"]
    told = subprocess.run(command, input=asked, capture_output=True, check=True).stdout.decode(errors="replace")
    return [line.split(" ")[0] if line.endswith(" blob") else "" for line in told.splitlines()]


def peer_result(repo: Path, peer: str, output: bytes, found: set[Place]) -> dict[str, object]:
    """What `peer` found of kinds both know and offkey did not, and what was not compared; lists are complete."""
    rows = list(READERS[peer](output))
    known = [row for row in rows if row[0].lower() in KINDS]
    left = Counter(row[0] for row in rows if row[0].lower() not in KINDS)
    oids = blobs(repo, [f"{commit}:{path}" for _, commit, path, _ in known])
    missed = []
    for (rule, commit, path, line), oid in zip(known, oids, strict=True):
        word = KINDS[rule.lower()]
        lines = range(line, line + HEADING)
        if not any(kind.startswith(word) and name == (oid or path) and at in lines for kind, name, at in found):
            missed.append({"rule": rule, "commit": commit, "object": oid, "path": path, "line": line})
    return {
        "findings": len(rows),
        "compared": len(known),
        "not_found_by_offkey": missed,
        "rules_not_compared": dict(sorted(left.items())),
    }


def same(first: bytes, second: bytes) -> dict[str, object]:
    """The places that only one of two runs of offkey gives."""
    one, two = ours(first), ours(second)
    return {
        "places": [one.total(), two.total()],
        "same": one == two,
        "only_first": sorted((one - two).elements()),
        "only_second": sorted((two - one).elements()),
    }
