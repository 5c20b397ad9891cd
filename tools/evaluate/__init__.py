"""Evaluation of a model on recorded, labelled data: the loop over workers, and its results."""
