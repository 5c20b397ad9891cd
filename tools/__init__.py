"""What runs at the desk or on the server. May import ``agent``; ``agent`` never imports this."""
