"""The lab: data sets, methods, training and measurement. Everything that imports torch lives here; install
``streetshop[lab]``. Nothing outside this package imports it.
"""
