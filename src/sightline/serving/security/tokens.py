"""JSON Web Tokens (RFC 7519) of an OpenID Connect provider, signed with keys that only the provider has."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import Field

from sightline.errors import Unauthorized
from sightline.extras import require
from sightline.records import Frozen
from sightline.serving.security.callers import SCOPES, Caller, Scope
from sightline.serving.security.key_set import KeySet

ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
"""Those with a public key: with none of them can a public key be taken for a secret, and `none` is not one."""

_CLAIMS = ("scope", "scp", "roles")
_LONGEST = 8 * 1024
_MOST_REMEMBERED = 4096
_MOST_SHOWN = 64


class TokenSettings(Frozen):
    """Whose tokens hold here.

    issuer, audience
        The token's `iss` must be this, its `aud` must be or contain that.
    keys
        A file with the provider's JSON Web Key Set, or its https address.
    scopes
        Which scope a value of the token's `scope`, `scp` or `roles` gives. Without it `sightline:predict` gives
        `predict`, and so on.
    leeway_s
        How far clocks may be apart.
    """

    issuer: str
    audience: str
    keys: str
    scopes: Mapping[str, Scope] = Field(default={f"sightline:{scope}": scope for scope in SCOPES})
    leeway_s: float = Field(default=30.0, ge=0, le=300)


class Tokens:
    """Tells whose token one is. Belongs to the event loop.

    A token that was found good is remembered until it expires or the keys are read again: a signature takes several
    times as long to check as a hash.
    """

    def __init__(self, settings: TokenSettings) -> None:
        require("jwt")
        self._settings = settings
        self.keys = KeySet(settings.keys)
        self._remembered: OrderedDict[bytes, tuple[float, int, Caller]] = OrderedDict()

    async def find(self, token: bytes) -> Caller:
        """Whose token this is.

        Raises:
            Unauthorized: it is not signed by the provider, not for this server, or not valid now.
        """
        if len(token) > _LONGEST:
            raise Unauthorized("invalid", f"The token has more than {_LONGEST:,} bytes.")
        digest = hashlib.sha256(token).digest()
        known = self._remembered.get(digest)
        if known is not None and known[1] == self.keys.generation and time.time() < known[0]:
            return known[2]
        claims = await self._verify(token)
        caller = Caller(_name(claims["sub"]), self._scopes(claims))
        until = float(claims["exp"]) + self._settings.leeway_s
        self._remembered[digest] = (until, self.keys.generation, caller)
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return caller

    async def _verify(self, token: bytes) -> dict[str, Any]:
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise Unauthorized(
                    "invalid",
                    f"The token is signed by {str(header.get('alg'))[:20]!r}; {', '.join(ALGORITHMS)} hold.",
                )
            key = await self.keys.find(header.get("kid"))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=self._settings.leeway_s,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as err:
            raise Unauthorized("expired", "The token has expired. Get a new one.") from err
        except jwt.PyJWTError as err:
            raise Unauthorized("invalid", f"The token does not hold: {err}.") from err
        return claims

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        given = {value for claim in _CLAIMS for value in _values(claims.get(claim))}
        return frozenset(scope for value, scope in self._settings.scopes.items() if value in given)


def _values(claim: object) -> Iterable[str]:
    if isinstance(claim, str):
        return claim.split()
    return [value for value in claim if isinstance(value, str)] if isinstance(claim, list) else []


def _name(subject: str) -> str:
    shown = "".join(char if char.isprintable() else "?" for char in subject)
    return f"jwt:{shown[:_MOST_SHOWN]}"
