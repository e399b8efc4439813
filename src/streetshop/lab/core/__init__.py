"""What every room of the lab uses: progress, seeds, devices, run files, the parts of recipes that data loading needs."""
