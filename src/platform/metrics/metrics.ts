import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Seconds; from a cached read to what a listener would call broken. */
const latencyBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15]

export interface QueueCounts {
  readonly waiting: number
  readonly inFlight: number
  readonly dead: number
  readonly oldestSeconds: number
}

const unknownCounts: QueueCounts = { waiting: NaN, inFlight: NaN, dead: NaN, oldestSeconds: NaN }

/** One function an event; each is a figure that somebody watches. */
export interface Metrics {
  requestAnswered(request: { readonly method: string, readonly route: string, readonly status: number, readonly seconds: number }): void
  requestShed(): void
  signInRefused(reason: string): void
  playStarted(): void
  /** In the text form of Prometheus. */
  text(): Promise<string>
  readonly contentType: string
}

/** A registry of its own, so that two servers in one process don't add up. `queueCounts` is asked at each scrape. */
export function createMetrics (queueCounts: () => Promise<QueueCounts>): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({ name: 'freshet_http_requests_total', help: 'Requests answered.', labelNames: ['method', 'route', 'status'], registers })
  const latency = new Histogram({ name: 'freshet_http_request_seconds', help: 'Time from headers to answer.', labelNames: ['route'], buckets: latencyBuckets, registers })
  const shed = new Counter({ name: 'freshet_http_requests_shed_total', help: 'Requests turned away because the event loop was behind.', registers })
  const refused = new Counter({ name: 'freshet_sign_ins_refused_total', help: 'Sign-ins refused.', labelNames: ['reason'], registers })
  const plays = new Counter({ name: 'freshet_plays_started_total', help: 'Stream addresses given out.', registers })
  const jobs: Gauge = new Gauge({
    name: 'freshet_queue_messages',
    help: 'Messages in the job queue.',
    labelNames: ['state'],
    registers,
    async collect () {
      // While the database is away all other figures are wanted the more.
      const { waiting, inFlight, dead, oldestSeconds } = await queueCounts().catch(() => unknownCounts)
      jobs.set({ state: 'waiting' }, waiting)
      jobs.set({ state: 'in_flight' }, inFlight)
      jobs.set({ state: 'dead' }, dead)
      oldest.set(oldestSeconds)
    }
  })
  const oldest = new Gauge({ name: 'freshet_queue_oldest_seconds', help: 'Age of the oldest waiting message.', registers })
  return {
    requestAnswered ({ method, route, status, seconds }) {
      requests.inc({ method, route, status: `${Math.floor(status / 100)}xx` })
      latency.observe({ route }, seconds)
    },
    requestShed: () => shed.inc(),
    signInRefused: (reason) => refused.inc({ reason }),
    playStarted: () => plays.inc(),
    text: () => registry.metrics(),
    contentType: registry.contentType
  }
}
