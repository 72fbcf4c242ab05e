"""The cluster's certificate authority: its certificate, and the key that signs CertificateSigningRequests.

Until a cluster is served it is one that everybody knows: nothing here protects anything. A served cluster
has one of its own, which its settings hold. Published to namespaces as kube-root-ca.crt is the public one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Authority(NamedTuple):
    """A certificate (PEM) and its RSA key."""

    certificate: str
    modulus: int
    private_exponent: int


def of(settings: Mapping[str, Any]) -> Authority:
    """The authority that a cluster with these settings signs with."""
    own = settings.get("authority")
    if own is None:
        return Authority(CERTIFICATE, MODULUS, PRIVATE_EXPONENT)
    return Authority(own["certificate"], int(own["modulus"], 16), int(own["exponent"], 16))


CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIDHTCCAgWgAwIBAgIUN3ibRlUYXQQO2aaAQeACiZSFTJYwDQYJKoZIhvcNAQEL
BQAwFTETMBEGA1UEAwwKa3ViZXJuZXRlczAgFw0yNjExMjMwODUzMzVaGA8yMTI2
MTAzMDA4NTMzNVowFTETMBEGA1UEAwwKa3ViZXJuZXRlczCCASIwDQYJKoZIhvcN
AQEBBQADggEPADCCAQoCggEBAMFcFbcxNh+SJfcKtMDv/fHKbUg7kPhjNgAiLQGP
8QkbicpVkpxuJJWUzlvDzB9Ws/GCjgVvfSK0dhxhtKatsNbAZg/NvrPATSdlHaqy
K7PkYRwnsXML+2LLUW/Z7rQBzYskbKpuBghGQLToA4mhK+EnNXn5XN/ZmzjdPftS
yisW5MrhQ0jW5RQV4vO4OEeqADzkrsErgmvkZiNuMurE88JU5LVcemYUUD1SWETk
4Y7jzLykfXGGXtDM7LJQEYppCqqD2XAfDbjsvk/vg2wqx5NVmXb57Z+GcpP6WygZ
BTxg+yy/ihsdlEHzEpJrE24emeX4L/vT4ewiRTS3TGaT0ZkCAwEAAaNjMGEwHQYD
VR0OBBYEFIElqns4NqPYArfpph216UWVcpOHMB8GA1UdIwQYMBaAFIElqns4NqPY
Arfpph216UWVcpOHMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgKkMA0G
CSqGSIb3DQEBCwUAA4IBAQBLbBkFkaeYC1KEgjVJqhqX9yl7d03CwG4O4G0wpf9f
m5t6ZaDDx3kGsAzmX0Kg0JPk1vPHnUbUL+dE4p4ZWYcOsAJFNC0Fg8hFfojuSslA
ZjgtopObGrtSPdONqg6ylgJgXa8A2VmovAf7IeQ2Q+DLkjfCuKJkdxAcEjH1aQOi
BNbFymYvhEi+bkCMsbK19J6LMi3BiyXYSQOzoN83YXQSaVQihR7qXDEj9yPeUhse
qMSPqDIdXE9wGGy1IvUGIWTvSwmQ6BZpJT6Y+Ddp9kLr6hlwYQf28KTxp4uvOLGn
o+jdnrGh8ZCVB0pAQUvQI5Nbou3A47pf7XVaRTS9K7eB
-----END CERTIFICATE-----
"""

MODULUS = int(
    "c15c15b731361f9225f70ab4c0effdf1ca6d483b90f8633600222d018ff1091b89ca55929c6e249594ce5bc3cc1f56b3"
    "f1828e056f7d22b4761c61b4a6adb0d6c0660fcdbeb3c04d27651daab22bb3e4611c27b1730bfb62cb516fd9eeb401cd"
    "8b246caa6e06084640b4e80389a12be1273579f95cdfd99b38dd3dfb52ca2b16e4cae14348d6e51415e2f3b83847aa00"
    "3ce4aec12b826be466236e32eac4f3c254e4b55c7a6614503d525844e4e18ee3ccbca47d71865ed0ccecb250118a690a"
    "aa83d9701f0db8ecbe4fef836c2ac793559976f9ed9f867293fa5b2819053c60fb2cbf8a1b1d9441f312926b136e1e99"
    "e5f82ffbd3e1ec224534b74c6693d199",
    16,
)
PRIVATE_EXPONENT = int(
    "a761ab7ab5a30099673bff8c91282f504bc7662c0a46babb584a3d6388d342eb0fd0935b230745ac26f0ac0746802a72"
    "02b2dd765f18981e57d021d45c25275bff995a3ce4c47dc74c3efffb6fd8dd14e9eb9180cef2a45ed55a5dd4ee09ed35"
    "9d299ed7b9fe86d329d870afff4801d01a3cf4a5a47c32c767e63d6d7e317c3207baef8a5c618f60e2b4f7f96a34ead5"
    "7f38b52fd43f5d5e29d29f709e4ef53a9a9c5944e5312d4c3ec3ade6c5143d2e1f75d267d4045aa9507edaf29474b867"
    "a501603171ab5537b280c3030da3fbdf51b8c130e977c886d6717b1fa1c32733e04cfda5277bd3bd79c024b3f004e7c1"
    "503a4434f5a0ec7406529a38639721d",
    16,
)
