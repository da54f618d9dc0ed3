import { reasonOf } from './client.ts'

/** Thrown to leave a section whose further checks would say nothing; counted already. */
class SectionEnded extends Error {}

/** For a check that can’t be made here, with the reason. */
export class Skipped extends Error {}

export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export interface Suite {
  /** One line of the report; a fault is counted and the section goes on. */
  check(sentence: string, body: () => Promise<void> | void): Promise<void>
  /** As `check`, for what the rest of the section needs: a fault ends the section. */
  step<T>(sentence: string, body: () => Promise<T>): Promise<T>
  section(name: string, body: () => Promise<void>): Promise<void>
  /** Runs at the end, the last first, whatever happened: takes away what the suite made. */
  afterwards(what: string, body: () => Promise<void>): void
  finish(): Promise<Tally>
}

/** `print` gets one line a check. */
export function createSuite (print: (line: string) => void): Suite {
  const tally = { passed: 0, failed: 0, skipped: 0 }
  const cleanups: Array<readonly [what: string, body: () => Promise<void>]> = []

  const attempt = async <T>(sentence: string, body: () => Promise<T> | T): Promise<{ readonly value: T } | undefined> => {
    const startedAt = performance.now()
    try {
      const value = await body()
      tally.passed++
      print(`ok    ${sentence} (${Math.round(performance.now() - startedAt)} ms)`)
      return { value }
    } catch (error) {
      if (error instanceof Skipped) {
        tally.skipped++
        print(`skip  ${sentence}: ${error.message}`)
      } else {
        tally.failed++
        print(`FAIL  ${sentence}: ${error instanceof TypeError ? error.stack ?? error.message : reasonOf(error)}`)
      }
      return undefined
    }
  }

  return {
    async check (sentence, body) {
      await attempt(sentence, body)
    },
    async step (sentence, body) {
      const outcome = await attempt(sentence, body)
      if (outcome === undefined) throw new SectionEnded()
      return outcome.value
    },
    async section (name, body) {
      print(`\n${name}`)
      try {
        await body()
      } catch (error) {
        if (error instanceof SectionEnded) return
        tally.failed++
        print(`FAIL  ${name}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`)
      }
    },
    afterwards (what, body) {
      cleanups.push([what, body])
    },
    async finish () {
      if (cleanups.length > 0) print('\nAfterwards')
      for (const [what, body] of cleanups.toReversed()) await attempt(what, body)
      return tally
    }
  }
}
