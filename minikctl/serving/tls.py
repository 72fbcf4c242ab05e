"""TLS of the server's side, that lets clients in with whatever certificate they have, as Go's server does.

The standard library's `ssl` ends the handshake of a client whose certificate it cannot trace to the authority;
upstream answers such a client 401. pyOpenSSL lets the verdict be taken note of instead. `Context` passes for an
`ssl.SSLContext` with asyncio and uvloop, which ask of one only that it wraps two memory buffers.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from typing import TYPE_CHECKING, Any

from OpenSSL import SSL, crypto

if TYPE_CHECKING:
    from minikctl.serving.certificates import Certificates

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: validity is judged by the cluster's clock
_HTTP = b"http/1.1"
_HTTP_BEGINS = (b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO")
_RECORD = 1 << 14
_CHUNK = 1 << 17


class Context(ssl.SSLContext):
    """TLS 1.2 and later; a client certificate is asked for, not demanded, and not refused either."""

    _context: SSL.Context

    def __new__(cls, certificates: Certificates) -> Context:
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, certificates: Certificates) -> None:
        self._context = context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_alpn_select_callback(_select_protocol)
        # A resumed session would come with a certificate but without a verdict on it.
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
        pair, authority = certificates.serving, certificates.authority.certificate
        # OpenSSL reads these from files only; the files are gone again before anybody is served.
        with tempfile.TemporaryDirectory(prefix="minikctl-") as folder:
            own, authorities = (os.path.join(folder, name) for name in ("serving.pem", "authority.pem"))
            for path, text in ((own, pair.key + pair.certificate), (authorities, authority)):
                with open(path, "w", encoding="ascii", opener=_private) as file:
                    file.write(text)
            context.use_certificate_chain_file(own)
            context.use_privatekey_file(own)
            context.load_verify_locations(authorities)
            context.load_client_ca(authorities.encode())
        store = context.get_cert_store()
        assert store is not None
        store.set_flags(_NO_CHECK_TIME)
        context.set_verify(SSL.VERIFY_PEER, _note_verdict)

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *_: Any, **__: Any) -> Tunnel:  # type: ignore[override]
        """One connection between two buffers."""
        return Tunnel(self._context, incoming, outgoing)


class Tunnel:
    """One connection: what asyncio asks of an `ssl.SSLObject`, and `trusted`.

    `plain`: what came first is HTTP without TLS. Nothing of it is read, and what is written goes out as it is.
    """

    def __init__(self, context: SSL.Context, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self.plain = False
        self._faults: list[int] = []  # of the certificate shown, as OpenSSL numbers them
        self._begun = False
        self._unread = False  # whether something has come since there was nothing left to read
        self._incoming = incoming
        self._outgoing = outgoing
        self._connection = SSL.Connection(context)
        self._connection.set_app_data(self._faults)
        self._connection.set_accept_state()

    @property
    def trusted(self) -> bool:
        """Whether the authority has signed the certificate that was shown, for a client's use."""
        return not self._faults

    def do_handshake(self) -> None:
        data = self._take()
        if not self._begun and data[: len(_HTTP_BEGINS[0])] in _HTTP_BEGINS:
            self.plain = True
            return
        self._begun = self._begun or bool(data)
        try:
            self._connection.do_handshake()
        except SSL.Error as error:
            raise _translated(error) from None
        finally:
            self._give()

    def read(self, size: int = _RECORD, buffer: Any = None) -> Any:
        """Bytes, at most `size`, or how many were put into `buffer`; SSLWantReadError where there are none yet."""
        self._take()
        if self.plain:
            return b"" if buffer is None else 0
        try:
            if buffer is not None:
                return self._connection.recv_into(buffer, size)
            return self._connection.recv(min(size, _RECORD))
        except SSL.ZeroReturnError:
            return b"" if buffer is None else 0
        except SSL.WantReadError as error:
            self._unread = False
            if self._incoming.eof:
                return b"" if buffer is None else 0  # gone without a goodbye
            raise _translated(error) from None
        except SSL.Error as error:
            self._give()
            raise _translated(error) from None

    def write(self, data: Any) -> int:
        """Send everything; how much that is."""
        if self.plain:
            return self._outgoing.write(data)
        try:
            self._connection.sendall(data)
        except SSL.Error as error:
            raise _translated(error) from None
        finally:
            self._give()
        return len(data)

    def unwrap(self) -> None:
        """Say goodbye; SSLWantReadError until the other side has too."""
        if self.plain:
            return
        self._take()
        try:
            if not self._connection.shutdown():
                if self._incoming.eof:
                    return
                raise _translated(SSL.WantReadError())
        except SSL.Error as error:
            raise _translated(error) from None
        finally:
            self._give()

    def shutdown(self) -> None:
        self.unwrap()

    def pending(self) -> int:
        """How many bytes can be read at once; 1 where it takes a look to know whether there are any."""
        return self._connection.pending() or int(self._unread)

    def getpeercert(self, binary_form: bool = False) -> bytes | None:
        """The client's certificate, DER; None without one."""
        found = self._connection.get_peer_certificate() if binary_form else None
        return crypto.dump_certificate(crypto.FILETYPE_ASN1, found) if found is not None else None

    def cipher(self) -> tuple[str, str, int] | None:
        name, version, bits = (
            self._connection.get_cipher_name(),
            self._connection.get_cipher_version(),
            self._connection.get_cipher_bits(),
        )
        return (name, version or "", bits or 0) if name else None

    def compression(self) -> None:
        """Never any."""

    def _take(self) -> bytes:
        data = self._incoming.read()
        if data:
            self._unread = True
            self._connection.bio_write(data)
        return data

    def _give(self) -> None:
        try:
            while True:
                data = self._connection.bio_read(_CHUNK)
                self._outgoing.write(data)
                if len(data) < _CHUNK:
                    return
        except SSL.WantReadError:
            return


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _select_protocol(_: SSL.Connection, offered: list[bytes]) -> bytes | Any:
    return _HTTP if _HTTP in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def _note_verdict(connection: SSL.Connection, _: crypto.X509, error: int, __: int, fine: int) -> bool:
    if not fine:
        connection.get_app_data().append(error)
    return True


def _translated(error: SSL.Error) -> ssl.SSLError:
    """The standard library's error for one of pyOpenSSL's."""
    if isinstance(error, (SSL.WantReadError, SSL.WantWriteError)):
        return ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the operation did not complete")
    if isinstance(error, SSL.SysCallError):
        return ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the other side has gone")
    return ssl.SSLError(ssl.SSL_ERROR_SSL, str(error))
