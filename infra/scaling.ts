/**
 * How the fleets grow and shrink. Figures only: the scaling lab tries them out on the synthesised template
 * (docs/decisions/0025), so change them here, run the lab, then deploy.
 */
export const scaling = {
  web: {
    /** p95 of TargetResponseTime over its alarm's threshold (alarms.ts, latency-scale-out): only ever adds instances. */
    latencySteps: [
      { fromSeconds: 0, toSeconds: 0.1, addPercent: 200 },
      { fromSeconds: 0.1, toSeconds: undefined, addPercent: 400 }
    ],
    /** Never fewer than so many at a step: 30 % of two instances would be none. */
    latencyStepAtLeast: 1,
    /** Target tracking of the mean processor load, in percent. */
    cpuPercent: 55,
    /**
     * Target tracking of requests an instance answers in a minute, shed ones too: it knows how many there are when the
     * processors are at their end, and brings instances back when listeners leave. 55 % of two processors, one for each web
     * process, at 1.54 ms a request: the mean of `npm run bench:requests`. A test compares.
     */
    requestsPerMinutePerInstance: 43_000,
    /** From an instance's start until its load counts: a minute to start, and two until the metrics show what it brought. */
    warmUpSeconds: 180,
    /** From an instance's start until the group asks whether it is healthy. */
    healthGraceSeconds: 120
  },
  worker: {
    /** Jobs waiting or in work that one worker may have before it: at about 10 s a track and two at once, 50 s of work. */
    backlogPerWorker: 10,
    warmUpSeconds: 90
  }
} as const
