import { setTimeout as delay } from 'node:timers/promises'
import type { ErrorAnswer } from '../../src/catalog/schemas.ts'
import type { Answer } from './client.ts'

/** @throws Error with the sentence when it isn’t so */
export function expect (condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence)
}

export function expectEqual<T> (actual: T, expected: T, what: string): void {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  expect(is === wanted, `${what} is ${shortened(is)}, not ${shortened(wanted)}`)
}

/** The answer, when it has this status. */
export function expectStatus<T> (answer: Answer<T>, ...statuses: number[]): Answer<T> {
  expect(statuses.includes(answer.status), `answered ${answer.status}, not ${statuses.join(' or ')}: ${shortened(answer.bytes.toString('utf8'))}`)
  return answer
}

/** A refusal in the one shape that all errors have. */
export function expectError (answer: Answer, status: number, code?: string): void {
  expectStatus(answer, status)
  expect(isErrorAnswer(answer.body), `the error has another shape: ${shortened(answer.bytes.toString('utf8'))}`)
  if (code !== undefined) expectEqual(answer.body.error.code, code, 'the code')
  expect(!/\bat .+:\d+:\d+|node_modules|SELECT |prisma/i.test(answer.body.error.message), `the error shows the inside: ${answer.body.error.message}`)
}

function isErrorAnswer (body: unknown): body is ErrorAnswer {
  if (typeof body !== 'object' || body === null || Object.keys(body).join() !== 'error' || !('error' in body)) return false
  const { error } = body
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error &&
    typeof error.code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(error.code) && typeof error.message === 'string' && error.message !== ''
}

function shortened (text: string | undefined): string {
  const whole = text ?? 'nothing'
  return whole.length > 300 ? `${whole.slice(0, 300)}…` : whole
}

/** Looks again until it holds: what a worker publishes may reach a reading copy of the database a moment later. */
export async function eventually (withinMs: number, look: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    try {
      await look()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(100)
    }
  }
}
