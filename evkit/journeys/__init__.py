"""The journey index: every actor's events, sorted once and kept, so that questions need no sort.

`arrays` writes and checks files, `cache` keeps the folder they lie in, `index` is what they hold, `build` makes it, `columns` adds to it.
"""
