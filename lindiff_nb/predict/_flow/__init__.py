"""The wing of `training`: gradient flow after a time tau.

contours       the paths in the complex plane that serve all points at once
gradient_flow  losses and their slopes as sums over the nodes of a contour
stopping       when the loss on new data is least
"""
