import { setTimeout as delay } from 'node:timers/promises'
import { expectStatus } from '../../test/acceptance/expectations.ts'
import { openUpload, processed, sendParts } from '../../test/acceptance/upload-file.ts'
import type { Upload } from '../../src/uploads/schemas.ts'
import { type EventStreams, holdEventStreams } from './event-streams.ts'
import type { Fleet, RemovalOrder } from './fleet.ts'
import { startOpenLoop } from './open-loop.ts'
import { proofSound, setStage, type Stage, type StageOptions } from './stage.ts'
import { createVisits, type Visits } from './visits.ts'

export interface RefreshOptions {
  /** How often every web process and every worker is replaced; the orders take turns. */
  readonly times: number
  /** The load goes on until so many requests were made. */
  readonly requests: number
  readonly perSecond: number
  /** Files being processed while the workers go. */
  readonly files: number
  readonly fileSeconds?: number
  readonly orders?: readonly RemovalOrder[]
  readonly stage?: StageOptions
}

export interface RefreshOutcome extends Visits {
  readonly replaced: number
  /** How each upload ended, by state. */
  readonly uploads: Readonly<Record<string, number>>
  readonly outcomes: ReadonlyArray<number | string>
  readonly seconds: number
  readonly eventStreams: EventStreams
}

const patienceMs = 600_000
const usualStage: StageOptions = { listeners: 20, tracks: 4, trackSeconds: 12 }
const usualOrders: readonly RemovalOrder[] = ['deregister-first', 'signal-first']

/** Replaces every process of a fleet under load. */
export async function proveRefresh (fleet: Fleet, options: RefreshOptions, print: (line: string) => void): Promise<RefreshOutcome> {
  const stage = await setStage(fleet, options.stage ?? usualStage)
  const startedAt = performance.now()
  const { visit, so } = createVisits(stage)
  const load = startOpenLoop(options.perSecond, visit)
  const streams = holdEventStreams(stage)
  const outcomes: Array<number | string> = []
  const uploads: Record<string, number> = {}
  const orders = options.orders ?? usualOrders
  let eventStreams: EventStreams
  try {
    for (let time = 0; time < options.times; time++) {
      for (const order of orders) outcomes.push(...await refreshWeb(fleet, order, print))
      for (const [state, count] of Object.entries(await refreshWorkers(fleet, stage, { ...options, time }, outcomes))) uploads[state] = (uploads[state] ?? 0) + count
      print(`refresh ${time + 1}: ${JSON.stringify(summary(so()))}, uploads ${JSON.stringify(uploads)}`)
    }
    while (so().answered + so().failed + so().shed < options.requests) await delay(100)
  } finally {
    await load.stop()
    eventStreams = await streams.stop()
  }
  return { ...so(), eventStreams, outcomes, uploads, replaced: outcomes.length, seconds: (performance.now() - startedAt) / 1000 }
}

/** No request failed, no stream of events broke, no job was lost, and every process ended in good order. */
export function isFaultless ({ failed, uploads, outcomes, eventStreams }: RefreshOutcome): boolean {
  return failed === 0 && eventStreams.broken === 0 && eventStreams.opened > 0 && Object.keys(uploads).every((state) => state === 'published') && outcomes.every((code) => code === 0)
}

function summary ({ answered, failed, shed }: Visits) {
  return { answered, failed, shed }
}

async function refreshWeb (fleet: Fleet, order: RemovalOrder, print: (line: string) => void): Promise<Array<number | string>> {
  const outcomes: Array<number | string> = []
  for (const instance of fleet.web()) {
    await fleet.addWeb()
    outcomes.push(await fleet.removeWeb(instance, order))
    print(`${instance.name} replaced (${order})`)
  }
  return outcomes
}

/** Each worker goes while it has work: what it was at is done by another. */
async function refreshWorkers (fleet: Fleet, { admin }: Stage, { files, fileSeconds = 20, time }: RefreshOptions & { readonly time: number }, outcomes: Array<number | string>): Promise<Record<string, number>> {
  const ids: string[] = []
  for (let number = 0; number < files; number++) ids.push(await handIn(admin, `Job ${time}-${number}`, fileSeconds))
  for (const worker of fleet.workers()) {
    await someRunning(admin, ids)
    await fleet.addWorker()
    outcomes.push(await fleet.removeWorker(worker))
  }
  const states: Record<string, number> = {}
  for (const id of ids) {
    const { state } = await processed(admin, id, patienceMs)
    states[state] = (states[state] ?? 0) + 1
  }
  return states
}

async function handIn (admin: Stage['admin'], title: string, seconds: number): Promise<string> {
  const file = { relativePath: `proof/${title}.wav`, bytes: proofSound(title, 0, seconds) }
  const ticket = await openUpload(admin, file)
  const parts = await sendParts(admin, ticket, file.bytes, Array.from({ length: ticket.partCount }, (_, at) => at + 1))
  expectStatus(await admin.request('POST', `/api/uploads/${ticket.id}/complete`, { body: { parts } }), 200)
  return ticket.id
}

/** Waits until a job is in the middle, or all have ended. */
async function someRunning (admin: Stage['admin'], ids: readonly string[]): Promise<void> {
  for (;;) {
    const uploads = await Promise.all(ids.map(async (id) => expectStatus(await admin.get<Upload>(`/api/uploads/${id}`), 200).body))
    if (uploads.some(({ stage }) => stage === 'renditions') || uploads.every(({ state }) => state !== 'received')) return
    await delay(50)
  }
}
