"""Cases for the reconstruction of Le Cadre et al. (2018): synthetic, for the paper's data are lost to us; see sources.csv."""
