"""What the pages weigh and how quick they are, each figure beside its budget.

Run it with ``make bench-pages`` on an idle machine. It starts a server of its own with the demo
and looks at its pages with Chromium, made four times slower; it takes about ten minutes.
``python -m bench.pages --only weights,pins`` measures a part.
"""
