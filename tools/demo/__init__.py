"""The demo on one machine, and how its bundled model was drawn, trained and measured."""
