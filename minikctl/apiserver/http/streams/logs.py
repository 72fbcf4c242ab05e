"""logs -f: a container's log as a chunked answer that goes on while the container prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apiserver.http.streams.waiting import Listening

if TYPE_CHECKING:
    from minikctl.apimachinery.streaming import LogFollower
    from minikctl.apiserver.http.connections import Connection


async def serve(connection: Connection) -> None:
    """Send the log until its run has ended or the client goes."""
    follower: LogFollower = connection.server.handle(connection.request).object
    send = connection.send
    first = follower.take()
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-cache, private")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if first:
        await send(_chunk(first))
    with Listening(connection) as listening:
        while not follower.ended:
            for message in await listening.news():
                if message["type"] == "http.disconnect":
                    return
            text = follower.take()
            if text:
                await send(_chunk(text))
    await send({"type": "http.response.body", "body": _bytes(follower.take())})


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _chunk(text: str) -> dict[str, object]:
    return {"type": "http.response.body", "body": _bytes(text), "more_body": True}
