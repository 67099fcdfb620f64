"""Names of test cases."""

import re


def stable_name(value):
    """Text of a value without addresses, which differ between test processes."""
    return re.sub(r" (of .* )?at 0x\w+", "", str(value))[:80]
