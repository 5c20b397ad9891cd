"""Reports: one self-contained HTML file from results, trials and pictures.

``page`` fills the template ``page.html.j2`` and its ``parts``; ``verdict`` and ``breaking`` say
what the figures mean, ``slicing``, ``approaching`` and ``instead`` make the rows of a section each,
``figures`` and ``charts`` draw, ``gallery`` and ``panel`` show pictures, ``sheet`` makes one
picture of them all; ``stored`` reports what a store holds. Only ``page`` imports Jinja and the
charts' matplotlib, and only when asked for a report: both are the extra ``report``.
"""
