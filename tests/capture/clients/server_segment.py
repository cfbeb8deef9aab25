"""Send with Segment's Python library to the address that the first argument is."""

import sys

import segment.analytics as analytics

failures: list[object] = []
analytics.write_key, analytics.host, analytics.gzip = "phc_test", sys.argv[1], "gzip" in sys.argv
analytics.on_error = lambda error, batch: failures.append(error)
analytics.track("user-1", "order placed", {"n": 1, "$groups": {"company": "acme"}})
analytics.identify("user-1", {"plan": "pro"}, anonymous_id="anon-1")
analytics.group("user-1", "acme", {"size": 3, "group_type": "company"})
analytics.alias("anon-0", "user-1")
analytics.page("user-1", "docs", "home", {"url": "http://localhost/home"})
analytics.screen("user-1", name="main")
analytics.flush()
analytics.shutdown()
sys.exit(str(failures) if failures else 0)
