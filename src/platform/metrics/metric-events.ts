/** Kinds of requests that are watched apart: a search that is slow is another matter than a slow sign-in. */
export type RouteClass = 'browse' | 'search' | 'stream' | 'sign-in' | 'upload' | 'media' | 'other'

export interface AnsweredRequest {
  readonly method: string
  /** Pattern, never the address itself: addresses with ids would be a series each. */
  readonly route: string
  /** null: a probe of the operators' or an event stream, which say nothing of how long callers wait. */
  readonly routeClass: RouteClass | null
  readonly status: number
  readonly seconds: number
  /** Turned away because the event loop was behind, or too many waited for the database. */
  readonly shed: boolean
}

export interface EndedJob {
  /** What was done well, in order. */
  readonly stages: readonly string[]
  /** Where it failed for good; null when the job is done. */
  readonly failedStage: string | null
}

/** How long a listener waited for the sound that they asked for. */
export interface HeardStart {
  /** What made the sound: the exact engine, or the browser's own media element. */
  readonly sound: 'engine' | 'base'
  /** Whether the track had been fetched before it was asked for. */
  readonly prepared: boolean
  readonly seconds: number
}

/** Silences within a play that nobody asked for. */
export interface HeardStalls {
  readonly count: number
  /** All of them together. */
  readonly seconds: number
}

/** What happens to requests. Reasons are words of a short list: each is a series. */
export interface WebEvents {
  requestAnswered(request: AnsweredRequest): void
  signInRefused(reason: string): void
  /** A play began to sound, as its player told; what is only fetched ahead is none. */
  playStarted(): void
  playFailed(reason: string): void
  soundStarted(start: HeardStart): void
  soundStalled(stalls: HeardStalls): void
}

/** What happens to jobs. */
export interface WorkerEvents {
  jobEnded(job: EndedJob): void
  /** Seconds from the last byte of an upload to its track. */
  trackPublished(seconds: number): void
}

/** One function an event; each is a figure that somebody watches. Nothing personal may pass here. */
export type MetricEvents = WebEvents & WorkerEvents

/** Tells several listeners of each event. */
export function tellAll (listeners: readonly MetricEvents[]): MetricEvents {
  return {
    requestAnswered: (request) => listeners.forEach((each) => each.requestAnswered(request)),
    signInRefused: (reason) => listeners.forEach((each) => each.signInRefused(reason)),
    playStarted: () => listeners.forEach((each) => each.playStarted()),
    playFailed: (reason) => listeners.forEach((each) => each.playFailed(reason)),
    soundStarted: (start) => listeners.forEach((each) => each.soundStarted(start)),
    soundStalled: (stalls) => listeners.forEach((each) => each.soundStalled(stalls)),
    jobEnded: (job) => listeners.forEach((each) => each.jobEnded(job)),
    trackPublished: (seconds) => listeners.forEach((each) => each.trackPublished(seconds))
  }
}
