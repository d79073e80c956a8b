"""What `lindiff-nb lab` tells JupyterLab. A package of its own: no chapter depends on it."""
