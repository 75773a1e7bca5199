"""What every test runs under."""

import os

from hypothesis import HealthCheck, settings

# how long an example takes says nothing of the code: machines are slow, and busy
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", settings.get_profile("patient"), derandomize=True)
# where nobody looks for new examples, a failure must be of the change
settings.load_profile("repeatable" if os.environ.get("REQUIRE_ALL_TESTS") == "1" else "patient")
