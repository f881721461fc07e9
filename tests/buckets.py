"""A real server that speaks S3, on a free loopback port, and pictures in its buckets."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from pictures import encode, gradient

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Bucket:
    """One bucket of a running server, and the client that fills it."""

    name: str
    endpoint: str
    client: Any

    def put(self, key: str, body: bytes | None = None) -> bytes:
        """Write an object, by default a picture whose size follows from its key."""
        data = encode(gradient(8 + len(key), 9)) if body is None else body
        self.client.put_object(Bucket=self.name, Key=key, Body=data)
        return data


@contextlib.contextmanager
def running_bucket(name: str = "plant") -> Iterator[Bucket]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket=name)
        yield Bucket(name, endpoint, client)
        client.close()
    finally:
        server.stop()
