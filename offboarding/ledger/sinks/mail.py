"""Mailboxes elsewhere. What they hold cannot be read back from here: people compare, with `ledger verify --checkpoint`.

The Message-ID is made of the checkpoint, so that the same one sent twice (after a kill in between) shows as the same.
"""

import re
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from offboarding.configuration import references
from offboarding.ledger import note as notes
from offboarding.ledger.chain import PREFIX, Checkpoint
from offboarding.ledger.settings import MailSink
from offboarding.ledger.sinks.kept import SinkFailed
from offkey import smtp
from offkey.errors import OffkeyError
from offkey.secret import Secret


def put(sink: MailSink, state: Path, note: bytes, checkpoint: Checkpoint, now: datetime) -> str:
    """Mail the note. Returns the Message-ID. Raises SinkFailed unless every recipient's server took it."""
    message = _message(sink, note, checkpoint, now)
    try:
        password = references.token(sink.password) if sink.password else Secret(b"")
        smtp.send(smtp.server(sink.server), password, message)
    except OffkeyError as error:
        raise SinkFailed(str(error), advice=error.advice) from error
    return str(message["Message-ID"])


def kept(sink: MailSink, state: Path, now: datetime) -> None:
    """Nothing can be read back."""


def _message(sink: MailSink, note: bytes, checkpoint: Checkpoint, now: datetime) -> EmailMessage:
    origin = notes.claimed(note)[0]
    root = checkpoint.merkle_root.removeprefix(PREFIX)
    message = EmailMessage()
    message["From"], message["To"] = sink.sender, ", ".join(sink.to)
    message["Date"] = format_datetime(now)
    message["Subject"] = f"Checkpoint of ledger {re.sub(r'[^A-Za-z0-9._/-]', '_', origin)} over {checkpoint.seq} events"
    message["Message-ID"] = f"<{checkpoint.seq}.{root[:32]}@{re.sub(r'[^A-Za-z0-9.-]', '-', origin).strip('.-')}>"
    message.set_content(
        "Keep this message where nobody who runs offkey can change it. To compare:\n\n"
        "    offkey ledger verify --checkpoint checkpoint --key PUBLIC-KEY\n\n" + note.decode()
    )
    message.add_attachment(note, maintype="application", subtype="octet-stream", filename="checkpoint")
    return message
