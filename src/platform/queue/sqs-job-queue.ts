import { setTimeout as delay } from 'node:timers/promises'
import {
  ChangeMessageVisibilityCommand, DeleteMessageCommand, GetQueueAttributesCommand, type Message, type QueueAttributeName,
  ReceiveMessageCommand, SendMessageBatchCommand, type SendMessageBatchRequestEntry, SQSClient, type SQSClientConfig
} from '@aws-sdk/client-sqs'
import type { JobQueue, QueueDepth, QueueMessage, ReceiveOptions } from './job-queue.ts'
import { checkQueueOption, queueLimits } from './queue-limits.ts'
import { isStaleReceipt, queueFault, QueueSendFailedError, QueueUnusableError } from './sqs-errors.ts'

export interface SqsJobQueueOptions {
  readonly url: string
  /** Where the queue's redrive policy sets messages aside. */
  readonly deadLetterUrl: string
  readonly region: string
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined
  /** Default: the SDK's chain, which finds the role of the machine. */
  readonly credentials?: NonNullable<SQSClientConfig['credentials']>
}

type Attributes = Partial<Record<QueueAttributeName, string>>

const connectTimeoutMs = 5_000
/** Above the longest poll. */
const idleTimeoutMs = 30_000
/** Jitter and growing pauses are the SDK's (its standard mode). */
const attempts = 5
const sendAttempts = 5
const firstResendMs = 100
/** An answer that was on its way when the receiver gave up still arrives; its messages are given back. */
const lateAnswerMs = 500
/** Fewer, and a few restarts of workers would bury a message that nothing is wrong with. */
const fewestReceives = 3

/**
 * Amazon SQS. Attempts are counted by SQS, and its redrive policy sets messages aside: `check` makes sure of it.
 * A receipt counts as stale once the time it was hidden for is over on this machine's clock: SQS itself would go on
 * taking it for a while, from under the next receiver.
 */
export class SqsJobQueue implements JobQueue {
  readonly #options: SqsJobQueueOptions
  readonly #client: SQSClient
  readonly #closed = new AbortController()
  /** On performance.now(). */
  readonly #hiddenUntil = new WeakMap<QueueMessage, number>()
  readonly #late = new Set<Promise<void>>()
  /** What waits was sent after this, as far as the order of what came tells; milliseconds since 1970. */
  #oldestPossibleAt: number | undefined

  constructor (options: SqsJobQueueOptions) {
    this.#options = options
    const agent = { keepAlive: true, maxSockets: 512 }
    this.#client = new SQSClient({
      region: options.region,
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, useQueueUrlAsEndpoint: false }),
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
      retryMode: 'standard',
      maxAttempts: attempts,
      requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: idleTimeoutMs, httpAgent: agent, httpsAgent: agent }
    })
  }

  /** @throws QueueUnusableError when a queue can't be reached or the first has no redrive policy to the second */
  async check (): Promise<void> {
    const { url, deadLetterUrl } = this.#options
    const queue = await this.#attributes(url, 'RedrivePolicy').catch((error: unknown) => { throw new QueueUnusableError(queueFault('SQS_QUEUE_URL', error)) })
    const dead = await this.#attributes(deadLetterUrl, 'QueueArn').catch((error: unknown) => { throw new QueueUnusableError(queueFault('SQS_DEAD_LETTER_QUEUE_URL', error)) })
    const { deadLetterTargetArn, maxReceiveCount } = redrivePolicy(queue.RedrivePolicy)
    if (deadLetterTargetArn === undefined) throw new QueueUnusableError('SQS_QUEUE_URL: the queue has no redrive policy, so what fails would be tried for ever; give it one to the queue of SQS_DEAD_LETTER_QUEUE_URL')
    if (deadLetterTargetArn !== dead.QueueArn) throw new QueueUnusableError(`SQS_DEAD_LETTER_QUEUE_URL is ${dead.QueueArn}, but the redrive policy of SQS_QUEUE_URL leads to ${deadLetterTargetArn}`)
    if (Number(maxReceiveCount) < fewestReceives) throw new QueueUnusableError(`SQS_QUEUE_URL: the redrive policy gives up after ${maxReceiveCount} receipts; allow at least ${fewestReceives}, better 5`)
  }

  async send (bodies: readonly string[], { delaySeconds = 0 }: { readonly delaySeconds?: number } = {}): Promise<void> {
    checkQueueOption('delaySeconds', delaySeconds)
    for (const batch of batches(bodies)) await this.#sendBatch(batch, Math.ceil(delaySeconds))
  }

  async receive ({ max, waitSeconds, visibilitySeconds, signal }: ReceiveOptions): Promise<QueueMessage[]> {
    checkQueueOption('max', max)
    checkQueueOption('waitSeconds', waitSeconds)
    checkQueueOption('visibilitySeconds', visibilitySeconds)
    const stop = AbortSignal.any([signal, this.#closed.signal])
    if (stop.aborted) return []
    const cut = new AbortController()
    const askedAt = Date.now()
    const poll = this.#client.send(new ReceiveMessageCommand({
      QueueUrl: this.#options.url,
      MaxNumberOfMessages: max,
      WaitTimeSeconds: Math.ceil(waitSeconds),
      VisibilityTimeout: Math.ceil(visibilitySeconds),
      MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp']
    }), { abortSignal: cut.signal }).then(({ Messages = [] }) => Messages)
    const answer = await unlessAborted(poll, stop)
    if (answer === undefined) {
      const late = this.#giveBackLate(poll, cut).finally(() => this.#late.delete(late))
      this.#late.add(late)
      return []
    }
    if (answer.length === 0) this.#noteOldest(askedAt)
    return answer.map((message) => this.#received(message, visibilitySeconds))
  }

  async hide (message: QueueMessage, seconds: number): Promise<boolean> {
    checkQueueOption('visibilitySeconds', seconds)
    if (!this.#holds(message)) return false
    // SQS counts from some time between the asking and the answer.
    const askedAt = performance.now()
    const held = await unlessStale(this.#client.send(new ChangeMessageVisibilityCommand({ ...this.#receiptOf(message), VisibilityTimeout: Math.ceil(seconds) })))
    this.#hiddenUntil.set(message, held ? askedAt + seconds * 1_000 : 0)
    return held
  }

  async delete (message: QueueMessage): Promise<boolean> {
    if (!this.#holds(message)) return false
    this.#hiddenUntil.delete(message)
    return await unlessStale(this.#client.send(new DeleteMessageCommand(this.#receiptOf(message))))
  }

  async depth (): Promise<QueueDepth> {
    const [queue, dead] = await Promise.all([
      this.#attributes(this.#options.url, 'ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'),
      this.#attributes(this.#options.deadLetterUrl, 'ApproximateNumberOfMessages')
    ])
    const waiting = Number(queue.ApproximateNumberOfMessages ?? 0)
    const oldest = this.#oldestPossibleAt === undefined ? null : Math.max(0, Date.now() - this.#oldestPossibleAt) / 1_000
    return {
      waiting,
      inFlight: Number(queue.ApproximateNumberOfMessagesNotVisible ?? 0),
      dead: Number(dead.ApproximateNumberOfMessages ?? 0),
      oldestSeconds: waiting === 0 ? 0 : oldest
    }
  }

  async close (): Promise<void> {
    this.#closed.abort()
    await Promise.allSettled(this.#late)
    this.#client.destroy()
  }

  async #attributes (url: string, ...names: QueueAttributeName[]): Promise<Attributes> {
    const { Attributes = {} } = await this.#client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: names }))
    return Attributes
  }

  /** SQS may take some messages of a batch and not others; those it had no fault to find with are sent again. */
  async #sendBatch (bodies: readonly string[], delaySeconds: number): Promise<void> {
    let entries: SendMessageBatchRequestEntry[] = bodies.map((body, n) => ({ Id: String(n), MessageBody: body, DelaySeconds: delaySeconds }))
    for (let attempt = 1; ; attempt++) {
      const { Failed = [] } = await this.#client.send(new SendMessageBatchCommand({ QueueUrl: this.#options.url, Entries: entries }))
      if (Failed.length === 0) return
      const refused = Failed.find(({ SenderFault }) => SenderFault === true)
      if (refused !== undefined || attempt === sendAttempts) {
        const { Code, Message } = refused ?? Failed[0] ?? {}
        throw new QueueSendFailedError(Failed.length, bodies.length, `${Code} ${Message ?? ''}`)
      }
      const again = new Set(Failed.map(({ Id }) => Id))
      entries = entries.filter(({ Id }) => again.has(Id))
      await delay(firstResendMs * 2 ** (attempt - 1) * (0.5 + Math.random()))
    }
  }

  #received ({ MessageId = '', Body = '', ReceiptHandle = '', Attributes = {} }: Message, visibilitySeconds: number): QueueMessage {
    const receiveCount = Number(Attributes.ApproximateReceiveCount ?? 1)
    // What comes again says nothing of what still waits for its first time.
    if (receiveCount === 1 && Attributes.SentTimestamp !== undefined) this.#noteOldest(Number(Attributes.SentTimestamp))
    const message = { id: MessageId, body: Body, receiveCount, receipt: ReceiptHandle }
    this.#hiddenUntil.set(message, performance.now() + visibilitySeconds * 1_000)
    return message
  }

  #noteOldest (sentAtMs: number): void {
    this.#oldestPossibleAt = Math.max(this.#oldestPossibleAt ?? 0, sentAtMs)
  }

  #holds (message: QueueMessage): boolean {
    return performance.now() < (this.#hiddenUntil.get(message) ?? 0)
  }

  #receiptOf ({ receipt }: Pick<QueueMessage, 'receipt'>): { QueueUrl: string, ReceiptHandle: string } {
    return { QueueUrl: this.#options.url, ReceiptHandle: receipt }
  }

  /** Nobody waits for this poll any more; what it still brings would be hidden from everybody until its time is up. */
  async #giveBackLate (poll: Promise<Message[]>, cut: AbortController): Promise<void> {
    const timer = setTimeout(() => cut.abort(), lateAnswerMs)
    try {
      const messages = await poll
      await Promise.all(messages.map(({ ReceiptHandle = '' }) =>
        unlessStale(this.#client.send(new ChangeMessageVisibilityCommand({ ...this.#receiptOf({ receipt: ReceiptHandle }), VisibilityTimeout: 0 })))))
    } catch {
      // Cut off, as a rule. After any other fault too the messages show again by themselves.
    } finally {
      clearTimeout(timer)
    }
  }
}

async function unlessStale (request: Promise<unknown>): Promise<boolean> {
  try {
    await request
    return true
  } catch (error) {
    if (isStaleReceipt(error)) return false
    throw error
  }
}

/** undefined once the signal is aborted, whatever the promise does then. */
function unlessAborted<T> (promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => resolve(undefined)
    signal.addEventListener('abort', end)
    // Node keeps a combined signal, and its listeners, for as long as its sources live, unless the listener is taken off.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
}

function redrivePolicy (text: string | undefined): { readonly deadLetterTargetArn?: string, readonly maxReceiveCount?: number | string } {
  return text === undefined ? {} : JSON.parse(text)
}

/** As many at once as SQS takes, by number and by bytes. */
function * batches (bodies: readonly string[]): Generator<string[]> {
  let batch: string[] = []
  let bytes = 0
  for (const body of bodies) {
    const size = Buffer.byteLength(body)
    if (batch.length === queueLimits.batch || (batch.length > 0 && bytes + size > queueLimits.batchBytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(body)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
