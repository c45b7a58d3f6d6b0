"""Mail to the one server that the user configured, under the rules of `offkey/http.py`: encrypted except at loopback,
with a time limit, sent once.
"""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from offkey.errors import UsageError
from offkey.http import NoAnswer, is_loopback
from offkey.secret import Secret

SECONDS = 20.0
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """`smtps` speaks TLS from the first byte; `smtp` must be able to STARTTLS, except at loopback."""

    scheme: str
    host: str
    port: int
    user: str


def server(url: str) -> MailServer:
    """The server in `smtp://user@host:587` or `smtps://user@host:465`. Raises UsageError."""
    parts = urlsplit(url)
    try:
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if parts.password is not None:
        raise UsageError("a mail server's address has a password in it", advice="give it by reference; it leaked")
    if not port or parts.scheme not in PORTS or not parts.hostname:
        raise UsageError("that is no mail server's address", advice="write smtp://user@host:587")
    return MailServer(scheme=parts.scheme, host=parts.hostname, port=port, user=unquote(parts.username or ""))


def send(at: MailServer, password: Secret, message: EmailMessage) -> None:
    """Hand the message over, once. Raises NoAnswer unless the server took it for every recipient."""
    context = ssl.create_default_context()
    try:
        if at.scheme == "smtps":
            made: smtplib.SMTP = smtplib.SMTP_SSL(at.host, at.port, timeout=SECONDS, context=context)
        else:
            made = smtplib.SMTP(at.host, at.port, timeout=SECONDS)
        with made:
            if at.scheme == "smtp" and not is_loopback(at.host):
                made.starttls(context=context)
            if at.user:
                made.login(at.user, password.reveal().decode("utf-8", "surrogateescape"))
            refused = made.send_message(message)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        # What the server says may quote what was sent: only its code is kept.
        code = getattr(error, "smtp_code", "")
        raise NoAnswer(
            f"{at.host}: {type(error).__name__} {code}".rstrip(), advice="check server, user, password"
        ) from None
    if refused:
        raise NoAnswer(f"{at.host} refused {len(refused)} recipients", advice="check the addresses")
