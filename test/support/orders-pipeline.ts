/** A pipeline file for tests of what is counted by the minute: orders by country, with a rule on each. */
export const ORDERS_PIPELINE = `pipeline: shop
source: { topic: orders }
event: { time: at, out_of_orderness: 1s, allowed_lateness: 5s }
dimensions: [country]
measures: { orders: { count: {} } }
windows: [1m]
rollups: [[]]
detect: { orders: { detector: threshold, above: 50 } }
`;
