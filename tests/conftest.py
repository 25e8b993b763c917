"""What holds for all tests."""

import os

# The tests run side by side in several processes, where torch's threads would only be in the way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
