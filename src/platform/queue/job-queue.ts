/** A message as received; `receipt` is good for this receipt only. */
export interface QueueMessage {
  readonly id: string
  readonly body: string
  /** How often it has been received, this time included. */
  readonly receiveCount: number
  readonly receipt: string
}

export interface ReceiveOptions {
  /** 1 to 10, as SQS has it. */
  readonly max: number
  /** How long to wait for a first message, in seconds (long poll). */
  readonly waitSeconds: number
  /** How long the messages stay hidden from other receivers, in seconds. */
  readonly visibilitySeconds: number
  readonly signal: AbortSignal
}

export interface QueueDepth {
  readonly waiting: number
  readonly inFlight: number
  readonly dead: number
  /**
   * Age of the oldest waiting message, in seconds; 0 when there is none. SQS tells it to CloudWatch only
   * (ApproximateAgeOfOldestMessage): there it is what the messages that this process received last allow, and null in
   * a process that receives none.
   */
  readonly oldestSeconds: number | null
}

/**
 * Messages with the semantics of SQS: at least once, in no promised order, hidden while somebody works on them,
 * and set aside as dead after so many receipts. Seconds may be fractions; SQS rounds them up.
 */
export interface JobQueue {
  send(bodies: readonly string[], options?: { readonly delaySeconds?: number }): Promise<void>
  /** Empty when nothing came in time or the signal was aborted. */
  receive(options: ReceiveOptions): Promise<QueueMessage[]>
  /** Hides the message for so long from now; 0 gives it back at once. False when the receipt is stale. */
  hide(message: QueueMessage, seconds: number): Promise<boolean>
  /** False when the receipt is stale: somebody else has the message, or may have it. */
  delete(message: QueueMessage): Promise<boolean>
  depth(): Promise<QueueDepth>
  /** @throws when the queue can't be used; the message names the setting */
  check(): Promise<void>
  close(): Promise<void>
}
