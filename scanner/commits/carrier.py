"""The kinds of later commits that bring a value again."""

from enum import StrEnum


class Carrier(StrEnum):
    """How a later commit brings a value again: `kind` of those in `Finding.carried` (docs/attribution.md)."""

    AMEND = "amend"
    REBASE = "rebase"
    CHERRY_PICK = "cherry-pick"
    SQUASH = "squash"
    REVERT = "revert"
    MERGE = "merge"
    MOVE = "move"
    COPY = "copy"
    ADDED_AGAIN = "added-again"
    INDEPENDENT = "independent"
    MESSAGE = "message"
    TAG = "tag"
    OTHER_REPOSITORY = "other-repository"
