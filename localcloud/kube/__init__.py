"""A region's Kubernetes: a real control plane, nodes kept alive by kwok, the metrics API and the Gateway API's kinds."""
