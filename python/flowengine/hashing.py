"""Names for texts."""

from __future__ import annotations

import hashlib


def short_digest(text: str) -> str:
    """Answer 16 hexadecimal digits that change with the text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
