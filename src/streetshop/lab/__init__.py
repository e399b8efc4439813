"""The lab: data sets, methods, training and measurement.

Everything that imports torch is here; install ``streetshop[lab]``. Only the command line imports it.
"""
