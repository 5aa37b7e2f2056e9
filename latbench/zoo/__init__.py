"""The zoo: what is published about each model (torch-free) and the networks themselves (`networks/`, `layers/`)."""
