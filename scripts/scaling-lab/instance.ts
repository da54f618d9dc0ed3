import { createServer, type ServerResponse } from 'node:http'
import { type InstanceSettings, VirtualInstance } from './virtual-instance.ts'

// One instance of the lab: a real HTTP server whose CPU is virtual. Started by process-fleet.ts.

/** What all instances of a run have in common. */
export interface InstanceOrder extends InstanceSettings { readonly healthPath: string }

/** Messages from the lab: begin to be an instance (it waits for that, so that starting costs nothing later), be slow, tell figures. */
export interface InstanceMessage {
  readonly begin?: { readonly seed: number, readonly readyAfterMs: number }
  readonly slow?: number
  readonly figures?: true
}

const drainMs = 300
const order: InstanceOrder = JSON.parse(process.argv[2] ?? '{}')
let machine = new VirtualInstance<ServerResponse>(order, 0)
let readyAt = Infinity
let isDraining = false
let wakeAt = Infinity

function answer (): void {
  const now = performance.now()
  for (const { request: response, shed } of machine.advance(now)) {
    if (shed) response.writeHead(503, { 'retry-after': '2', 'x-shed': '1' })
    response.end('ok')
  }
  const next = machine.nextDoneMs
  if (next === undefined || next >= wakeAt) return
  wakeAt = next
  setTimeout(() => {
    wakeAt = Infinity
    answer()
  }, Math.max(0, next - now))
}

const server = createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
  if (request.url === order.healthPath) {
    response.writeHead(performance.now() >= readyAt && !isDraining ? 200 : 503).end()
    return
  }
  answer()
  machine.arrive(response, performance.now())
  answer()
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) process.send?.({ port: address.port })
})

process.on('message', (message: InstanceMessage) => {
  if (message.begin !== undefined) {
    machine = new VirtualInstance(order, message.begin.seed, performance.now())
    readyAt = performance.now() + message.begin.readyAfterMs
  }
  if (message.slow !== undefined) machine.slowDown(message.slow)
  if (message.figures !== true) return
  answer()
  process.send?.({ figures: machine.figures(performance.now()) })
})
process.on('SIGTERM', () => {
  isDraining = true
  setTimeout(() => {
    server.close(() => process.exit(0))
    server.closeIdleConnections()
  }, drainMs)
})
process.on('disconnect', () => process.exit(0))
