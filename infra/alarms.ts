import { thresholds } from '../src/health/thresholds.ts'

/** When a metric has no value: a quiet night, or the very fault that is looked for. */
export type MissingData = 'breaching' | 'notBreaching' | 'ignore' | 'missing'

/**
 * One alarm: what it watches, when it goes off, and what the person who gets the message does.
 * A section of docs/operations.md has the id as its anchor; the tests compare the two.
 */
export interface AlarmFacts {
  /** `region`: each region has one. `primary`: where the writer and the workers are. `edge`: one an installation, in us-east-1. */
  readonly where: 'region' | 'primary' | 'edge'
  readonly watches: string
  readonly action: string
  readonly comparison: 'above' | 'atLeast' | 'below'
  readonly threshold: number
  readonly periodSeconds: number
  /** Goes off when `datapoints` of the last `of` periods are over the threshold. */
  readonly datapoints: number
  readonly of: number
  readonly missing: MissingData
}

/** Drives the scaling of the web fleet and tells nobody; its figures are in scaling.ts. */
export const scaleOutAlarmId = 'latency-scale-out'

export const alarms = {
  'latency-high': {
    where: 'region',
    watches: 'The 95th percentile of what the load balancer waits for the web fleet is over 0.5 s although the fleet has had time to grow.',
    action: 'See whether the fleet is at its maximum, then whether the database is slow; raise the maximum or mend the query.',
    comparison: 'above',
    threshold: thresholds['latency-high'],
    periodSeconds: 60,
    datapoints: 8,
    of: 10,
    missing: 'notBreaching'
  },
  'latency-scale-out': {
    where: 'region',
    watches: 'The 95th percentile of what the load balancer waits for the web fleet: it adds instances by itself.',
    action: 'Nothing: it tells no one. If it stays on, latency-high follows.',
    comparison: 'above',
    threshold: 0.25,
    periodSeconds: 60,
    datapoints: 1,
    of: 1,
    missing: 'notBreaching'
  },
  'errors-5xx': {
    where: 'region',
    watches: 'More than 1 % of the answers are 5xx, of Freshet or of the load balancer; shed requests are left out.',
    action: 'Read the newest errors in the web log group; if they began with a deploy, roll it back.',
    comparison: 'above',
    threshold: thresholds['errors-5xx'],
    periodSeconds: 60,
    datapoints: 3,
    of: 5,
    missing: 'notBreaching'
  },
  'cpu-high': {
    where: 'region',
    watches: 'The web fleet’s processors are over 85 % busy although 55 % is what the scaling aims at.',
    action: 'The fleet is at its maximum or can’t get instances: read the activity of the auto-scaling group, raise the maximum.',
    comparison: 'above',
    threshold: thresholds['cpu-high'],
    periodSeconds: 60,
    datapoints: 10,
    of: 10,
    missing: 'missing'
  },
  'memory-high': {
    where: 'region',
    watches: 'An instance uses over 90 % of its memory.',
    action: 'Find the instance in the log by its id; end it, the group replaces it; keep its log for the report of a leak.',
    comparison: 'above',
    threshold: thresholds['memory-high'],
    periodSeconds: 60,
    datapoints: 5,
    of: 5,
    missing: 'missing'
  },
  'disk-full': {
    where: 'region',
    watches: 'The data volume of an instance is over 85 % full.',
    action: 'On a worker look for a job with an unusually large file; end the instance, the job starts anew on another.',
    comparison: 'above',
    threshold: thresholds['disk-full'],
    periodSeconds: 60,
    datapoints: 3,
    of: 3,
    missing: 'missing'
  },
  'database-connections': {
    where: 'region',
    watches: 'The writer, or a replica, has given away over 80 % of its connections.',
    action: 'Compare instances × DATABASE_POOL with the maximum; lower the pool or take a larger database class.',
    comparison: 'above',
    threshold: thresholds['database-connections'],
    periodSeconds: 60,
    datapoints: 5,
    of: 5,
    missing: 'missing'
  },
  'database-storage': {
    where: 'region',
    watches: 'A database has less than 5 GiB free although its volume grows by itself.',
    action: 'It is at its ceiling: raise databaseMaxStorageGiB in infra/settings.ts and deploy.',
    comparison: 'below',
    threshold: 5 * 1024 ** 3,
    periodSeconds: 300,
    datapoints: 1,
    of: 1,
    missing: 'breaching'
  },
  'database-cpu': {
    where: 'region',
    watches: 'A database’s processors are over 80 % busy for a quarter of an hour.',
    action: 'Find the costly statement in Performance Insights; mend it, or take a larger database class.',
    comparison: 'above',
    threshold: 80,
    periodSeconds: 300,
    datapoints: 3,
    of: 3,
    missing: 'missing'
  },
  'replica-lag': {
    where: 'region',
    watches: 'A read replica is over 30 s behind its writer.',
    action: 'Nothing breaks: sessions read the writer meanwhile. Look for a long transaction or a saturated replica.',
    comparison: 'above',
    threshold: 30,
    periodSeconds: 60,
    datapoints: 5,
    of: 5,
    missing: 'missing'
  },
  'queue-age': {
    where: 'primary',
    watches: 'The oldest job has waited over 15 minutes.',
    action: 'See whether workers run and whether they are at their maximum; Spot may have none to give.',
    comparison: 'above',
    threshold: thresholds['queue-age'],
    periodSeconds: 60,
    datapoints: 5,
    of: 5,
    missing: 'notBreaching'
  },
  'dead-letters': {
    where: 'primary',
    watches: 'A message has been given up after its last attempt.',
    action: 'Read the reason on the jobs page or in the worker log, mend it, send the messages back.',
    comparison: 'atLeast',
    threshold: thresholds['dead-letters'],
    periodSeconds: 60,
    datapoints: 1,
    of: 1,
    missing: 'notBreaching'
  },
  'jobs-failing': {
    where: 'primary',
    watches: 'More than 10 % of the jobs of the last quarter of an hour failed.',
    action: 'Look at JobsFailed by Processor: one that stands out is a fault of ours, all alike point at the store or the database.',
    comparison: 'above',
    threshold: thresholds['jobs-failing'],
    periodSeconds: 300,
    datapoints: 3,
    of: 3,
    missing: 'notBreaching'
  },
  'worker-backlog': {
    where: 'primary',
    watches: 'The jobs a worker has before it stay at four times the target although the worker fleet has had time to grow.',
    action: 'Raise worker.max in infra/settings.ts, or see why instances don’t come: the group’s activity names the reason.',
    comparison: 'above',
    threshold: 40,
    periodSeconds: 60,
    datapoints: 15,
    of: 15,
    missing: 'notBreaching'
  },
  'requests-shed': {
    where: 'region',
    watches: 'Instances refuse over 1 % of the requests to stay quick for the rest.',
    action: 'As cpu-high: the fleet is too small or its database slow. A short peak while instances start is normal.',
    comparison: 'above',
    threshold: thresholds['requests-shed'],
    periodSeconds: 60,
    datapoints: 3,
    of: 5,
    missing: 'notBreaching'
  },
  'certificate-expiry': {
    where: 'region',
    watches: 'A certificate ends in less than 30 days: its renewal by DNS has failed.',
    action: 'Put back the validation record that Certificate Manager shows for the domain.',
    comparison: 'below',
    threshold: 30,
    periodSeconds: 86_400,
    datapoints: 1,
    of: 1,
    missing: 'missing'
  },
  'edge-certificate-expiry': {
    where: 'edge',
    watches: 'The certificate of the distribution ends in less than 30 days: its renewal by DNS has failed.',
    action: 'Put back the validation record that Certificate Manager shows for the domain.',
    comparison: 'below',
    threshold: 30,
    periodSeconds: 86_400,
    datapoints: 1,
    of: 1,
    missing: 'missing'
  },
  'sign-ins-refused': {
    where: 'region',
    watches: 'Far more sign-ins are refused than people mistype: somebody tries passwords.',
    action: 'Read the reasons and addresses in the audit log; block the addresses in the web ACL; accounts are limited by themselves.',
    comparison: 'above',
    threshold: 200,
    periodSeconds: 300,
    datapoints: 2,
    of: 3,
    missing: 'notBreaching'
  },
  billing: {
    where: 'edge',
    watches: 'This month’s estimated charges are over the budget of infra/settings.ts.',
    action: 'See in Cost Explorer which service grew; egress of the distribution follows listening, anything else deserves a look.',
    comparison: 'above',
    threshold: 100,
    periodSeconds: 21_600,
    datapoints: 1,
    of: 1,
    missing: 'missing'
  },
  'no-healthy-instances': {
    where: 'region',
    watches: 'The load balancer has no healthy instance; Route 53 sends the region’s listeners elsewhere.',
    action: 'Ask /readyz through the log: database, store or settings. After a deploy, roll back.',
    comparison: 'below',
    threshold: 1,
    periodSeconds: 60,
    datapoints: 2,
    of: 2,
    missing: 'breaching'
  },
  'play-errors': {
    where: 'region',
    watches: 'More than 2 % of the plays end in an error that the player reports.',
    action: 'Look at PlayErrors by Reason: refused addresses point at the signing keys, missing files at the store.',
    comparison: 'above',
    threshold: thresholds['play-errors'],
    periodSeconds: 300,
    datapoints: 2,
    of: 3,
    missing: 'notBreaching'
  },
  'deploy-errors': {
    where: 'region',
    watches: 'Answers with 5xx from Freshet itself. While a refresh of the fleet runs, it stops it and rolls back.',
    action: 'Read the newest errors in the web log group before trying the deploy again.',
    comparison: 'above',
    threshold: 20,
    periodSeconds: 60,
    datapoints: 2,
    of: 3,
    missing: 'notBreaching'
  },
  'metrics-missing': {
    where: 'region',
    watches: 'The web fleet has reported no metrics for ten minutes, so every alarm on namespace Freshet is blind.',
    action: 'See whether freshet-logs runs on the instances and whether the log group receives anything.',
    comparison: 'below',
    threshold: 1,
    periodSeconds: 300,
    datapoints: 2,
    of: 2,
    missing: 'breaching'
  },
  'edge-errors': {
    where: 'edge',
    watches: 'Over 1 % of what the distribution answers is a 5xx: web fleet or media.',
    action: 'If errors-5xx is on too, it is the fleet. If not, it is the media bucket or its key policy.',
    comparison: 'above',
    threshold: 1,
    periodSeconds: 300,
    datapoints: 2,
    of: 3,
    missing: 'notBreaching'
  },
  'replication-failing': {
    where: 'primary',
    watches: 'Objects of the media bucket could not be copied to another region or to the vault of originals.',
    action: 'The replication role or a key policy was changed: mend it, then run a batch replication of what is marked FAILED.',
    comparison: 'above',
    threshold: 0,
    periodSeconds: 300,
    datapoints: 1,
    of: 3,
    missing: 'notBreaching'
  }
} as const satisfies Record<string, AlarmFacts>

export type AlarmId = keyof typeof alarms

/** What the message of an alarm says: what happened, what to do, where to read on. */
export function alarmDescription (id: AlarmId): string {
  const { watches, action } = alarms[id]
  return `${watches} To do: ${action} docs/operations.md#${id}`
}
