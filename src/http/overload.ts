import { setTimeout as delay } from 'node:timers/promises'
import underPressure from '@fastify/under-pressure'
import createError from '@fastify/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const retryAfterSeconds = 2
const sampleIntervalMs = 250
const errorCode = 'FST_UNDER_PRESSURE'
const shed = new WeakSet<FastifyRequest>()

/**
 * Who is turned away waits first. A process that refuses at once looks idle to a load balancer that counts open requests, and
 * draws ever more of them: docs/decisions/0025 compares lengths and numbers. Beyond the number the answer leaves at once.
 */
const holdMs = 500
const heldAtMost = 50

const OverloadedError = createError(errorCode, '%s', 503)

export interface OverloadLimits {
  readonly eventLoopDelayMs: number
  /** Statements that wait for a connection. 0: no limit. */
  readonly databaseQueue: number
}

/**
 * Turns requests away while the event loop is behind, or the database, which holds up nothing in this process but those
 * who wait for it: what is let in is then answered quickly. Health checks always are: an instance that is merely busy
 * must not be taken for a dead one.
 */
export async function shedOverload (app: FastifyInstance, { eventLoopDelayMs, databaseQueue }: OverloadLimits, waitingStatements: () => number): Promise<void> {
  const turnAway = refusals()
  app.addHook('onError', async (request, _reply, error) => { if (error.code === errorCode) shed.add(request) })
  await app.register(underPressure, {
    maxEventLoopDelay: eventLoopDelayMs,
    sampleInterval: sampleIntervalMs,
    pressureHandler: (_request, reply) => turnAway(reply, 'the event loop is behind')
  })
  if (databaseQueue === 0) return
  app.addHook('onRequest', async ({ routeOptions: { config } }, reply) => {
    if ('pressureHandler' in config || waitingStatements() <= databaseQueue) return
    await turnAway(reply, 'too many requests wait for the database')
  })
}

function refusals (): (reply: FastifyReply, why: string) => Promise<never> {
  let held = 0
  return async (reply, why) => {
    if (held < heldAtMost) {
      held += 1
      await delay(holdMs).finally(() => { held -= 1 })
    }
    reply.header('retry-after', retryAfterSeconds)
    throw new OverloadedError(why)
  }
}

/** Whether the request was turned away; once it has been answered. */
export function isShed (request: FastifyRequest): boolean {
  return shed.has(request)
}

/** For `config` of a route that is answered under any pressure. */
export const evenUnderPressure = { pressureHandler: () => {} }

/** For all routes of a scope, whoever makes them. Call before registering what makes them. */
export function answerEvenUnderPressure (scope: FastifyInstance): void {
  scope.addHook('onRoute', (route) => { route.config = { ...route.config, ...evenUnderPressure } })
}
