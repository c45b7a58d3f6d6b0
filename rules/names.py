"""The words of names that say what a value is of: `api_key_id`, `publicKey`, `csrf-token`."""

import re

_PIECE = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
OF_SOMETHING_ELSE = frozenset(
    b"id ids name names type types url uri path file filename dir folder length len size count field label placeholder "
    b"title text message msg description hint error errors policy regex pattern format prefix suffix header headers "
    b"param params parameter arg env variable ref reference arn version expiry expires expiration ttl timeout date "
    b"hash hashed digest public pub pubkey publishable fingerprint thumbprint index position pos endpoint host domain "
    b"class module selector xpath css button input column table algorithm alg kind provider issuer audience scope "
    b"username user login email hash pwdhash scopes usage limit max min cost price symbol address contract mint vault "
    b"store manager helper factory nonce etag encrypted ciphertext sealed sha md kid "
    b"instance encode decode encoding charset "
    b"enabled required strength reset rotation rules validator checker history age bits bytes".split()
)
"""With which names end whose value is no secret although one is spoken of: `token_url`, `password_field`."""
PASSING = frozenset(
    b"csrf xsrf csrfmiddleware authenticity verification page nextpage next prev continuation cursor cancellation sync "
    b"pagination device".split()
)
"""What is handed out with each answer, and what a push service calls a telephone."""
OF_OTHER_KEYS = frozenset(
    b"primary foreign cache sort partition row object s3 bucket host idempotency dedup group index range hash lookup "
    b"translation i18n locale map dict item node react shortcut hot keyboard ring pgp gpg ssh rsa ed25519 known route "
    b"routing shard state query search filter config settings feature flag metadata label page video image song track "
    b"timeout content lock site websocket socket youtube post issue ticket project jira sheet"
    b" file document folder".split()
)
"""Of what keys are that open nothing, where no more is known than that."""
SHAM = frozenset(b"test tests testing example sample dummy fake mock stub placeholder invalid wrong bad".split())
"""That a value is none: `test_token`, `exampleKey`."""
BESIDE_VALUES = frozenset(
    b"sha sha1 sha256 sha512 md5 commit checksum digest integrity etag revision rev hash uuid guid version image tag "
    b"ref branch fingerprint thumbprint public site color colour path file filename dir folder email host hostname url "
    b"uri endpoint domain port name username user login id ids uid sid region zone date time timestamp expires size "
    b"length count width height class module package import require sum blob tree nonce salt iv trace span request "
    b"correlation session build release serial model pubkey publishable issuer audience description title secure "
    b"encrypted ciphertext cursor etag".split()
)
"""What else stands beside the name of a provider."""
SHOWN = frozenset(
    b"public publishable idempotency routing cache primary foreign sort partition shard site object".split()
)
"""Of what a provider's keys are that open nothing."""

_PLAIN = frozenset(
    b"api app application key keys token tokens secret secrets access auth authorization authentication authtoken "
    b"client password passwd passphrase passcode pass pwd pw pin pat private live test prod production sandbox "
    b"staging stage dev development default user account acct admin bearer oauth refresh consumer webhook webhooks "
    b"hook signing signature encryption encrypt encrypted master service server rest sdk web write read only rw ro "
    b"value values val my our the your this self x http https header headers credential credentials cred creds "
    b"personal project org organization organisation team workspace integration bot page id sid public primary "
    b"secondary main new old current previous next hmac jwt session base base64 url uri host endpoint env environ "
    b"environment process config configuration conf settings setting options opts params props parameters args data "
    b"local global root system string str var const let export set s v k z n secretkey apikey accesskey clientsecret "
    b"apisecret apitoken accesstoken privatekey secretaccesskey authkey appkey appsecret license serial shared hash "
    b"deploy push management partner merchant store site email sms mail smtp".split()
)
"""Of what the names of anybody's keys are made."""


def pieces_of(name: bytes) -> list[bytes]:
    """The words of a name in lower case, in any of the usual ways of writing."""
    return [piece.lower() for piece in _PIECE.findall(name)]


def of_another(name: bytes) -> bool:
    """Whether a name has a word of its own beside those that the names of any provider's keys are made of."""
    return not all(piece in _PLAIN or piece.isdigit() for piece in pieces_of(name))
