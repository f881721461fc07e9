"""Options of `sightline serve` about who may use the server and how it is reached."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sightline.serving.security import Scope, SecuritySettings, TokenSettings

_PANEL = "Security"


def _option(*names: str, metavar: str | None = None, **more: Any) -> Any:
    """An option that also the environment can set: `--api-keys` as SIGHTLINE_API_KEYS."""
    variable = names[0].strip("-").replace("-", "_").upper()
    return typer.Option(
        *names,
        metavar=metavar,
        envvar=f"SIGHTLINE_{variable}",
        rich_help_panel=_PANEL,
        show_default=False,
        **more,
    )


ApiKeys = Annotated[
    Path | None, _option("--api-keys", metavar="FILE", help="Made by `sightline apikeys add`.")
]
JwtIssuer = Annotated[
    str | None, _option("--jwt-issuer", metavar="URL", help="Tokens (JWT) of this provider hold, too.")
]
JwtAudience = Annotated[
    str | None, _option("--jwt-audience", metavar="TEXT", help="What tokens must be meant for.")
]
JwtKeys = Annotated[
    str | None,
    _option("--jwt-keys", metavar="FILE|URL", help="The provider's keys (JWKS), a file or by https."),
]
JwtScope = Annotated[
    list[str] | None,
    _option(
        "--jwt-scope",
        metavar="VALUE=SCOPE",
        help="A token's scope or role that gives predict, read or admin. Default: sightline:SCOPE does.",
    ),
]
TlsCert = Annotated[Path | None, _option("--tls-cert", metavar="FILE", help="PEM: then https only.")]
TlsKey = Annotated[Path | None, _option("--tls-key", metavar="FILE", help="PEM, without a password.")]
TlsClientCa = Annotated[
    Path | None,
    _option(
        "--tls-client-ca", metavar="FILE", help="PEM: every client needs a certificate of this authority."
    ),
]
ClientScopes = Annotated[
    str,
    _option(
        "--client-scopes", metavar="SCOPES", help="Of clients known by certificate. Default: predict,read."
    ),
]
ControlPort = Annotated[
    int | None,
    _option("--control-port", min=0, max=65535, help="Load and unload models here; takes the scope admin."),
]
ControlHost = Annotated[
    str, _option("--control-host", help="Address of the control port. Default: 127.0.0.1.")
]
ModelRepository = Annotated[
    Path | None,
    _option(
        "--model-repository", metavar="FOLDER", help="Bundles that may be loaded by their folder's name."
    ),
]
AuditLogFile = Annotated[
    Path | None, _option("--audit-log", metavar="FILE", help="Who loaded what, a line of JSON each.")
]
AllowUrlHost = Annotated[
    list[str] | None,
    _option(
        "--allow-url-host", metavar="HOST", help="Pictures may be sent by an https address at this host."
    ),
]
Insecure = Annotated[bool, _option("--insecure", help="Be open to whoever reaches this host.")]


def security_settings(
    *,
    jwt: tuple[str | None, str | None, str | None],
    jwt_scopes: Sequence[str],
    client_scopes: str,
    **options: Any,
) -> "SecuritySettings":
    """What the options say together.

    Raises:
        InputError: they do not fit together, or name what is not there.
    """
    from sightline.serving.security import SecuritySettings

    scopes = frozenset(scope_named(name) for name in client_scopes.split(","))
    return SecuritySettings(tokens=_tokens(jwt, jwt_scopes), client_scopes=scopes, **options)


def _tokens(jwt: tuple[str | None, str | None, str | None], scopes: Sequence[str]) -> "TokenSettings | None":
    from sightline.errors import InputError
    from sightline.serving.security import TokenSettings

    issuer, audience, keys = jwt
    if issuer is None and audience is None and keys is None:
        return None
    if issuer is None or audience is None or keys is None:
        raise InputError("Tokens take all of --jwt-issuer, --jwt-audience and --jwt-keys.")
    given = {value: scope_named(scope) for value, _, scope in (one.rpartition("=") for one in scopes)}
    more = {"scopes": given} if given else {}
    return TokenSettings.model_validate({"issuer": issuer, "audience": audience, "keys": keys, **more})


def scope_named(name: str) -> "Scope":
    """The scope of this name. Raises `InputError`."""
    from sightline.errors import InputError
    from sightline.serving.security import SCOPES

    found = next((scope for scope in SCOPES if scope == name.strip()), None)
    if found is None:
        raise InputError(f"'{name}' is no scope. Scopes are: {', '.join(SCOPES)}.")
    return found
