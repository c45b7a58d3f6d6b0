"""How e-mail addresses are compared."""

GMAIL = frozenset({"gmail.com", "googlemail.com"})


def normal_email(address: str) -> str:
    """The form in which addresses are compared: no case, and for Gmail no dots and no plus tag.

    https://support.google.com/mail/answer/7436150 for the dots.
    """
    local, at, domain = address.strip().strip("<>").casefold().rpartition("@")
    if domain in GMAIL:
        local, domain = local.partition("+")[0].replace(".", ""), "gmail.com"
    return f"{local}{at}{domain}"
