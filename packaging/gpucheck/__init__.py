"""The parts of packaging/gpu_check.py: what is carried, what is built, what is measured, and the report."""
