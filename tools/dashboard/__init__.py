"""The dashboard: a store's fleet in the browser, and as JSON.

Reads ``tools.stores`` and shows it in the look of ``tools.report``; imports neither OpenCV nor
TFLite, nor how alerts are raised. ``access`` stands before everything; ``context`` holds what the
pages share; ``devices`` and ``history`` ask the store, ``cache`` remembers; ``rates``, ``breaking``
and ``comparing`` make figures of sums, ``figures`` charts of them, which ``drawing`` draws;
``pages`` is one file per page with its template in ``templates``; ``api`` is the JSON, ``live``
tells open pages that something has changed; ``app`` puts them together, ``serve`` runs it.

To add a page: a file in ``pages`` with a ``router``, a template, its line in ``app`` and in the
navigation of ``templates/base.html.j2``, and a test.
"""
