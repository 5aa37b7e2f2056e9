"""The zoo: a torch-free file of facts per family, the modules themselves in `networks/` and `layers/`."""
