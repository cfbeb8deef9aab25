"""The files of a store: landing, segments, the manifest that says which count, and snapshots of them."""
