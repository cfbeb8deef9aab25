"""Send with PostHog's Python SDK, in the way the second argument says, to the address that the first one is."""

import json
import sys

from posthog import Posthog

url, options = sys.argv[1], json.loads(sys.argv[2])
client = Posthog("phc_test", host=url, flush_at=10, flush_interval=0.2, **options)
client.capture("order placed", distinct_id="user-1", properties={"n": 1, "text": "\u03e5 \U0001f4bb"}, groups={"company": "acme"})
client.set(distinct_id="user-1", properties={"plan": "pro"})
client.set_once(distinct_id="user-1", properties={"first": 1})
client.group_identify("company", "acme", {"size": 3})
client.alias("anon-1", "user-1")
client.capture("order placed", distinct_id="anon-1")
assert client.get_all_flags("user-1") == {}
client.shutdown()
