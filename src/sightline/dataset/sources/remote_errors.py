"""What the packages of the providers raise, in a sentence that says what to do."""

from collections.abc import Iterator

from sightline.dataset.sources.address import Address
from sightline.dataset.sources.providers import provider_of
from sightline.errors import InputError, StoreUnreachable

_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound", "InvalidBucketName"})
_BAD_CREDENTIALS = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed"}
)
_BUSY = frozenset({"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "429", "500", "503"})
_DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "403", "401"})
_SILENCE = ("Connect", "Timeout", "gaierror", "ServiceRequestError", "TransportError")


def explained(address: Address, path: str, err: Exception) -> InputError:
    """The error for what went wrong at `path` below an address; `StoreUnreachable` if no file will fare better."""
    place = f"{address}/{path}" if path else str(address)
    chain = list(_chain(err))
    codes = {code for each in chain if (code := _code(each))}
    names = [type(each).__name__ for each in chain]
    help_in = provider_of(address).credentials
    if codes & _NO_BUCKET:
        bucket = address.rest.partition("/")[0]
        return StoreUnreachable(
            f"'{place}' cannot be read: there is no bucket '{bucket}'. Check its name, and the account and "
            "region that it is looked for in."
        )
    if any("Credential" in name for name in names):
        return StoreUnreachable(f"'{place}' cannot be read: there are no credentials. {help_in}")
    if codes & _BAD_CREDENTIALS:
        why = ", ".join(sorted(codes & _BAD_CREDENTIALS))
        return StoreUnreachable(f"'{place}' cannot be read: the credentials are not taken ({why}). {help_in}")
    if any(isinstance(each, PermissionError) for each in chain) or codes & _DENIED:
        return InputError(
            f"'{place}' cannot be read: access denied. Ask its owner for the right to list and to read. {help_in}"
        )
    if codes & _BUSY:
        return StoreUnreachable(
            f"'{place}' cannot be read: the store is busy ({_text(err)}). Try again later."
        )
    if any(isinstance(each, FileNotFoundError) for each in chain) or "ResourceNotFoundError" in names:
        return InputError(f"There is nothing at '{place}'. Check the spelling, capitals too.")
    if any(isinstance(each, ConnectionError | TimeoutError) for each in chain) or _has(names, _SILENCE):
        return StoreUnreachable(
            f"'{place}' cannot be read: nobody answers ({_text(err)}). Check the network, a proxy, and the "
            "endpoint if one is set."
        )
    return InputError(f"'{place}' cannot be read: {type(err).__name__}: {_text(err)}.")


def _chain(err: BaseException) -> Iterator[BaseException]:
    """The error, and those that it came from."""
    seen: list[BaseException] = []
    step: BaseException | None = err
    while step is not None and step not in seen:
        seen.append(step)
        yield step
        step = step.__cause__ or step.__context__


def _code(err: BaseException) -> str:
    """The provider's own code: of botocore's response, of Azure's `error_code`, of a response over HTTP."""
    response = getattr(err, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    for name in ("error_code", "code", "status"):
        if value := getattr(err, name, None):
            return str(getattr(value, "value", value))
    return ""


def _has(names: list[str], parts: tuple[str, ...]) -> bool:
    return any(part in name for name in names for part in parts)


def _text(err: Exception) -> str:
    return " ".join(str(err).split()).rstrip(".") or type(err).__name__
