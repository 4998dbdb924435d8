"""What stands behind packaging/dev.py: standard library only, because it runs before anything is installed."""
