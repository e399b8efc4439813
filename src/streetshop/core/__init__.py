"""What every room uses: errors, geometry, records, photos and files."""
