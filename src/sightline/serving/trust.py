"""Reading a bundle that others must answer for, before anything of it is used."""

import logging
from pathlib import Path

from sightline.bundle import Bundle, check_signatures, read_bundle, read_public_keys, require_signature
from sightline.serving.settings import ServerSettings

_log = logging.getLogger(__name__)


def read_trusted(path: Path, settings: ServerSettings) -> Bundle:
    """Read a bundle, verify all of it and who has signed it; the trusted keys are read anew each time.

    Raises:
        InputError: there is no bundle at this place, or a file of a trusted key is none.
        MissingExtra: keys are trusted and `cryptography` is not installed.
        BundleUntrusted: a required signature is missing, or one in a trusted key's name does not hold.
        BundleError: it cannot be used otherwise.
    """
    trusted = read_public_keys(settings.trust)
    bundle = read_bundle(path)
    verify = require_signature if settings.require_signature else check_signatures
    for key in verify(bundle, trusted).signers:
        _log.info("bundle %s is signed by %s, key %s", bundle.id[:12], key.name, key.id)
    return bundle
