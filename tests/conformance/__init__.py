"""RFC 6455 by the Autobahn testsuite's fuzzing client: ``python -m tests.conformance``."""
