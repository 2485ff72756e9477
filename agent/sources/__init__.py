"""What turns raw pixels into masked pictures, off the main thread."""
