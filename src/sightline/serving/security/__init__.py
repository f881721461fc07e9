"""Who may use the server, and what is written down about it."""

from sightline.serving.security.audit import AuditLog
from sightline.serving.security.callers import EVERYONE, SCOPES, Caller, Scope, admin_only, scope_of
from sightline.serving.security.guard import Admission, Guard, challenge
from sightline.serving.security.keys import Key, add_key, read_keys, revoke_key
from sightline.serving.security.links import Links
from sightline.serving.security.settings import SecuritySettings, is_loopback
from sightline.serving.security.tls import Tls, open_tls
from sightline.serving.security.tokens import TokenSettings

__all__ = [
    "EVERYONE",
    "SCOPES",
    "Admission",
    "AuditLog",
    "Caller",
    "Guard",
    "Key",
    "Links",
    "Scope",
    "SecuritySettings",
    "Tls",
    "TokenSettings",
    "add_key",
    "admin_only",
    "challenge",
    "is_loopback",
    "open_tls",
    "read_keys",
    "revoke_key",
    "scope_of",
]
