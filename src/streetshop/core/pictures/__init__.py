"""Pictures as files: limits, formats, headers, decoding, and the processes that decode. Needs Pillow alone."""
