"""Who listens: uvicorn over TLS, with the client certificate's user handed to the application.

Header size, slow clients and garbage on the port are dealt with here, before a request is one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from minikctl.apimachinery import x509
from minikctl.apimachinery.request import UserInfo
from minikctl.apiserver.http.app import CERTIFICATE

if TYPE_CHECKING:
    import ssl

    from minikctl.apiserver.http.app import Application


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol; every request's state says whose certificate the connection has."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        user = certificate_user(transport.get_extra_info("ssl_object"))
        if user is not None:
            self.app_state = {**self.app_state, CERTIFICATE: user}


def certificate_user(connection: Any) -> UserInfo | None:
    """The user of a verified client certificate; None where the connection has none."""
    der = connection.getpeercert(True) if connection is not None else None
    if not der:
        return None
    found = x509.certificate_of(der)
    if found is None:
        return None
    subject = found.subject
    return UserInfo(subject.common_name, (*subject.organizations, "system:authenticated"))


def config(app: Application, context: ssl.SSLContext) -> uvicorn.Config:
    """uvicorn, set up for the application."""
    made = uvicorn.Config(
        app,
        http=Protocol,
        ws="websockets-sansio",
        loop="auto",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=180,
        timeout_graceful_shutdown=2,
    )
    made.load()
    made.ssl = context
    return made
