"""Training a network from the command line: images in, weights and a record out."""
