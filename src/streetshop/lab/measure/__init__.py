"""Measure runs and bundles; each measurement is a :class:`~streetshop.lab.evaluate.report.Report`."""
