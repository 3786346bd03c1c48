"""What processes import first that functions start by `multiprocessing`: the modules of their worker."""

from .loading import import_again

import_again()
