"""The window: the only room that imports PySide6. It uses the other rooms through `Forge` and passes plain values."""
