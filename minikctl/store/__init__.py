"""etcd's role: revisions, compare-and-swap, a gap-free change log and consistent lists.

Only the apiserver and the cluster open it. `sqlite` is the embedded default.
"""
