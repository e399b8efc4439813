"""What every room of the lab uses: progress, seeds, devices, run files, parts of recipes."""
