// Send with PostHog's Node SDK to the address that the first argument is; the second one is its options as JSON.
const { PostHog } = require("posthog-node");

async function main() {
  const client = new PostHog("phc_test", { host: process.argv[2], flushAt: 10, flushInterval: 200, ...JSON.parse(process.argv[3]) });
  client.capture({ distinctId: "user-1", event: "order placed", properties: { n: 1, text: "\u03e5 \ud83d\udcbb" }, groups: { company: "acme" } });
  client.identify({ distinctId: "user-1", properties: { $set: { plan: "pro" }, $set_once: { first: 1 } } });
  client.groupIdentify({ groupType: "company", groupKey: "acme", properties: { size: 3 } });
  client.alias({ distinctId: "user-1", alias: "anon-1" });
  client.capture({ distinctId: "anon-1", event: "order placed" });
  if (Object.keys(await client.getAllFlags("user-1")).length) throw new Error("flags");
  await client.shutdown();
}

main().catch(error => { console.error(error); process.exit(1); });
