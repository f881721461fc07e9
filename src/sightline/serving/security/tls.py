"""TLS: which certificate the server shows, and whose certificates it takes."""

import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sightline.errors import InputError
from sightline.serving.security.settings import SecuritySettings

log = logging.getLogger("sightline.serving")

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secret and authenticated. Those of TLS 1.3 all are."""
_MOST_SHOWN = 64

Peer = Mapping[str, Any]


@dataclass(frozen=True)
class Pem:
    """What the files held when they were last found good, for what reads no `ssl.SSLContext`."""

    certificate: bytes
    key: bytes = field(repr=False)
    client_ca: bytes | None


class Tls:
    """The context of a server's connections.

    pem
        Another object after each `reload` that went well. May be read from any thread.

    Raises:
        InputError: the certificate, its key or the clients' authority cannot be used.
    """

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None = None) -> None:
        self._files = certificate, key, client_ca
        self.context = _context(certificate, key, client_ca)
        self.pem = self._read()

    def reload(self) -> None:
        """Show the certificate that is in its file now to whoever connects from now on.

        An authority that was added to its file is trusted, too; one that was taken out still is over HTTP until a
        restart.

        Raises:
            InputError: what is there now cannot be used; what was there before still is.
        """
        certificate, key, client_ca = self._files
        _context(certificate, key, client_ca)  # a context that loads half of it would be good for nothing
        self.context.load_cert_chain(certificate, key)
        if client_ca is not None:
            self.context.load_verify_locations(client_ca)
        self.pem = self._read()
        log.info("certificate: read again from '%s'", certificate)

    def _read(self) -> Pem:
        certificate, key, client_ca = self._files
        try:
            authority = None if client_ca is None else client_ca.read_bytes()
            return Pem(certificate.read_bytes(), key.read_bytes(), authority)
        except OSError as err:
            raise InputError(f"'{err.filename}' cannot be read: {err.strerror or err}.") from err


def open_tls(settings: SecuritySettings) -> Tls | None:
    """What the settings say; None: no TLS. Raises as `Tls`."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Tls(settings.tls_cert, settings.tls_key, settings.tls_client_ca)


def peer_name(peer: Peer) -> str | None:
    """What a client's certificate calls it: its common name, else the first of its alternative names."""
    names = [value for part in peer.get("subject", ()) for field, value in part if field == "commonName"]
    names += [value for _, value in peer.get("subjectAltName", ())]
    shown = ["".join(char for char in str(name) if char.isprintable())[:_MOST_SHOWN] for name in names]
    return next((name for name in shown if name), None)


def _context(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    for path in (certificate, key, client_ca):
        if path is not None and not path.is_file():
            raise InputError(
                f"There is no file '{path}'. TLS takes PEM files by --tls-cert, --tls-key, --tls-client-ca."
            )
    try:
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except (OSError, ValueError) as err:
        raise InputError(
            f"The certificate '{certificate}' cannot be used with the key '{key}': {_why(err)}. Both are PEM, the "
            "certificate with those between it and the root, the key without a password."
        ) from err
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ValueError) as err:
            raise InputError(f"The authority '{client_ca}' cannot be read: {_why(err)}. It is PEM.") from err
    return context


def _refuse_password() -> str:
    raise ValueError("the key has a password")


def _why(err: Exception) -> str:
    return getattr(err, "reason", None) or getattr(err, "strerror", None) or str(err)
