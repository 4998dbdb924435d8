"""The formats that cards leave and come in, each of its own; what all share are plain values and properties."""
