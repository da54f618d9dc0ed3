/**
 * S3 Standard, us-east-1, USD a GiB and month: the list prices of scripts/capacity/prices.json (2026-06-01), which the
 * tests hold against these. An estimate for the eye; the bill knows requests and egress too.
 */
export const storagePrice = {
  currency: 'USD',
  asOf: '2026-06-01',
  tiers: [
    { upToGb: 51_200, price: 0.023 },
    { upToGb: 512_000, price: 0.022 },
    { upToGb: Infinity, price: 0.021 }
  ]
} as const

const gibibyte = 2 ** 30

/** What so many bytes cost a month. */
export function storageCost (bytes: number): number {
  let left = bytes / gibibyte
  let from = 0
  let cost = 0
  for (const { upToGb, price } of storagePrice.tiers) {
    const here = Math.min(left, upToGb - from)
    cost += here * price
    left -= here
    from = upToGb
  }
  return Math.round(cost * 100) / 100
}
