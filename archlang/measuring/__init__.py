"""What is measured on a running network: how large gradients and activations are."""
