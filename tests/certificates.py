"""Certificates of an authority of our own, as files."""

import ssl

import trustme


class Place:
    """A folder with the certificate of one authority, and one of a server's with its key."""

    def __init__(self, folder):
        folder.mkdir()
        self.ca, self.cert, self.key = (folder / f"{name}.pem" for name in ("ca", "cert", "key"))
        self.change_authority()

    def change_authority(self):
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(self.ca)
        self.issue()

    def issue(self):
        issued = self.authority.issue_cert("127.0.0.1", "localhost")
        issued.private_key_pem.write_to_path(self.key)
        issued.cert_chain_pems[0].write_to_path(self.cert)

    def trust(self):
        return ssl.create_default_context(cafile=self.ca)

    def client(self, name, authority=None):
        context = self.trust()
        (authority or self.authority).issue_cert(f"{name}.example", common_name=name).configure_cert(context)
        return context
