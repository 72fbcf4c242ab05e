"""Rules of a packet filter in their parts, and as `iptables-save` and `iptables -S` and `-L` print them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple


class Rule(NamedTuple):
    """One rule: addresses ("!" before one that must not match), protocol, matches as words, where to go, and how."""

    source: str = ""
    destination: str = ""
    protocol: str = ""
    matches: tuple[str, ...] = ()
    jump: str = ""
    options: tuple[str, ...] = ()

    def words(self) -> str:
        """The rule as iptables-save prints it: addresses and protocol before all that is matched."""
        found: list[str] = []
        for flag, value in (("-s", self.source), ("-d", self.destination)):
            if value:
                found += ["!", flag, value[1:]] if value.startswith("!") else [flag, value]
        found += ["-p", self.protocol] if self.protocol else []
        found += self.matches
        found += ["-j", self.jump] if self.jump else []
        return " ".join([*found, *self.options])


class Table:
    """A table: its chains with their rules, those the kernel begins with first."""

    def __init__(self, name: str, builtin: Iterable[str], made: Iterable[str] = ()) -> None:
        self.name = name
        self.builtin = tuple(builtin)
        self.chains: dict[str, list[Rule]] = {each: [] for each in (*self.builtin, *made)}

    def make(self, chain: str) -> None:
        """Have a chain."""
        self.chains.setdefault(chain, [])

    def add(self, chain: str, rule: Rule) -> None:
        """Put a rule at the end of a chain, which is made where it is not there."""
        self.chains.setdefault(chain, []).append(rule)

    def ordered(self) -> list[str]:
        """The chains as they are listed: the builtin ones, then the others by name."""
        return [*self.builtin, *sorted(set(self.chains) - set(self.builtin))]

    def saved(self) -> list[str]:
        """The lines of iptables-save between its comments."""
        lines = [f"*{self.name}"]
        lines += [f":{each} {'ACCEPT' if each in self.builtin else '-'} [0:0]" for each in self.ordered()]
        lines += [f"-A {each} {rule.words()}" for each in self.ordered() for rule in self.chains[each]]
        return [*lines, "COMMIT"]

    def specified(self, chains: Iterable[str]) -> list[str]:
        """The lines of `iptables -S`: what would make these chains."""
        chains = list(chains)
        policies = [f"-P {each} ACCEPT" if each in self.builtin else f"-N {each}" for each in chains]
        return [*policies, *(f"-A {each} {rule.words()}" for each in chains for rule in self.chains[each])]

    def listed(self, chain: str, numbered: bool = False) -> list[str]:
        """The lines of `iptables -nL` for a chain."""
        rules = self.chains[chain]
        uses = sum(rule.jump == chain for each in self.chains.values() for rule in each)
        told = "policy ACCEPT" if chain in self.builtin else f"{uses} references"
        lines = [f"Chain {chain} ({told})", f"{'num  ' if numbered else ''}{_COLUMNS}"]
        for number, rule in enumerate(rules, 1):
            lines.append((f"{number:<4} " if numbered else "") + _row(rule))
        return lines


_COLUMNS = "target     prot opt source               destination         "
_PROTOCOLS = {"": "0", "tcp": "6", "udp": "17", "sctp": "132"}


def _row(rule: Rule) -> str:
    protocol = _PROTOCOLS.get(rule.protocol, rule.protocol)
    places = ""
    for address in (rule.source, rule.destination):
        places += f"{'!' if address.startswith('!') else ' '}{_shown(address):<19} "
    told = "".join(f" {each}" for each in (*_match_texts(rule.matches), *_target_text(rule)))
    return f"{rule.jump:<9}  {protocol:<4} -- {places}{told}"


def _shown(address: str) -> str:
    """An address without the mark before it, and without the length where it is a single host's."""
    return address.removeprefix("!").removesuffix("/32").removesuffix("/128") or "0.0.0.0/0"


def _match_texts(matches: tuple[str, ...]) -> list[str]:
    """How each match tells of itself."""
    starts = [index for index, word in enumerate(matches) if word == "-m"]
    found = []
    for start, end in pairwise([*starts, len(matches)]):
        name, words = matches[start + 1], list(matches[start + 2 : end])
        sign = "! " if words[:1] == ["!"] else ""
        options = dict(zip(words[bool(sign) :: 2], words[bool(sign) + 1 :: 2], strict=False))
        if name == "comment":
            found.append(f"/* {words[1].strip(chr(34))} */")
        elif name == "recent":
            found.append(_recent(words))
        elif name in ("tcp", "udp", "sctp"):
            found += [f"{name} dpt:{value}" for value in options.values()]
        else:
            found += [_MATCHES[option].format(sign=sign, value=value) for option, value in options.items()]
    return found


# By option of a match: how the value is told of.
_MATCHES = {
    "--ctstate": "{sign}ctstate {value}",
    "--dst-type": "ADDRTYPE match dst-type {value}",
    "--mark": "mark match {sign}{value}",
    "--mode": "statistic mode {value}",
    "--nfacct-name": "nfacct-name  {value}",
    "--probability": "probability {value}",
    "--src-type": "ADDRTYPE match src-type {value}",
}


def _recent(words: list[str]) -> str:
    value = dict(pairwise(words))
    deed = f"CHECK seconds: {value['--seconds']} reap" if "--rcheck" in words else "SET"
    return f"recent: {deed} name: {value['--name']} side: source mask: {value['--mask']}"


def _target_text(rule: Rule) -> list[str]:
    if rule.jump == "DNAT":
        return [f"to:{rule.options[1]}"]
    if rule.jump == "MARK":
        value, _, mask = rule.options[1].partition("/")
        return [f"MARK {'or' if value == mask else 'xor'} {value}"]
    return [" ".join(each.removeprefix("--") for each in rule.options)] if rule.options else []


def comment(text: str) -> tuple[str, ...]:
    """The match that only carries a text."""
    return ("-m", "comment", "--comment", f'"{text}"')
