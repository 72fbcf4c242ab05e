"""How rules are printed."""

from __future__ import annotations

import pytest

from minikctl.proxy.rulesets import Rule, Table, comment


def table(*rules: Rule) -> Table:
    made = Table("nat", ("OUTPUT",), ("KUBE-B", "KUBE-A"))
    for rule in rules:
        made.add("KUBE-A", rule)
    return made


def test_saved_and_specified() -> None:
    made = table(Rule("!10.0.0.0/8", "10.96.0.1/32", "tcp", (*comment("a b"), "-m", "tcp"), "KUBE-B"))
    rule = '-A KUBE-A ! -s 10.0.0.0/8 -d 10.96.0.1/32 -p tcp -m comment --comment "a b" -m tcp -j KUBE-B'
    chains = [":OUTPUT ACCEPT [0:0]", ":KUBE-A - [0:0]", ":KUBE-B - [0:0]"]
    assert made.saved() == ["*nat", *chains, rule, "COMMIT"]
    assert made.specified(["OUTPUT", "KUBE-A"]) == ["-P OUTPUT ACCEPT", "-N KUBE-A", rule]


COLUMNS = "target     prot opt source               destination         "


@pytest.mark.parametrize(
    ("rule", "row"),
    [
        (
            Rule("", "10.96.0.1/32", "tcp", (*comment("a b"), "-m", "tcp", "--dport", "443"), "KUBE-B"),
            "KUBE-B     6    --  0.0.0.0/0            10.96.0.1            /* a b */ tcp dpt:443",
        ),
        (
            Rule("!10.244.0.0/16", "", "", (), "KUBE-MARK-MASQ"),
            "KUBE-MARK-MASQ  0    -- !10.244.0.0/16        0.0.0.0/0           ",
        ),
        (
            Rule("", "", "tcp", ("-m", "tcp"), "DNAT", ("--to-destination", "10.244.1.2:80")),
            "DNAT       6    --  0.0.0.0/0            0.0.0.0/0            to:10.244.1.2:80",
        ),
        (
            Rule(jump="MARK", options=("--set-xmark", "0x4000/0x4000")),
            "MARK       0    --  0.0.0.0/0            0.0.0.0/0            MARK or 0x4000",
        ),
        (
            Rule(matches=("-m", "mark", "!", "--mark", "0x4000/0x4000"), jump="RETURN"),
            "RETURN     0    --  0.0.0.0/0            0.0.0.0/0            mark match ! 0x4000/0x4000",
        ),
        (
            Rule(matches=("-m", "statistic", "--mode", "random", "--probability", "0.50000000000"), jump="KUBE-B"),
            "KUBE-B     0    --  0.0.0.0/0            0.0.0.0/0            statistic mode random probability "
            "0.50000000000",
        ),
        (
            Rule(matches=("-m", "recent", "--set", "--name", "N", "--mask", "255.255.255.255", "--rsource")),
            "           0    --  0.0.0.0/0            0.0.0.0/0            recent: SET name: N side: source mask: "
            "255.255.255.255",
        ),
    ],
)
def test_listed(rule: Rule, row: str) -> None:
    assert table(rule).listed("KUBE-A") == ["Chain KUBE-A (0 references)", COLUMNS, row]


def test_lists_with_numbers_and_uses() -> None:
    made = table(Rule(jump="KUBE-B"), Rule(jump="KUBE-B"))
    assert made.listed("KUBE-B") == ["Chain KUBE-B (2 references)", COLUMNS]
    assert made.listed("OUTPUT")[0] == "Chain OUTPUT (policy ACCEPT)"
    assert [line[:8] for line in made.listed("KUBE-A", numbered=True)[1:]] == ["num  tar", "1    KUB", "2    KUB"]
