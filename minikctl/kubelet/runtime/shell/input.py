"""Standard input of a program: a text that is read from its beginning, and may not have come to its end."""

from __future__ import annotations

from minikctl.kubelet.runtime.shell.control import MoreInput


class Input:
    """What is left to read. `live`: it is a session's, whose client may send more until `ended`."""

    __slots__ = ("_at", "_mark_of_end", "_more", "_text", "ended", "live")

    def __init__(self, text: str = "", live: bool = False) -> None:
        self._text = text
        self._at = 0
        self._more: list[str] = []  # what has come since `_text` was put together
        self._mark_of_end = False
        self.live = live
        self.ended = not live

    def feed(self, text: str) -> None:
        """What a client has sent."""
        self._more.append(text)

    def end_once(self) -> None:
        """^D on a terminal: whoever reads now finds the end, whoever reads after that does not."""
        self._mark_of_end = True

    def _at_end(self, whole: bool) -> None:
        """Raise MoreInput where what has come is not all there is."""
        if not self.ended and not self._mark_of_end:
            raise MoreInput(whole)
        self._mark_of_end = False

    def _join(self) -> None:
        if self._more:
            self._text = self._text[self._at :] + "".join(self._more)
            self._at = 0
            self._more.clear()

    def read(self) -> str:
        """The rest; MoreInput where its end has not come."""
        self._at_end(whole=True)
        self._join()
        rest, self._at = self._text[self._at :], len(self._text)
        return rest

    def line(self) -> str:
        """The next line with its newline; "" at the end; MoreInput where it has not come."""
        self._join()
        end = self._text.find("\n", self._at) + 1
        if not end:
            self._at_end(whole=False)
            end = len(self._text)
        found, self._at = self._text[self._at : end], end
        return found

    def mark(self) -> int:
        """Where reading has come to, for `back`."""
        return self._at

    def back(self, mark: int) -> None:
        """Read again from a mark (no more may have been read since something was fed)."""
        self._at = mark
