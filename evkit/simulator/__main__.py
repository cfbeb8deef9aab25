"""Make the sample data: ``python -m evkit.simulator sample_data``."""

import sys

from evkit.simulator.write import make

if __name__ == "__main__":
    found = make(sys.argv[1] if len(sys.argv) > 1 else "sample_data")
    print({key: value for key, value in found.items() if not isinstance(value, dict)}, found["merges"], found["funnels"])
