"""Circular correlations in a graph: found, whoever wrote them, and each replaced by the lowering chosen."""
