"""What leaves a store: tables as Parquet or CSV, and rows that are old enough to go.

May import ``tools.stores`` and the command line's libraries; pyarrow only when Parquet is asked
for. ``fieldproof store`` is its command.
"""
