"""The certificate that gRPC shows: the one that HTTP shows, read again when that is."""

import grpc

from sightline.serving.security import Tls
from sightline.serving.security.tls import Pem


def credentials_of(tls: Tls) -> grpc.ServerCredentials:
    """Show what `tls` has at the moment of each connection.

    Where it has an authority, nobody connects without a certificate. Connections that are open stay open. An
    authority that is not in its file any more is trusted no more.
    """
    shown = tls.pem

    def newer() -> grpc.ServerCertificateConfiguration | None:
        """From a thread of gRPC's, before every handshake; it keeps what it was given last, and takes nothing twice."""
        nonlocal shown
        pem = tls.pem
        if pem is shown:
            return None
        shown = pem
        return _configuration(pem)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(shown), newer, require_client_authentication=shown.client_ca is not None
    )


def _configuration(pem: Pem) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pem.key, pem.certificate)], pem.client_ca)
