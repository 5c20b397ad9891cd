"""Who may see the dashboard, and who may act: users and tokens in a file, sign-in, sessions.

``roll`` reads and writes the file, ``passwords`` and ``waits`` guard the sign-in, ``sessions``
remembers who is signed in, ``forms`` tells our own forms from others', and ``guard`` stands before
every page and lets nobody in who is not let in by one of these. Imports nothing of the pages.
"""
