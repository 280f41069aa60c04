"""The works that somaforge builds on: their tables and figures beside ours (docs/papers.md).

A part (`part.py`) makes one table or figure of a work; `registry.py` lists them; `book.py` runs them and keeps what
each found as JSON, `page.py` writes the page from these files alone.
"""
