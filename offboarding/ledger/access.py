"""The one way in which commands open the ledger: in the state folder, or in the configured database."""

from pathlib import Path

from offboarding.configuration import references
from offboarding.configuration.config import Config
from offboarding.database import StoreError
from offboarding.ledger import keys
from offboarding.ledger.store import Store


def opened(settings: Config, state: Path) -> Store:
    """The open store; the caller closes it. Raises StoreError, ReferenceBroken, KeyRefused.

    A checkpoint key that cannot be used is found here, before anything is done, not after.
    """
    keys.signer(settings)
    reference = settings.ledger.database
    if not reference:
        return Store.open(state)
    url = references.token(reference).reveal().decode("utf-8", "replace")
    try:
        return Store.open(url)
    except ModuleNotFoundError as error:
        raise StoreError(f"the ledger's database needs {error.name}", advice="install offkey[postgres]") from error
