"""A bucket with Object Lock: an object for each checkpoint, in COMPLIANCE mode, which no account can shorten or delete.

Needs s3:PutObject, s3:PutObjectRetention, s3:ListBucketVersions, s3:GetObjectVersion. Every version counts: whoever
puts another one over a name leaves the first in place.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from offboarding.configuration import references
from offboarding.ledger.chain import Checkpoint
from offboarding.ledger.settings import S3Sink
from offboarding.ledger.sinks.kept import Kept, SinkFailed, file_name, named
from offkey import boto
from offkey.errors import OffkeyError
from offkey.http import Gate, Reader

MOST_PAGES = 1000
_READS = frozenset({("AWS", "s3:ListObjectVersions"), ("AWS", "s3:GetObject")})
_DEPOSITS = frozenset({("AWS", "s3:PutObject")})


def put(sink: S3Sink, state: Path, note: bytes, checkpoint: Checkpoint, now: datetime) -> str:
    """Put the object under lock, unless its name is there already. Returns the version. Raises SinkFailed."""
    for present in _versions(sink, sink.prefix + file_name(checkpoint)):
        return str(present["VersionId"])
    answer = _ask(
        sink,
        "PutObject",
        Key=sink.prefix + file_name(checkpoint),
        Body=note,
        ChecksumSHA256=base64.b64encode(hashlib.sha256(note).digest()).decode(),
        ContentMD5=base64.b64encode(hashlib.md5(note, usedforsecurity=False).digest()).decode(),
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=now + timedelta(days=sink.retain_days),
    )
    if not answer.get("VersionId"):
        raise SinkFailed(f"{sink.name} keeps no versions", advice="use a bucket made with Object Lock")
    return str(answer["VersionId"])


def kept(sink: S3Sink, state: Path, now: datetime) -> list[Kept]:
    """Every version of every checkpoint under the prefix. Raises SinkFailed."""
    found = []
    for version in _versions(sink, sink.prefix):
        key, number = str(version["Key"]), str(version["VersionId"])
        claims = named(key.removeprefix(sink.prefix))
        if claims:
            found.append(Kept(f"{key} version {number}", claims, partial(_read, sink, key, number)))
    return found


def _versions(sink: S3Sink, prefix: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    markers: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        answer = _ask(sink, "ListObjectVersions", Prefix=prefix, **markers)
        found += answer.get("Versions", ())
        if not answer.get("IsTruncated"):
            return found
        markers = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer["NextVersionIdMarker"]}
    raise SinkFailed(f"the list of {sink.name} does not end", advice="use a prefix for checkpoints alone")


def _read(sink: S3Sink, key: str, version: str) -> bytes:
    return bytes(_ask(sink, "GetObject", Key=key, VersionId=version)["Body"].read())


def _ask(sink: S3Sink, operation: str, **arguments: Any) -> Mapping[str, Any]:
    try:
        http = _reader(sink)
        client = boto.client(http, "s3", references.aws(sink.credentials), sink.region)
        status, code, answer = boto.call(http, client, operation, Bucket=sink.bucket, **arguments)
    except OffkeyError as error:
        raise SinkFailed(f"{sink.name}: {error}", advice=error.advice) from error
    if status != 200:
        advice = "the bucket needs Object Lock; the credentials need the permissions in docs/ledger.md"
        raise SinkFailed(f"{sink.name}: {operation} was answered {status} {code}", advice=advice)
    return answer


def _reader(sink: S3Sink) -> Reader:
    """A Reader that may put objects there besides, and talks to this bucket's hosts alone."""
    host = f"s3.{sink.region}.amazonaws.com"
    base = sink.url or f"https://{host}"
    configured = base.partition("://")[2].partition("/")[0].partition(":")[0]
    hosts = frozenset({host, f"{sink.bucket}.{host}", f"{sink.bucket}.s3.amazonaws.com", f"{sink.bucket}.{configured}"})
    gate = Gate(provider="ledger.sink", hosts=hosts, reads=_READS, deposits=_DEPOSITS)
    return Reader(gate, base, instance=sink.url)
