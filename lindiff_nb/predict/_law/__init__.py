"""The wing of `losses`, `divergence`, `best_ridge` and `fluctuations`: one fit, solved once.

fit         a population, n and a ridge, with kappa and the degrees of freedom at it
loss        means and variances of the losses        divergence  the same of the divergences
sizes       loops over n
"""
