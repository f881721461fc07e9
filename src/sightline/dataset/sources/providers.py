"""Which package speaks to which kind of address, and how long it may take to find that nobody answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sightline.dataset.sources.address import Address
from sightline.errors import InputError
from sightline.extras import require


@dataclass(frozen=True)
class Provider:
    """The package for a kind of address, its options, and what to tell those it does not let in."""

    package: str
    credentials: str
    options: Mapping[str, Any] = field(default_factory=dict)


# A dead endpoint is given up within ten seconds, one that takes calls and never answers within a minute.
_RETRIES = {"total_max_attempts": 3, "mode": "standard"}
_S3FS_ATTEMPTS = 2
_S3 = Provider(
    "s3fs",
    "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a public bucket FSSPEC_S3_ANON=true.",
    {"config_kwargs": {"connect_timeout": 2, "read_timeout": 10, "retries": _RETRIES}},
)
_GCS = Provider(
    "gcsfs",
    "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS; for a public bucket "
    "FSSPEC_GS_TOKEN=anon.",
)
_AZURE = Provider(
    "adlfs",
    "Set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or AZURE_STORAGE_CONNECTION_STRING.",
)
_OTHER = Provider("fsspec", "Give credentials as fsspec's configuration for this kind of address.")
_PROVIDERS = {
    "s3": _S3,
    "s3a": _S3,
    "gs": _GCS,
    "gcs": _GCS,
    "az": _AZURE,
    "abfs": _AZURE,
    "abfss": _AZURE,
}


def provider_of(address: Address) -> Provider:
    """The provider of an address; one for all that only fsspec knows."""
    return _PROVIDERS.get(address.scheme, _OTHER)


def open_filesystem(address: Address) -> Any:
    """The fsspec file system of an address, one of its own, without a memory of former listings.

    Its synchronous methods may be called from several threads: each call is run on the one event loop of
    fsspec.

    Raises:
        InputError: nothing reads such addresses.
        MissingExtra: a package is not installed; the message names the extra.
    """
    provider = provider_of(address)
    require(provider.package)
    fsspec = require("fsspec")
    options = {"skip_instance_cache": True, "use_listings_cache": False, **provider.options}
    try:
        kind = fsspec.get_filesystem_class(address.scheme)
    except (ValueError, ImportError) as err:
        known = ", ".join(f"{scheme}://" for scheme in _PROVIDERS)
        raise InputError(
            f"'{address}' cannot be read: {err}. Known are {known} and what else fsspec has the package for."
        ) from err
    files = kind(**options)
    if provider is _S3:
        files.retries = _S3FS_ATTEMPTS
    return files
