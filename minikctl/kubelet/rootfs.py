"""What every container's file system holds besides volumes: the directories of an image, and the kubelet's files.

Of the image nothing is known but that it is some Linux: its usual directories, and the programs that
the emulated shell can run. Counterpart of kubelet's `kubelet_pods.go` (hosts file) and `network/dns`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.kubelet.filetree import DIRECTORY_MODE, FILE_MODE, File, Image
from minikctl.kubelet.runtime.emulated import hostname

if TYPE_CHECKING:
    from minikctl.client.client import Client

_DIRECTORIES = (
    "/bin", "/dev", "/dev/pts", "/dev/shm", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/proc", "/run", "/sbin",
    "/srv", "/sys", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/sbin", "/usr/share", "/var",
    "/var/cache", "/var/lib", "/var/log", "/var/run", "/var/spool",
)  # fmt: skip
_MODES = {"/root": 0o700, "/tmp": 0o1777, "/var/tmp": 0o1777}
_PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
_GROUP = "root:x:0:\nnogroup:x:65534:\n"
_HOSTS = (
    "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
)
_CLUSTER_DOMAIN = "cluster.local"
_DNS = "10.96.0.10"


@cache
def plain() -> Image:
    """The image of a container about whose pod nothing matters."""
    from minikctl.kubelet.runtime.shell import commands

    files = {path: File(None, DIRECTORY_MODE) for path in _DIRECTORIES}
    files.update({path: File(None, mode) for path, mode in _MODES.items()})
    for name in (*commands.programs(), *commands.ALSO_PROGRAMS):
        files[f"/bin/{name}"] = File("\x7fELF", 0o755)
    files["/etc/passwd"] = File(_PASSWD, FILE_MODE)
    files["/etc/group"] = File(_GROUP, FILE_MODE)
    for name in ("null", "zero", "random", "urandom", "stdin", "stdout", "stderr", "tty", "termination-log"):
        files[f"/dev/{name}"] = File("", 0o666)
    return Image(files)


def image(client: Client, pod: Obj, container: Obj, ip: str, argv: list[str]) -> Image:
    """The image of a container that runs `argv`."""
    files: dict[str, File | Callable[[], str]] = {
        "/etc/hostname": lambda: hostname(pod) + "\n",
        "/etc/hosts": lambda: hosts(pod, ip),
        "/etc/resolv.conf": lambda: _resolv_conf(client, pod),
    }
    if argv:
        files["/proc/1/cmdline"] = File("".join(f"{word}\0" for word in argv), 0o444)
        files["/proc/1/comm"] = File(argv[0].rpartition("/")[2][:15] + "\n", FILE_MODE)
    if directory := (container.get("workingDir") or "").strip("/"):
        files[f"/{directory}"] = File(None, DIRECTORY_MODE)
    return Image(files, plain())


def hosts(pod: Obj, ip: str) -> str:
    """/etc/hosts."""
    spec = pod["spec"]
    text = _HOSTS
    name = hostname(pod)
    if subdomain := spec.get("subdomain"):
        text += f"{ip}\t{name}.{subdomain}.{pod['metadata']['namespace']}.svc.{_CLUSTER_DOMAIN}\t{name}\n"
    else:
        text += f"{ip}\t{name}\n"
    if aliases := spec.get("hostAliases"):
        text += "\n# Entries added by HostAliases.\n"
        text += "".join(f"{alias['ip']}\t{chr(9).join(alias.get('hostnames') or ())}\n" for alias in aliases)
    return text


def _resolv_conf(client: Client, pod: Obj) -> str:
    """/etc/resolv.conf, by the pod's DNS policy and configuration."""
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    servers: list[str] = []
    searches: list[str] = []
    options: list[str] = []
    if spec.get("dnsPolicy", "ClusterFirst") in ("ClusterFirst", "ClusterFirstWithHostNet"):
        service = client.find("services", "kube-dns", "kube-system")
        servers = [service["spec"].get("clusterIP") or _DNS if service else _DNS]
        searches = [f"{namespace}.svc.{_CLUSTER_DOMAIN}", f"svc.{_CLUSTER_DOMAIN}", _CLUSTER_DOMAIN]
        options = ["ndots:5"]
    config = spec.get("dnsConfig") or {}
    servers += [server for server in config.get("nameservers") or () if server not in servers]
    searches += [search for search in config.get("searches") or () if search not in searches]
    for option in config.get("options") or ():
        name = option.get("name", "")
        options = [each for each in options if each.partition(":")[0] != name]
        options.append(f"{name}:{option['value']}" if option.get("value") is not None else name)
    lines = [f"search {' '.join(searches)}"] if searches else []
    lines += [f"nameserver {server}" for server in servers]
    lines += [f"options {' '.join(options)}"] if options else []
    return "".join(f"{line}\n" for line in lines)
