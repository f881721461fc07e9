"""A running server loads what is signed, and goes on with what it has where that is not."""

import asyncio

import pytest

from sightline.bundle import create_keys, read_bundle, read_signing_key, sign_bundle
from sightline.errors import BundleUntrusted
from sightline.serving import ServerSettings, Service
from sightline.serving.models import open_model


def test_a_reload_asks_for_a_signature_and_reads_the_keys_anew(bundle, own_bundle, tmp_path):
    keys = tmp_path / "keys"
    create_keys(keys, "builder", None)
    create_keys(keys, "second", None)
    settings = ServerSettings(trust=(keys,), require_signature=True, max_batch_size=1)
    sign_bundle(read_bundle(own_bundle), read_signing_key(keys / "builder.key", str))
    service = Service([open_model(own_bundle, settings)], settings)

    async def story():
        await service.start()
        with pytest.raises(BundleUntrusted, match="signed by nobody"):
            await service.load(bundle)
        loaded = await service.load(own_bundle)
        (keys / "builder.pub").unlink()
        with pytest.raises(BundleUntrusted, match="only. Trusted:"):
            await service.load(own_bundle)
        return loaded, [model.bundle.id for model in service.models]

    try:
        loaded, answering = asyncio.run(story())
    finally:
        service.stop()

    assert answering == [loaded.bundle.id] == [read_bundle(own_bundle).id]
