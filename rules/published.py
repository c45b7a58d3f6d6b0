"""Values that providers publish for everybody to use or to read: test keys, emulators' keys, documentation's examples.

Kept as SHA-256, so that no value stands here. AWS's and others' with EXAMPLE in them are told by that word.
"""

_DIGESTS = frozenset(
    {
        # Azurite and the Azure storage emulator (learn.microsoft.com/azure/storage/common/storage-use-azurite)
        "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059",
        # The Azure Cosmos DB emulator (learn.microsoft.com/azure/cosmos-db/emulator)
        "aa6547439583c3a275d4542a0df6c1ad6a863971be9f2a2220f027cc02aef615",
        # ReCAPTCHA's site key for tests (developers.google.com/recaptcha/docs/faq)
        "03b970ed8171d73b58bbc9a5c72e3e4eec28503b56b3bb400a0801857dd45614",
        # ReCAPTCHA's secret key for tests (the same page)
        "f5e95c9954635b65acab57e6d5ea663eb900f06dc8794a90358f5abb1c77d4e0",
        # Stripe's documentation (docs.stripe.com/keys)
        "2cafc0970149a84f3b9e62eaf169f36f59907a3b3e31f7b82e68c69cd27f7326",
        # Stripe's older documentation (stripe.com/docs/api)
        "f2d6ca16515033e5dce14eba840b979d27b5cbae24bb3e5bf484339667f86397",
        # MD5, SHA-1, SHA-256, SHA-384 and SHA-512 of nothing
        "f215faf9d88b7f0a881632ee22459ee452a296c808d261b6cc993d3a1fd0600e",
        "07e23ede2756aa3f5f7cc9759117c4910875e032c27b8556a1e20626224f10ec",
        "cd372fb85148700fa88095e3492d3f9f5beb43e555e5ff26d95f5a6adc36f8e6",
        "f170a4803c7e3adec5dcaca121063864601c436f0135422acca1d33efb3aa4b9",
        "2a5049ed45b470054f963b922905d77ba7cbd0674ebf8a2639c571e7eb1c1974",
    }
)
_SIZES = frozenset((32, 40, 64, 88, 96, 128))
"""Of the values themselves, in bytes."""


def published(value: bytes) -> bool:
    """Whether a value is one that its provider publishes."""
    if len(value) not in _SIZES:
        return False
    from hashlib import sha256  # the pre-commit hook hardly ever needs it

    return sha256(value).hexdigest() in _DIGESTS
