"""The reader: views, pseudo-labels, class balance and the head that names articles."""
