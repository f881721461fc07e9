"""Keys, scopes, rates and certificates over gRPC, by NVIDIA's own client."""

import contextlib
import re
import signal
import ssl
import time

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
import trustme
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from certificates import Place
from pictures import encode, gradient
from servers import running
from sightline.serving.security import add_key

PICTURE = np.array([encode(gradient())], dtype=np.object_)


def rpc_port(server):
    deadline = time.monotonic() + 30
    while not (found := re.search(r"grpcs?://[^:]+:(\d+)", "".join(server.log))):
        assert time.monotonic() < deadline, "".join(server.log)
        time.sleep(0.05)
    return int(found[1])


@contextlib.contextmanager
def connected(server, **tls):
    client = triton.InferenceServerClient(f"localhost:{rpc_port(server)}", **tls)
    try:
        yield client
    finally:
        client.close()


def infer(client, key=None):
    given = triton.InferInput("image", [1], "BYTES")
    given.set_data_from_numpy(PICTURE)
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return client.infer("tiles", [given], headers=headers).as_numpy("label")[0]


def refusal(work, *arguments, **options):
    with pytest.raises(InferenceServerException) as raised:
        work(*arguments, **options)
    return raised.value.status()


def test_a_key_lets_in_what_its_scopes_allow_as_fast_as_its_rate(bundle, tmp_path):
    file = tmp_path / "keys.json"
    sender = add_key(file, "sender", ["predict"])
    reader = add_key(file, "reader", ["read"])
    slow = add_key(file, "slow", ["predict"], rate_per_s=0.01, burst=1)
    with (
        running(bundle, "--threads", "1", "--grpc-port", "0", "--api-keys", str(file)) as server,
        connected(server) as client,
    ):
        assert client.is_server_ready()
        assert infer(client, sender)
        assert (
            client.get_model_metadata("tiles", headers={"authorization": f"Bearer {reader}"}).name == "tiles"
        )
        assert refusal(infer, client) == "StatusCode.UNAUTHENTICATED"
        assert refusal(infer, client, "sl_" + "A" * 43) == "StatusCode.UNAUTHENTICATED"
        assert refusal(infer, client, reader) == "StatusCode.PERMISSION_DENIED"
        assert refusal(client.get_model_metadata, "tiles") == "StatusCode.UNAUTHENTICATED"
        assert infer(client, slow)
        assert refusal(infer, client, slow) == "StatusCode.RESOURCE_EXHAUSTED"


def test_with_mutual_tls_a_certificate_lets_in_and_none_does_not(bundle, tmp_path):
    authority, stranger = trustme.CA(), trustme.CA()
    names = ("ca", "cert", "key", "own_cert", "own_key", "bad_cert", "bad_key")
    files = {name: tmp_path / f"{name}.pem" for name in names}
    authority.cert_pem.write_to_path(files["ca"])
    everybody = (("", authority, "localhost"), ("own_", authority, "line-3"), ("bad_", stranger, "line-3"))
    for who, issuer, name in everybody:
        issued = issuer.issue_cert(name, common_name=name)
        issued.private_key_pem.write_to_path(files[f"{who}key"])
        issued.cert_chain_pems[0].write_to_path(files[f"{who}cert"])
    context = authority_context(authority)
    tls = ("--tls-cert", files["cert"], "--tls-key", files["key"], "--tls-client-ca", files["ca"])
    options = ("--threads", "1", "--host", "127.0.0.1", "--grpc-port", "0", *map(str, tls))
    shown = {"ssl": True, "root_certificates": str(files["ca"])}
    with running(bundle, *options, verify=context) as server:
        given = {**shown, "certificate_chain": str(files["own_cert"]), "private_key": str(files["own_key"])}
        with connected(server, **given) as client:
            assert infer(client)
        bad = {**shown, "certificate_chain": str(files["bad_cert"]), "private_key": str(files["bad_key"])}
        for wrong in (shown, bad, {}):
            with connected(server, **wrong) as client:
                assert refusal(infer, client) == "StatusCode.UNAVAILABLE"


class Visitor:
    """Who trusts an authority and shows a certificate of it; both are kept, whatever the files say later."""

    def __init__(self, place):
        self.trusted = place.ca.read_bytes()
        issued = place.authority.issue_cert("line-3", common_name="line-3")
        self.key, self.chain = issued.private_key_pem.bytes(), issued.cert_chain_pems[0].bytes()

    def live(self, port, trusted=None, shown=True):
        """Ask over a new connection whether the server lives; the status code where that fails."""
        pair = (self.key, self.chain) if shown else (None, None)
        credentials = grpc.ssl_channel_credentials(trusted or self.trusted, *pair)
        # Without this a second channel to the same place may share the first one's connection.
        own = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.secure_channel(f"localhost:{port}", credentials, own) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            try:
                return stub.ServerLive(service_pb2.ServerLiveRequest(), timeout=20).live
            except grpc.RpcError as err:
                return err.code()


def test_a_new_certificate_and_a_new_authority_hold_after_a_hang_up(bundle, tmp_path):
    place, unavailable = Place(tmp_path / "renewed"), grpc.StatusCode.UNAVAILABLE
    tls = ("--tls-cert", place.cert, "--tls-key", place.key, "--tls-client-ca", place.ca)
    options = ("--threads", "1", "--grpc-port", "0", *map(str, tls))
    with running(bundle, *options, verify=place.client("prober")) as server:
        port, before = rpc_port(server), Visitor(place)
        assert before.live(port) is True
        place.change_authority()
        after = Visitor(place)
        assert before.live(port) is True  # files alone change nothing
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "certificate: read again" in "".join(server.log))

        assert after.live(port) is True
        assert before.live(port) == unavailable  # it does not trust the new one
        assert before.live(port, trusted=after.trusted) == unavailable  # and is not trusted any more
        assert after.live(port, shown=False) == unavailable

        place.cert.write_text("no certificate")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "cannot be used with the key" in "".join(server.log))
        assert after.live(port) is True


def wait_for(happened):
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def authority_context(authority):
    context = ssl.create_default_context()
    context.check_hostname = False
    authority.configure_trust(context)
    authority.issue_cert("prober").configure_cert(context)
    return context
