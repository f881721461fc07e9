"""Who answers for a bundle: Ed25519 signatures of its id, which covers every byte of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sightline.bundle.keys import PublicKey, SigningKey
from sightline.bundle.read import Bundle
from sightline.bundle.signature_files import (
    MOST_SIGNATURES,
    SIGNATURES_FOLDER,
    read_signature,
    signature_ids,
    signature_name,
)
from sightline.errors import BundleUntrusted, InputError
from sightline.whole_file import write_whole

_DOMAIN = b"sightline-bundle-v1\n"


@dataclass(frozen=True)
class Signed:
    """Who has signed a bundle.

    signers
        Trusted keys whose signatures hold.
    unknown
        Ids under which there are signatures that nobody has verified, for no trusted key has them.
    """

    signers: tuple[PublicKey, ...]
    unknown: tuple[str, ...]


def signed_message(bundle_id: str) -> bytes:
    """What is signed: the id after a line that no other use of the key begins with."""
    return _DOMAIN + bundle_id.encode()


def sign_bundle(bundle: Bundle, key: SigningKey) -> bool:
    """Put the key's signature beside the manifest; False if it is there already. The id stays the same.

    Raises:
        InputError: 64 others have signed.
        BundleCorrupt: what lies in `signatures/` cannot be signatures.
    """
    signature, key_id = key.sign(signed_message(bundle.id)), key.public.id
    others = signature_ids(bundle.root)
    if key_id in others and read_signature(bundle.root, key_id) == signature:
        return False
    if key_id not in others and len(others) >= MOST_SIGNATURES:
        raise InputError(
            f"'{bundle.root}' has {len(others)} signatures, and no more are taken. Remove some that nobody needs."
        )
    (bundle.root / SIGNATURES_FOLDER).mkdir(exist_ok=True)
    write_whole(bundle.root / signature_name(key_id), signature)
    return True


def check_signatures(bundle: Bundle, trusted: Sequence[PublicKey]) -> Signed:
    """Verify the signatures of trusted keys; those of others are named and left alone. No network, nothing written.

    Raises:
        BundleUntrusted: a signature in a trusted key's name is not one of this bundle by that key.
        BundleCorrupt: what lies in `signatures/` cannot be signatures.
    """
    keys = {key.id: key for key in trusted}
    signers, unknown = [], []
    for key_id in signature_ids(bundle.root):
        key = keys.get(key_id)
        if key is None:
            unknown.append(key_id)
        elif key.confirms(read_signature(bundle.root, key_id), signed_message(bundle.id)):
            signers.append(key)
        else:
            raise BundleUntrusted(
                f"'{bundle.root / signature_name(key_id)}' is no signature of this bundle (id {bundle.id[:12]}…) by "
                f"the trusted key '{key.name}': it belongs to another bundle, or somebody forged it. Take the bundle "
                "from its source again."
            )
    return Signed(tuple(signers), tuple(unknown))


def require_signature(bundle: Bundle, trusted: Sequence[PublicKey]) -> Signed:
    """See that at least one trusted key has signed the bundle. No network, nothing written.

    The bundle must come from `read_bundle`: its id then stands for every file, also for those read later through it.

    Raises:
        BundleUntrusted: none has, or a signature in a trusted key's name does not hold.
        BundleCorrupt: what lies in `signatures/` cannot be signatures.
        InputError: no key is trusted.
    """
    if not trusted:
        raise InputError("A signature is required and no key is trusted. Name keys with --trust KEY.pub.")
    signed = check_signatures(bundle, trusted)
    if not signed.signers:
        others = f"by {', '.join(signed.unknown)} only" if signed.unknown else "by nobody"
        raise BundleUntrusted(
            f"The bundle '{bundle.root}' (id {bundle.id[:12]}…) is signed {others}. Trusted: "
            f"{', '.join(f'{key.id} ({key.name})' for key in trusted)}. Have it signed with `sightline sign`, or trust "
            "who did with --trust KEY.pub."
        )
    return signed
