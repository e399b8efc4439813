"""The LanceDB adapter: a catalog in a folder on disk. ``store`` is its entry."""
