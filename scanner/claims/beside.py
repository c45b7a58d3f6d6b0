"""Claims in the text at a credential: the user of a URL, the account of a connection string. Nobody signs any."""

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from scanner.claims.said import WRITTEN, Said, Value, name_like, plain

_URL = re.compile(rb"([a-z][a-z0-9+.-]{1,30})://([^\s:/@\"'`<>\\?#]{1,64}):\Z")
_FAR = 600
_EDGE = re.compile(rb"[\"'`\n\r<>]")
_USER = re.compile(rb"(?:^|;)\s{0,4}(?:user\s?id|uid|user|username)\s{0,4}=\s{0,4}([^;\"'\s]{1,64})", re.IGNORECASE)
_AZURE = re.compile(rb"(?:^|;)\s{0,2}(AccountName|Endpoint|SharedAccessKeyName)=([^;\"'\s]{1,200})", re.IGNORECASE)
_GOOGLE = re.compile(
    rb"\b(project_id|client_email|client_id)\\{0,2}[\"']\s{0,8}:\s{0,8}\\{0,2}[\"']([^\"'\s\\]{3,200})\\{0,2}[\"']"
)


def _named(source: str, raw: bytes) -> Iterator[Said]:
    name = plain(raw)
    if name_like(name):
        yield Said(source, name, WRITTEN)


def url(value: Value) -> Iterator[Said]:
    """The user before the password (RFC 3986, section 3.2.1)."""
    found = _URL.search(value.before[-100:])
    if found:
        yield from _named(f"user of the {plain(found[1])} URL", unquote_to_bytes(found[2]))


def _line(value: Value) -> bytes:
    """The text around the value up to the nearest quotes or line ends, the value itself left out."""
    before = _EDGE.split(value.before[-_FAR:])[-1]
    return before + b";" + _EDGE.split(value.after[:_FAR], maxsplit=1)[0]


def connection_string(value: Value) -> Iterator[Said]:
    """`User ID=` or a synonym (learn.microsoft.com/dotnet/api/system.data.sqlclient.sqlconnection.connectionstring)."""
    for name in _USER.findall(_line(value))[:1]:
        yield from _named("database user", name)


def jdbc(value: Value) -> Iterator[Said]:
    """`user=` among a JDBC URL's properties (docs.oracle.com/javase/8/docs/api/java/sql/DriverManager.html)."""
    for name in re.findall(rb"(?i)[?&;]user(?:name)?=([^;&\"'\s]{1,64})", _line(value).replace(b"&", b";"))[:1]:
        yield from _named("database user", name)


def azure(value: Value) -> Iterator[Said]:
    """learn.microsoft.com/azure/storage/common/storage-configure-connection-string and, for Service Bus,
    learn.microsoft.com/azure/service-bus-messaging/service-bus-sas: the resource, never a person.
    """
    for name, text in _AZURE.findall(_line(value)):
        yield Said(f"Azure {plain(name)}", plain(text), WRITTEN)


def service_account(value: Value) -> Iterator[Said]:
    """A Google service account's key file (cloud.google.com/iam/docs/keys-create-delete). The names stand beside the
    key and can be edited without harming it: written. Who it is, Google knows by `private_key_id`.
    """
    if email := value.parts.get("client_email"):
        yield Said("Google client_email", plain(email), WRITTEN)
    for name, text in _GOOGLE.findall(value.before[-600:] + b"\n" + value.after[:1000]):
        yield Said(f"Google {plain(name)}", plain(text), WRITTEN)


def netrc(value: Value) -> Iterator[Said]:
    """`login` before `password` (gnu.org/software/inetutils/manual, The .netrc file)."""
    found = re.search(rb"\blogin\s{1,8}([^\s\"'<>]{1,80})\s{1,16}password\s{1,8}\Z", value.before[-200:])
    if found:
        yield from _named("login", found[1])


def npmrc(value: Value) -> Iterator[Said]:
    """`email` and `username` of the same .npmrc (docs.npmjs.com/cli/configuring-npm/npmrc)."""
    near = value.before[-400:] + b"\n" + value.after[:400]
    for name, text in re.findall(rb"(?m)^(?:[^\s=]{1,100}:)?(email|username)\s{0,4}=\s{0,4}([^\s\"']{1,100})$", near):
        yield from _named(f".npmrc {plain(name)}", text)
