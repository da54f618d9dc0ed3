import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { connectionOptions, type DatabaseAddress } from '../database/database-address.ts'

export interface PostgresWakeUpOptions {
  readonly address: DatabaseAddress
  readonly channel: string
  readonly onError: (error: Error) => void
}

/** A wait that began when it was made: a notification since then ends it at once. */
export interface PendingWakeUp {
  /** Resolves after a notification, after `ms` milliseconds, or when the signal is aborted. */
  within(ms: number): Promise<void>
  /** Must be called in the end: until then the wait is told of notifications. */
  cancel(): void
}

const reconnectMs = 500

/**
 * LISTEN on a connection of its own, opened at the first wait and opened again whenever it is lost. Without it
 * waits are cut to half a second, so that a lost connection costs time but no message.
 */
export class PostgresWakeUp {
  readonly #options: PostgresWakeUpOptions
  readonly #notified = new EventEmitter().setMaxListeners(0)
  readonly #closed = new AbortController()
  #client: pg.Client | undefined
  #running: Promise<void> | undefined
  #listening = false

  constructor (options: PostgresWakeUpOptions) {
    this.#options = options
  }

  next (signal: AbortSignal): PendingWakeUp {
    this.#running ??= this.#keepListening()
    const ended = new AbortController()
    const end = () => ended.abort()
    this.#notified.once('wake', end)
    signal.addEventListener('abort', end)
    const cancel = () => {
      this.#notified.off('wake', end)
      signal.removeEventListener('abort', end)
    }
    const within = async (ms: number) => {
      await delay(this.#listening ? ms : Math.min(ms, reconnectMs), undefined, { signal: ended.signal }).catch(ignoreAbort)
    }
    return { within, cancel }
  }

  async close (): Promise<void> {
    this.#closed.abort()
    await this.#client?.end()
    await this.#running
  }

  async #keepListening (): Promise<void> {
    while (!this.#closed.signal.aborted) {
      try {
        await this.#listenUntilLost()
      } catch (error) {
        this.#options.onError(error instanceof Error ? error : new Error(String(error)))
      }
      this.#listening = false
      await delay(reconnectMs, undefined, { signal: this.#closed.signal }).catch(ignoreAbort)
    }
  }

  async #listenUntilLost (): Promise<void> {
    const { address, channel, onError } = this.#options
    const client = new pg.Client({ ...connectionOptions(address), application_name: 'freshet-queue-listen', keepAlive: true })
    const lost = new Promise<void>((resolve) => {
      client.once('end', resolve)
      client.on('error', (error) => { if (!this.#closed.signal.aborted) onError(error); resolve() })
    })
    client.on('notification', () => this.#notified.emit('wake'))
    this.#client = client
    await client.connect()
    await client.query(`LISTEN ${client.escapeIdentifier(channel)}`)
    this.#listening = true
    // Whatever was sent while nobody listened.
    this.#notified.emit('wake')
    await lost
    await client.end()
  }
}

function ignoreAbort (error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}
