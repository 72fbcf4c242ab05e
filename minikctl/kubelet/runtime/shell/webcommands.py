"""wget and curl: HTTP to Services and pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikctl.apimachinery.gonumbers import parse_int
from minikctl.kubelet.filetree import as_bytes, as_text
from minikctl.kubelet.runtime.httpexchange import HttpAnswer, HttpRequest, NotReached
from minikctl.kubelet.runtime.shell.netcommands import reach

if TYPE_CHECKING:
    from minikctl.kubelet.runtime.shell.commands import Command
    from minikctl.kubelet.runtime.shell.input import Input
    from minikctl.kubelet.runtime.shell.interpreter import Shell

_PORTS = {"http": 80, "https": 443}
_PATIENCE = "134"  # seconds after which Linux gives up a connection that nobody answers
_WGET_VALUES = ("-O", "-T", "-t", "-P", "-U", "--header", "--post-data", "--timeout", "--tries")
_CURL_VALUES = (
    "-o", "-m", "-X", "-H", "-d", "-u", "-w", "-A", "-e", "-F", "--max-time", "--retry", "--connect-timeout",
    "--request", "--header", "--data", "--data-raw", "--output", "--write-out", "--user", "--resolve", "--cacert",
    "--retry-delay", "--url",
)  # fmt: skip
_CURL_LONG = {
    "--request": "-X", "--header": "-H", "--data": "-d", "--data-raw": "-d", "--output": "-o", "--write-out": "-w",
    "--silent": "-s", "--show-error": "-S", "--fail": "-f", "--head": "-I", "--include": "-i", "--location": "-L",
    "--insecure": "-k", "--verbose": "-v", "--remote-name": "-O",
}  # fmt: skip


class _Url(NamedTuple):
    scheme: str
    host: str
    port: int
    path: str


def _url(text: str) -> _Url:
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "http", text
    place, slash, path = rest.partition("/")
    host, _, port = place.rpartition("@")[2].partition(":")
    return _Url(scheme, host, parse_int(port) or _PORTS.get(scheme, 80), slash + path or "/")


class _Options:
    """A command line: options with their values in order, and operands."""

    def __init__(self, argv: list[str], with_value: tuple[str, ...], long: dict[str, str]) -> None:
        self.values: dict[str, list[str]] = {}
        self.operands: list[str] = []
        words = argv[1:]
        while words:
            word = words.pop(0)
            if word.startswith("--"):
                name, equals, value = word.partition("=")
                takes = name in with_value and not equals
                self._add(long.get(name, name), words.pop(0) if takes and words else value)
            elif word.startswith("-") and len(word) > 1:
                self._letters(word[1:], words, with_value)
            else:
                self.operands.append(word)

    def _letters(self, letters: str, words: list[str], with_value: tuple[str, ...]) -> None:
        for at, letter in enumerate(letters, start=1):
            if f"-{letter}" in with_value:
                self._add(f"-{letter}", letters[at:] or (words.pop(0) if words else ""))
                return
            self._add(f"-{letter}", "")

    def _add(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def last(self, name: str) -> str:
        return self.values.get(name, [""])[-1]


def _ask(shell: Shell, url: _Url, request: HttpRequest) -> HttpAnswer:
    """The answer to a request; NotReached where there is none."""
    if not reach(shell, url.host, 0):
        raise NotReached("unknown")
    network = shell.world.network
    if network is None:
        return HttpAnswer(200, (), b"")
    reach(shell, url.host, url.port)
    return network.fetch(url.host, url.port, request)


def _request(method: str, url: _Url, agent: str, headers: list[str], body: str) -> HttpRequest:
    own = tuple((name.strip(), value.strip()) for name, _, value in (header.partition(":") for header in headers))
    return HttpRequest(method, url.path, (("Host", url.host), ("User-Agent", agent), *own), as_bytes(body))


def _wget(shell: Shell, argv: list[str], stdin: Input) -> int:
    options = _Options(argv, _WGET_VALUES, {})
    if not options.operands:
        shell.complain("BusyBox wget: no URL given\n")
        return 1
    text = options.operands[0]
    url = _url(text)
    data = options.last("--post-data")
    request = _request("POST" if data else "GET", url, "Wget", options.values.get("--header", []), data)
    try:
        answer = _ask(shell, url, request)
    except NotReached as problem:
        limited = "-T" in options or "--timeout" in options
        shell.complain(_wget_problem(shell, url, problem.why, limited))
        return 1
    quiet = "-q" in options
    if "-S" in options or "--server-response" in options:
        shell.complain(f"  HTTP/1.1 {answer.status} {answer.reason}\n")
        shell.complain("".join(f"  {name}: {value}\n" for name, value in answer.headers))
    if answer.status >= 400:
        shell.complain(f"wget: server returned error: HTTP/1.1 {answer.status} {answer.reason}\n")
        return 1
    if "--spider" in options:
        return 0
    name = options.last("-O") or url.path.rpartition("/")[2].partition("?")[0] or "index.html"
    if name == "-":
        shell.print(as_text(answer.body))
        return 0
    shell.write(shell.path(name), as_text(answer.body))
    if not quiet:
        shell.complain(f"Connecting to {url.host}:{url.port}\nsaving to '{name}'\n'{name}' saved\n")
    return 0


def _wget_problem(shell: Shell, url: _Url, why: str, limited: bool) -> str:
    """`limited`: wget was told how long to wait."""
    if why == "unknown":
        return f"wget: bad address '{url.host}'\n"
    if why == "timeout" and limited:
        return "wget: download timed out\n"
    found = shell.world.network.lookup(url.host) if shell.world.network else None
    address = (found[1] or [url.host])[0] if found else url.host
    reason = "Connection refused" if why == "refused" else "Operation timed out"
    return f"wget: can't connect to remote host ({address}): {reason}\n"


def _curl(shell: Shell, argv: list[str], stdin: Input) -> int:
    options = _Options(argv, _CURL_VALUES, _CURL_LONG)
    addresses = options.operands or [options.last("--url")]
    if not addresses[0]:
        shell.complain("curl: (2) no URL specified\n")
        return 2
    url = _url(addresses[0])
    data = "&".join(options.values.get("-d", []))
    method = options.last("-X") or ("HEAD" if "-I" in options else "POST" if data else "GET")
    silent = "-s" in options and "-S" not in options
    try:
        answer = _ask(shell, url, _request(method, url, "curl/8.0", options.values.get("-H", []), data))
    except NotReached as problem:
        code, text = _curl_problem(url, problem.why, options)
        if "-w" in options:
            shell.print(_written_out(options.last("-w"), 0))
        if not silent:
            shell.complain(f"curl: ({code}) {text}\n")
        return code
    return _curl_answer(shell, options, answer, silent)


def _curl_answer(shell: Shell, options: _Options, answer: HttpAnswer, silent: bool) -> int:
    failed = "-f" in options and answer.status >= 400
    text = ""
    if "-i" in options or "-I" in options:
        headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in headers)]
        text = "".join(f"{line}\r\n" for line in lines) + "\r\n"
    if "-I" not in options and not failed:
        text += as_text(answer.body)
    output = options.last("-o")
    if output and output != "-":
        shell.write(shell.path(output), text)
    else:
        shell.print(text)
    if "-w" in options:
        shell.print(_written_out(options.last("-w"), answer.status))
    if failed and not silent:
        shell.complain(f"curl: (22) The requested URL returned error: {answer.status}\n")
    return 22 if failed else 0


def _written_out(form: str, status: int) -> str:
    code = f"{status:03d}"
    return form.replace("%{http_code}", code).replace("%{response_code}", code).replace("\\n", "\n")


def _curl_problem(url: _Url, why: str, options: _Options) -> tuple[int, str]:
    if why == "unknown":
        return 6, f"Could not resolve host: {url.host}"
    if why == "timeout":
        longest = options.last("-m") or options.last("--max-time")
        if longest:
            return 28, f"Connection timed out after {_milliseconds(longest)} milliseconds"
        waited = _milliseconds(options.last("--connect-timeout") or _PATIENCE)
        return 28, f"Failed to connect to {url.host} port {url.port} after {waited} ms: Timeout was reached"
    return 7, f"Failed to connect to {url.host} port {url.port} after 0 ms: Could not connect to server"


def _milliseconds(seconds: str) -> int:
    try:
        return int(float(seconds) * 1000)
    except ValueError:
        return 0


COMMANDS: dict[str, Command] = {"wget": _wget, "curl": _curl}
