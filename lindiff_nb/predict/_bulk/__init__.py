"""The wing of `spectral_density` and `shrinkage`: where the eigenvalues of a training set lie.

support     the map x(w), its critical points and the edges of the bulks
views       near levels one by one, far ones gathered
curve       what lies along the curve on which x(w) is real
counts      how many eigenvalues lie above a point
integral    sums over the positive eigenvalues
"""
