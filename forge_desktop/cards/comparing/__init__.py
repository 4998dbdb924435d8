"""Cards side by side: does it fit, how fast, at what cost, how well; and whether local or API is cheaper."""
