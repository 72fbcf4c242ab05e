"""client-go's role: the client of the apiserver, the shape of a component, and the event recorder."""
