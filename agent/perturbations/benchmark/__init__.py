"""The corruptions of the field's standard benchmarks, as those define them: on finished pictures.

They have no cause in the world and no units, so they are applied after everything else. ``ic_`` in
a kind's name stands for ImageNet-C (Hendrycks and Dietterich 2019).
"""
