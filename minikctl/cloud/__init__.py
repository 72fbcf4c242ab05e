"""cloud-controller-manager: there is no cloud yet, so LoadBalancer Services stay pending, as on bare metal."""
