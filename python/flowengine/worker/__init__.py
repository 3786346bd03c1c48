"""The process that calls Python functions for `flow`, one after the other: `python -m flowengine.worker`.

Calls come by stdin and answers go by stdout, each as four bytes of length (big-endian) and JSON. What the functions
print goes along as messages; what programs that they start print comes by stderr.
"""
