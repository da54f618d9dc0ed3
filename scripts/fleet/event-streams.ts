import { setTimeout as delay } from 'node:timers/promises'
import type { SignedIn } from '../../src/accounts/schemas.ts'
import { expectStatus } from '../../test/acceptance/expectations.ts'
import { reasonOf } from '../../test/acceptance/client.ts'
import type { Listener, Stage } from './stage.ts'

export interface EventStreams {
  readonly opened: number
  /** Reset or refused, instead of ended by the server. */
  readonly broken: number
  readonly faults: readonly string[]
}

/** Longer than a client waits that was told to come back. */
const pauseMs = 200
const mostFaults = 20

/** Each listener holds a stream of events, and opens another one when the server has ended it. */
export function holdEventStreams ({ admin, listeners }: Stage): { stop(): Promise<EventStreams> } {
  const stopping = new AbortController()
  const tally = { opened: 0, broken: 0 }
  const faults: string[] = []
  const fail = (fault: string) => {
    tally.broken += 1
    if (faults.length < mostFaults) faults.push(fault)
  }
  async function hold ({ credentials }: Listener): Promise<void> {
    const { accessToken } = expectStatus(await admin.as(undefined).request<SignedIn>('POST', '/api/session', { body: credentials }), 200).body
    while (!stopping.signal.aborted) {
      try {
        const { status, body } = await fetch(`${admin.address}/api/events`, { headers: { authorization: `Bearer ${accessToken}` }, signal: stopping.signal })
        if (status === 200) tally.opened += 1
        else if (status !== 503) fail(`a stream of events: ${status}`)
        await body?.pipeTo(new WritableStream())
      } catch (error) {
        if (!stopping.signal.aborted) fail(`a stream of events: ${reasonOf(error)}`)
      }
      await delay(pauseMs)
    }
  }
  const held = Promise.all(listeners.map(hold))
  return {
    async stop () {
      stopping.abort()
      await held
      return { ...tally, faults }
    }
  }
}
