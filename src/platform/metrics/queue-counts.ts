/** What the job queue holds; `dead` is what nobody will try again unasked. */
export interface QueueCounts {
  readonly waiting: number
  readonly inFlight: number
  readonly dead: number
  /** null where the queue doesn't tell. */
  readonly oldestSeconds: number | null
}
