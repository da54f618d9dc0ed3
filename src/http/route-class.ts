import type { RouteClass } from '../platform/metrics/metric-events.ts'

/** The first that fits; of patterns, not of addresses. */
const classes: ReadonlyArray<readonly [RegExp, RouteClass | null]> = [
  [/^\/(healthz|readyz|metrics)$/, null],
  // Open as long as a browser is: its time says nothing.
  [/^\/api\/events$/, null],
  [/^\/(media|originals|store)\//, 'media'],
  [/^\/api\/tracks\/:id\/(stream|start)$/, 'stream'],
  [/^\/api\/search$/, 'search'],
  [/^\/api\/(session|setup)(\/|$)/, 'sign-in'],
  [/^\/api\/(uploads|demo-album)(\/|$)/, 'upload'],
  [/^\/api\/(home|genres|artists|albums|tracks)(\/|$)/, 'browse']
]

/** Which requests are watched together; null for what nobody waits for. */
export function routeClassOf (route: string): RouteClass | null {
  const found = classes.find(([pattern]) => pattern.test(route))
  return found === undefined ? 'other' : found[1]
}
