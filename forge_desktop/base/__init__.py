"""What every room stands on: errors, events, jobs, settings, paths, child processes, logs. Imports no other room."""
