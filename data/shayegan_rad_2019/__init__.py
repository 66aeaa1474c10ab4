"""Cases of Shayegan-Rad and Zangeneh (2019); sources.csv says where each number comes from."""
