"""The wing of `losses`, `divergence`, `best_ridge`, `fluctuations` and `frechet`: one fit each.

fit         a population, n and a ridge, with kappa and the degrees of freedom at it
loss        means and variances of the losses        divergence  the same of the divergences
sizes       loops over n            frechet     the integrals of a Frechet distance
"""
