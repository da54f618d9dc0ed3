/**
 * From where on a figure is somebody's business: the alarms of a fleet (infra/alarms.ts) and the needle on the health
 * page are drawn from this one list. Percent, seconds and pieces as the name of the alarm says.
 */
export const thresholds = {
  /** Seconds, 95th percentile. */
  'latency-high': 0.5,
  /** Percent of the answers. */
  'errors-5xx': 1,
  'cpu-high': 85,
  'memory-high': 90,
  'disk-full': 85,
  /** Percent of the connections that the database gives away. */
  'database-connections': 80,
  /** Seconds. */
  'queue-age': 900,
  /** Messages. */
  'dead-letters': 1,
  /** Percent of the jobs. */
  'jobs-failing': 10,
  /** Percent of the requests. */
  'requests-shed': 1,
  /** Percent of the plays. */
  'play-errors': 2
} as const
