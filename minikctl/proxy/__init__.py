"""kube-proxy: from Services and EndpointSlices to the rules of a node, and to where a connection leads.

All of it is computed from the objects as they are; nothing is kept. A node always has the rules of this
moment, whether a kube-proxy pod runs on it or not: that pod only shows them (`iptables-save` in it).
"""
