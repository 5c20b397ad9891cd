"""What sits on the lens or on the pane before it."""
