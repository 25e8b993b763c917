"""What holds for all tests."""

import os

# The tests run side by side in several processes; torch's threads would only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
