"""Takes off ids and column names what cannot be seen around them."""

# What `str.isspace` knows, then the zero-width and direction marks that chats and web pages leave around a copied id.
_SPACE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_UNSEEN = "\xad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_EDGE = _SPACE + _UNSEEN


def edges(text: str) -> str:
    """The text without Unicode space and zero-width characters at its ends."""
    return text.strip(_EDGE)
