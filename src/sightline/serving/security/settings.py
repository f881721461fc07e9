"""Who may use a server, and how it is reached."""

import ipaddress
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from sightline.errors import InputError
from sightline.records import Frozen
from sightline.serving.security.callers import Scope
from sightline.serving.security.tokens import TokenSettings


class SecuritySettings(Frozen):
    """Keys, tokens, certificates and the control plane. By default everything is open, and on loopback only.

    insecure
        Open to whoever reaches it, also where that is not only this machine.
    api_keys
        The file of `sightline apikeys`.
    tls_cert, tls_key
        PEM files; with them the server speaks https, and http no more.
    tls_client_ca
        Whoever connects needs a certificate of this authority (mutual TLS).
    client_scopes
        What a caller with such a certificate, and no key, may.
    control_port
        Of the control plane, which loads and unloads models; None: there is none. It takes the scope `admin`.
    model_repository
        Bundles in this folder may be loaded by their folder's name.
    audit_log
        Where what the control plane does is written; None: to the ordinary log.
    allow_url_hosts
        Pictures may be sent by their address at these hosts; see `Links`.
    """

    insecure: bool = False
    api_keys: Path | None = None
    tokens: TokenSettings | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    client_scopes: frozenset[Scope] = frozenset({"predict", "read"})
    control_host: str = "127.0.0.1"
    control_port: int | None = Field(default=None, ge=0, le=65535)
    model_repository: Path | None = None
    audit_log: Path | None = None
    allow_url_hosts: tuple[str, ...] = ()

    @property
    def asks_who(self) -> bool:
        """Whether a caller has to say who it is."""
        return self.api_keys is not None or self.tokens is not None or self.tls_client_ca is not None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise InputError("A certificate and its key belong together: give both --tls-cert and --tls-key.")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise InputError("Certificates of clients are part of TLS: give --tls-cert and --tls-key, too.")
        if self.control_port is not None and not self.asks_who:
            raise InputError(
                "The control plane is never open: it needs callers that are known. Make a key with "
                "`sightline apikeys add NAME --scope admin --file keys.json` and serve with --api-keys keys.json."
            )
        if self.model_repository is not None and not self.model_repository.is_dir():
            raise InputError(f"There is no folder '{self.model_repository}' for --model-repository.")
        return self

    def check_host(self, host: str) -> None:
        """Refuse to be open to others by accident.

        Raises:
            InputError: the address is not loopback, and nobody has to say who they are.
        """
        if self.asks_who or self.insecure or is_loopback(host):
            return
        raise InputError(
            f"On {host} others can reach this server, and it asks nobody who they are. Give it --api-keys FILE "
            "(made by `sightline apikeys add`), --jwt-issuer or --tls-client-ca. Where something before it "
            "does that, as in a private container network: --insecure, or SIGHTLINE_INSECURE=1 in the environment."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach this address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
