"""What a model file is (``inspect``), and which card fits it (``probe``). May import ``agent``."""
