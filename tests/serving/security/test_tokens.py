"""Tokens of a provider: good ones, and those of somebody who knows the public key and no more."""

import asyncio
import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pictures import encode, gradient
from servers import running
from sightline.errors import InputError, Unauthorized
from sightline.serving.security import TokenSettings
from sightline.serving.security.key_set import KeySet
from sightline.serving.security.tokens import Tokens

PICTURE = encode(gradient())
ISSUER, AUDIENCE = "https://id.example/plant", "sightline"
PRIVATE = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(algorithm):
    kind = jwt.get_algorithm_by_name(algorithm)
    return {**kind.to_jwk(PRIVATE[algorithm].public_key(), as_dict=True), "kid": algorithm, "use": "sig"}


KEY_SET = json.dumps({"keys": [jwk(algorithm) for algorithm in PRIVATE]})


def token(algorithm="RS256", key=None, headers=None, **changes):
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "line-3", "iat": now, "exp": now + 600}
    claims = {**usual, "scope": "openid sightline:predict", **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key or PRIVATE[algorithm], algorithm, {"kid": algorithm, **(headers or {})})


def forged(header, claims=None, secret=None):
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "exp": now + 600, "scope": "sightline:predict"}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims or usual)
    ]
    signed = b".".join(parts)
    signature = b"" if secret is None else hmac.new(secret, signed, hashlib.sha256).digest()
    return b".".join([signed, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


PUBLIC_PEM = PRIVATE["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
BAD = {
    "expired": (lambda: token(exp=int(time.time()) - 60), "has expired"),
    "not yet": (lambda: token(nbf=int(time.time()) + 600), "not yet valid"),
    "for another server": (lambda: token(aud="shop"), "[Aa]udience"),
    "for nobody": (lambda: token(aud=None), '"aud" claim'),
    "of another issuer": (lambda: token(iss="https://id.example/other"), "[Ii]ssuer"),
    "forever": (lambda: token(exp=None), '"exp" claim'),
    "of no one": (lambda: token(sub=None), '"sub" claim'),
    "signed by a stranger": (lambda: token(key=STRANGER), "[Ss]ignature"),
    "unknown key": (lambda: token(headers={"kid": "other"}), "does not know"),
    "algorithm none": (lambda: forged({"alg": "none", "kid": "RS256"}), "signed by 'none'"),
    "algorithm None": (lambda: forged({"alg": "None", "kid": "RS256"}), "signed by 'None'"),
    "public key as a secret": (
        lambda: forged({"alg": "HS256", "kid": "RS256"}, secret=PUBLIC_PEM),
        "signed by 'HS256'",
    ),
    "one key, another algorithm": (lambda: token("ES256", headers={"kid": "RS256"}), "does not hold"),
    "a signature cut off": (lambda: token().rpartition(".")[0] + ".", "[Ss]ignature"),
    "nonsense": (lambda: "a.b.c", "does not hold"),
    "too long": (lambda: token(more="x" * 9000), "more than 8,192 bytes"),
}


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("jwks") / "jwks.json"
    file.write_text(KEY_SET)
    return file


@pytest.fixture
def tokens(keys_file):
    return Tokens(TokenSettings(issuer=ISSUER, audience=AUDIENCE, keys=str(keys_file)))


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_good_token_tells_who_and_what(tokens, algorithm):
    for _ in range(2):  # the second time from memory
        caller = asyncio.run(tokens.find(token(algorithm, aud=["other", AUDIENCE]).encode()))

        assert (caller.name, caller.scopes) == ("jwt:line-3", {"predict"})


def test_a_few_seconds_of_skew_are_no_matter(tokens):
    late = token(exp=int(time.time()) - 5, nbf=int(time.time()) + 5)

    assert asyncio.run(tokens.find(late.encode())).name == "jwt:line-3"


@pytest.mark.parametrize("case", BAD)
def test_a_bad_token_is_told_why(tokens, case):
    make, words = BAD[case]

    with pytest.raises(Unauthorized, match=words):
        asyncio.run(tokens.find(make().encode()))


@pytest.mark.parametrize(
    "claims, scopes",
    [
        ({"scope": None, "scp": ["sightline:read"]}, {"read"}),
        ({"scope": None, "roles": ["sightline:admin", 7, "x"]}, {"admin"}),
        ({"scope": "sightline:read sightline:predict"}, {"read", "predict"}),
        ({"scope": "predict admin"}, set()),
        ({"scope": {"sightline:admin": True}}, set()),
    ],
)
def test_scopes_come_from_the_usual_claims_by_their_full_name(tokens, claims, scopes):
    assert asyncio.run(tokens.find(token(**claims).encode())).scopes == scopes


def test_a_remembered_token_expires_and_goes_with_its_key(keys_file):
    settings = TokenSettings(issuer=ISSUER, audience=AUDIENCE, keys=str(keys_file), leeway_s=0)
    tokens = Tokens(settings)
    brief, good = token(exp=int(time.time()) + 3).encode(), token().encode()
    for one in (brief, good):
        assert asyncio.run(tokens.find(one)).name == "jwt:line-3"

    time.sleep(4)
    with pytest.raises(Unauthorized, match="expired"):
        asyncio.run(tokens.find(brief))
    tokens.keys._take(json.dumps({"keys": [jwk("ES256")]}).encode())
    with pytest.raises(Unauthorized, match="does not know"):
        asyncio.run(tokens.find(good))


def test_keys_come_by_address_and_are_asked_for_seldom(monkeypatch):
    asked = []
    monkeypatch.setattr("sightline.serving.security.key_set._AGAIN_S", 0.5)

    class Provider(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = KEY_SET.encode() if len(asked) != 3 else b"down"
            self.send_response(200 if len(asked) != 3 else 500)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider) as provider:
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        settings = TokenSettings(
            issuer=ISSUER, audience=AUDIENCE, keys=f"http://127.0.0.1:{provider.server_port}/jwks"
        )

        async def ask():
            tokens = Tokens(settings)
            unknown = token(headers={"kid": "other"}).encode()
            await asyncio.gather(*(tokens.find(token(jti=str(one)).encode()) for one in range(20)))
            assert len(asked) == 1
            for _ in range(20):
                with pytest.raises(Unauthorized):
                    await tokens.find(unknown)
            assert len(asked) == 1
            for expected in (2, 3):
                await asyncio.sleep(0.6)
                for _ in range(3):
                    with pytest.raises(Unauthorized):
                        await tokens.find(unknown)
                assert len(asked) == expected
            # The third was answered with an error: what is known stays.
            assert (await tokens.find(token(jti="last").encode())).name == "jwt:line-3"

        asyncio.run(ask())
        provider.shutdown()


@pytest.mark.parametrize(
    "source, words",
    [
        ("http://id.example/jwks", "nor at an https address"),
        ("nowhere.json", "cannot be read"),
        ("{}", "no JSON Web Key Set"),
    ],
)
def test_keys_that_cannot_be_had_are_told_at_start(tmp_path, source, words):
    if source == "{}":
        file = tmp_path / "jwks.json"
        file.write_text(source)
        source = str(file)

    with pytest.raises(InputError, match=words):
        KeySet(source)


def test_a_server_takes_tokens_and_nothing_that_looks_like_one(bundle, keys_file):
    options = ["--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE, "--jwt-keys", str(keys_file)]
    with running(
        bundle, *options, "--jwt-scope", "operator=read", "--jwt-scope", "inspector=predict"
    ) as server:

        def send(text):
            headers = {"authorization": f"Bearer {text}"}
            return httpx.post(f"{server.url}/v1/predict", content=PICTURE, headers=headers, timeout=60)

        good = send(token(scope="inspector"))
        other = send(token(scope="operator"))
        bad = {case: send(make()) for case, (make, _) in BAD.items()}

    assert good.status_code == 200
    assert other.status_code == 403
    assert {case: answer.status_code for case, answer in bad.items()} == dict.fromkeys(BAD, 401)
    assert all('error="invalid_token"' in answer.headers["www-authenticate"] for answer in bad.values())
