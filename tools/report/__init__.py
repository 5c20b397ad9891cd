"""Reports: one self-contained HTML file from results, trials and pictures."""
