"""Tools for the people who run the course: `python -m advcourse.course build | normalise | lint | doctor`."""

import sys

# Reading notebooks loads jsonschema, and that, where it is installed, a grammar of international web addresses, which
# takes two seconds to compile, far longer than all else to load. No field of a notebook is such an address.
sys.modules.setdefault("rfc3987_syntax", None)  # ty: ignore[no-matching-overload]
