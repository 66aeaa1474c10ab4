"""Le Cadre, Pagnoncelli, Homem-de-Mello and Beaude (2018), reconstructed: a coalition's price under private information."""
