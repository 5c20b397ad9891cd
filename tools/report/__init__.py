"""Reports: one self-contained HTML file from results, trials and pictures.

``page`` fills the template ``page.html.j2``; ``verdict`` and ``breaking`` say what the figures
mean, ``figures`` and ``charts`` draw them, ``gallery`` and ``panel`` show pictures, ``sheet``
makes one picture of them all. Only ``page`` imports Jinja and the charts' matplotlib, and only
when asked for a report: both are the extra ``report``.
"""
