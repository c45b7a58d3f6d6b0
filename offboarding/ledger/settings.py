"""[ledger] of `offkey.toml`: where the ledger lies, the key of its checkpoints, and the sinks that keep them."""

import re
from pathlib import PurePath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from offboarding.configuration.schema import Beside, Table
from offboarding.configuration.sections import Located, Reference
from scanner.repository.gitenv import mask

_BRANCH = re.compile(r"(?!.*(\.\.|//|\.lock(/|$)|/\.))[A-Za-z0-9][A-Za-z0-9._/-]{0,199}(?<![/.])")


def _branch(value: str) -> str:
    if not _BRANCH.fullmatch(value):
        raise ValueError("is no plain name of a branch")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", value):
        raise ValueError("is no e-mail address")
    return value


Address = Annotated[str, AfterValidator(_address)]


class GitSink(Table):
    """A branch of a remote that takes no forced push. Each checkpoint is a commit."""

    kind: Literal["git"]
    remote: Located
    branch: Annotated[str, AfterValidator(_branch)] = "offkey-checkpoints"
    token: Reference = ""
    """For https; ssh asks the agent."""

    @property
    def name(self) -> str:
        return f"git {mask(self.remote)} {self.branch}"


class S3Sink(Table):
    """A bucket with Object Lock. Each checkpoint is an object in COMPLIANCE mode."""

    kind: Literal["s3"]
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]+/)*$")] = "offkey/"
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] = "us-east-1"
    url: str = ""
    """Of another service that speaks S3."""
    credentials: Annotated[Reference, Field(min_length=1)]
    retain_days: Annotated[int, Field(ge=1, le=36500)] = 3650

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


class MailSink(Table):
    """Mailboxes elsewhere. They cannot be read back: people compare."""

    kind: Literal["mail"]
    server: str
    """smtp://user@host:587 (STARTTLS) or smtps://user@host:465."""
    sender: Address
    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    password: Reference = ""

    @property
    def name(self) -> str:
        return f"mailto:{','.join(self.to)}"


class FileSink(Table):
    """A folder on a mount that can be written once. Each checkpoint is a file."""

    kind: Literal["file"]
    folder: Beside

    @property
    def name(self) -> str:
        return f"file:{PurePath(self.folder)}"


Sink = Annotated[GitSink | S3Sink | MailSink | FileSink, Field(discriminator="kind")]


class Ledger(Table):
    """`database` and `key` are references; `verifiers` are public keys of earlier checkpoint keys."""

    database: Reference = ""
    key: Reference = ""
    verifiers: tuple[str, ...] = ()
    sink: tuple[Sink, ...] = ()

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.sink and not self.key:
            raise ValueError("a sink needs `key` under [ledger]: `offkey ledger init` makes one")
        if len({one.name for one in self.sink}) < len(self.sink):
            raise ValueError("the same sink is listed twice")
        return self
