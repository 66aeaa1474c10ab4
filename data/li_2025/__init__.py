"""Cases of Li, Motoki and Zhang (2024); sources.csv says where each number comes from."""
