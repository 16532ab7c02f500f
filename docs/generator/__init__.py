"""Makes the sources of the documentation's site: pages as they are written, and references out of the code.

The site's engine sees plain Markdown alone, so that another one can take its place.
"""
