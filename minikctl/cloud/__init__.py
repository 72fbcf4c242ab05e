"""cloud-controller-manager: what a cluster does where it runs in a cloud, here an emulated one.

Only clusters made with `cluster create --cloud-provider=emulated` have it. Volumes are not its work, as upstream:
they are CSI drivers'.
"""
