"""Everything that Sightline raises on purpose.

SightlineError
├── ImageError                 a picture that is not taken; .reason says why
│   ├── ImageTooLarge          413  more bytes or pixels than the limits allow
│   ├── ImageNotSupported      415  not one of the allowed formats, judged by content
│   └── ImageDamaged           422  an allowed format that does not decode completely
├── BundleError                the artefact cannot be trusted or used
│   ├── BundleCorrupt               a file is missing, extra or changed; a field is wrong
│   ├── BundleTooNew                written by a newer Sightline
│   ├── BundleUntrusted             no trusted key has signed it, or a signature does not hold
│   └── GoldenMismatch              the golden images give other answers here; .stage says where
├── ExportMismatch             the exported graph does not agree with the network it came from
├── RecipeError                a training recipe with mistakes, all of them listed
├── DatasetError               a folder or table of images that cannot be learnt from
├── MissingExtra               an optional package is not installed
├── TrainingError              training cannot start or go on
├── InputError                 a file, folder or address given to a command that cannot be used
│   ├── BadName                     a file whose name is not text
│   └── StoreUnreachable            no file of a remote data set can be read now: network, credentials, bucket
└── RequestError               a request over HTTP that cannot be answered
    ├── BodyTooLarge           413
    ├── MalformedRequest       400
    ├── BodyTimeout            408
    ├── Unauthorized           401  nobody known asks; .reason says why
    ├── Forbidden              403  whoever asks may not
    ├── UrlRefused             400  a picture's address that is not fetched from
    ├── UrlUnreachable         422  a picture's address that gives no picture
    ├── Overloaded             429  .retry_after_s says when to try again
    │   └── RateLimited             one caller asks faster than its key allows
    ├── UnknownModel           404
    ├── DeadlineExceeded       504
    ├── ReusedKey              422
    └── NotReady               503
"""

from typing import Any, ClassVar, Literal

ImageReason = Literal[
    "too_many_bytes",
    "too_many_pixels",
    "too_many_scans",
    "too_many_segments",
    "empty",
    "format_not_allowed",
    "pixel_format",
    "truncated",
    "corrupt",
    "trailing_data",
]


class SightlineError(Exception):
    """Root of all errors raised on purpose.

    `code` is stable and machine-readable, `status` the HTTP status, `exit_code` that of the command line.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it come whole from another process, whatever it is made from."""
        return _make_again, (type(self), self.args, self.__dict__)


def _make_again(kind: type[SightlineError], args: tuple[Any, ...], state: dict[str, Any]) -> SightlineError:
    err = kind.__new__(kind, *args)
    err.__dict__.update(state)
    return err


class ImageError(SightlineError):
    """An image that is not taken. `reason` is one of `ImageReason`."""

    code = "image_error"
    status = 422

    def __init__(self, reason: ImageReason, message: str) -> None:
        super().__init__(message)
        self.reason: ImageReason = reason


class ImageTooLarge(ImageError):
    """More bytes, pixels or scans than the limits allow; found before anything is decoded."""

    code = "image_too_large"
    status = 413


class ImageNotSupported(ImageError):
    """Not one of the allowed formats (judged by content), or a kind of pixel that has no rule."""

    code = "image_not_supported"
    status = 415


class ImageDamaged(ImageError):
    """An allowed format that does not decode completely and cleanly."""

    code = "image_damaged"
    status = 422


class BundleError(SightlineError):
    """A bundle that cannot be trusted or used."""

    code = "bundle_error"
    exit_code = 3


class BundleCorrupt(BundleError):
    """A file of the bundle is missing, extra or changed, or a field does not fit. `file` names it."""

    code = "bundle_corrupt"

    def __init__(self, file: str, message: str) -> None:
        super().__init__(message)
        self.file = file


class BundleTooNew(BundleError):
    """The bundle's schema version is newer than this Sightline reads."""

    code = "bundle_too_new"


class BundleUntrusted(BundleError):
    """No trusted key has signed the bundle, or a signature in a trusted key's name is not its own."""

    code = "bundle_untrusted"


class GoldenMismatch(BundleError):
    """The golden images do not give the recorded outputs on this machine. `stage` is the first to part."""

    code = "golden_mismatch"

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


class ExportMismatch(SightlineError):
    """The exported graph does not give what the network gave."""

    code = "export_mismatch"
    exit_code = 3


class RecipeError(SightlineError):
    """A training recipe with mistakes. The message lists all of them, each with key, value and remedy."""

    code = "recipe_error"
    exit_code = 2


class DatasetError(SightlineError):
    """A folder or table of images that cannot be learnt from or scored."""

    code = "dataset_error"
    exit_code = 4


class MissingExtra(SightlineError):
    """An optional package is needed and not installed. The message says what to install."""

    code = "missing_extra"
    exit_code = 5


class TrainingError(SightlineError):
    """Training cannot start or cannot go on."""

    code = "training_error"
    exit_code = 6


class InputError(SightlineError):
    """A file, folder or address given to a command that cannot be used."""

    code = "input_error"
    exit_code = 2


class BadName(InputError):
    """A file whose name is not valid UTF-8. It can be named in no JSON and in no table."""

    code = "bad_name"
    reason: ClassVar[str] = "bad_name"


class StoreUnreachable(InputError):
    """No file of a remote data set can be read now: no network, no credentials, no such bucket."""

    code = "store_unreachable"


class RequestError(SightlineError):
    """A request over HTTP that cannot be answered."""

    code = "request_error"
    status = 400


class BodyTooLarge(RequestError):
    """The request body is larger than the server takes."""

    code = "body_too_large"
    status = 413


class BodyTimeout(RequestError):
    """The request body did not arrive in time."""

    code = "body_timeout"
    status = 408


class MalformedRequest(RequestError):
    """The request does not have the shape that the API documents."""

    code = "malformed_request"
    status = 400


class Unauthorized(RequestError):
    """Whoever asks is not known. `reason` is `missing`, `unknown`, `expired` or `invalid`."""

    code = "unauthorized"
    status = 401

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Forbidden(RequestError):
    """Whoever asks is known and may not do this. `scope` is what it takes."""

    code = "forbidden"
    status = 403

    def __init__(self, scope: str, message: str) -> None:
        super().__init__(message)
        self.scope = scope


class UrlRefused(RequestError):
    """An address of a picture that this server does not fetch from."""

    code = "url_refused"
    status = 400


class UrlUnreachable(RequestError):
    """An address of a picture that does not answer with one."""

    code = "url_unreachable"
    status = 422


class Overloaded(RequestError):
    """As much work is waiting as the server allows; try again in `retry_after_s` seconds."""

    code = "overloaded"
    status = 429

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RateLimited(Overloaded):
    """One caller asks faster than its key allows, whatever else the server has to do."""

    code = "rate_limited"


class UnknownModel(RequestError):
    """No model of this name is in service."""

    code = "unknown_model"
    status = 404


class DeadlineExceeded(RequestError):
    """The request's time was over before its answer was ready; nothing more is done for it."""

    code = "deadline_exceeded"
    status = 504


class ReusedKey(RequestError):
    """An idempotency key that came with another request before."""

    code = "idempotency_key_reused"
    status = 422


class NotReady(RequestError):
    """The server is starting or stopping."""

    code = "not_ready"
    status = 503
