"""Loading and unloading, written down; and what SIGHUP does."""

import asyncio
import logging

from sightline.bundle import read_manifest
from sightline.errors import NotReady, SightlineError
from sightline.serving.control.repository import Repository
from sightline.serving.models import Served
from sightline.serving.security import AuditLog, Guard, Tls
from sightline.serving.service import Service

log = logging.getLogger("sightline.serving")

_SIGNAL = "SIGHUP"


class Changes:
    """What may be changed of a running service. Belongs to the event loop."""

    def __init__(
        self, service: Service, repository: Repository, guard: Guard, audit: AuditLog, tls: Tls | None
    ) -> None:
        self.repository, self.audit = repository, audit
        self._service, self._guard, self._tls = service, guard, tls
        self._reloading = asyncio.Lock()

    async def load(self, name: str, by: str, where: str, request_id: str | None = None) -> Served:
        """Load a model, or load it again, in place of what has answered under this name.

        Raises:
            UnknownModel: there is no such bundle.
            NotReady: the service is starting or stopping.
            SightlineError: the bundle cannot be used; what has answered goes on.
        """
        before = self._bundle_id(name)
        try:
            self._require_ready()
            path = await asyncio.to_thread(self.repository.find, name)
            model = await self._service.load(path, name)
        except Exception as err:
            why = str(err) if isinstance(err, SightlineError) else type(err).__name__
            self.audit.note(
                "load", by, where, "failed", model=name, before=before, reason=why, request_id=request_id
            )
            raise
        self.audit.note(
            "load", by, where, "done", model=name, before=before, after=model.bundle.id, request_id=request_id
        )
        return model

    def unload(self, name: str, by: str, where: str, request_id: str | None = None) -> None:
        """Let nothing answer under a name any more. Raises `UnknownModel`, `NotReady`."""
        before = self._bundle_id(name)
        try:
            self._require_ready()
            self._service.unload(name)
        except SightlineError as err:
            self.audit.note("unload", by, where, "failed", model=name, reason=str(err), request_id=request_id)
            raise
        self.audit.note("unload", by, where, "done", model=name, before=before, request_id=request_id)

    async def reload(self) -> None:
        """Read everything again that a running server can: logs, certificate, keys, and bundles that changed."""
        async with self._reloading:
            self._reload_files()
            await self._guard.reload()
            self.audit.note("reload", _SIGNAL, "", "done", what="keys, certificate, logs")
            for model in list(self._service.models):
                await self._reload_model(model)

    def _reload_files(self) -> None:
        works = {"audit log": self.audit.reopen} | (
            {} if self._tls is None else {"certificate": self._tls.reload}
        )
        for what, work in works.items():
            try:
                work()
            except SightlineError as err:
                log.error("%s: %s", what, err)
                self.audit.note("reload", _SIGNAL, "", "failed", what=what, reason=str(err))

    async def _reload_model(self, model: Served) -> None:
        try:
            if model.path is not None and await asyncio.to_thread(_changed, model):
                await self.load(model.name, _SIGNAL, "")
        except SightlineError as err:
            log.error("model %s goes on as it was: %s", model.name, err)
        except Exception:  # it is nobody's request: nothing else would tell
            log.exception("model %s goes on as it was", model.name)

    def _require_ready(self) -> None:
        if self._service.state != "ready":
            raise NotReady(f"The server is {self._service.state}. Try again in a moment.")

    def _bundle_id(self, name: str) -> str | None:
        return next((one.bundle.id for one in self._service.models if one.name == name), None)


def _changed(model: Served) -> bool:
    assert model.path is not None
    return read_manifest(model.path)[0] != model.bundle.id
