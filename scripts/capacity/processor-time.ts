import { readdirSync, readFileSync } from 'node:fs'

/** Nanoseconds that each thread has run, by its id. */
export type ThreadTimes = ReadonlyMap<string, number>

/** All threads of a process and of its children, however deep. A thread that ends while we look is left out. */
export function threadTimes (pid: number): ThreadTimes {
  const times = new Map<string, number>()
  const waiting = [pid]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const thread of entries(`/proc/${next}/task`)) {
      const folder = `/proc/${next}/task/${thread}`
      const ran = text(`${folder}/schedstat`)?.split(' ')[0]
      if (ran !== undefined) times.set(thread, Number(ran))
      waiting.push(...(text(`${folder}/children`) ?? '').split(' ').filter(Boolean).map(Number))
    }
  }
  return times
}

/** Microseconds run between two readings; of a thread that began in between, all of it. */
export function ranUs (before: ThreadTimes, after: ThreadTimes): number {
  let ns = 0
  for (const [thread, ran] of after) ns += ran - (before.get(thread) ?? 0)
  return ns / 1_000
}

/** The same for the first thread of a process: in Node, the one with the event loop. */
export function firstThreadRanUs (pid: number, before: ThreadTimes, after: ThreadTimes): number {
  const id = String(pid)
  return ((after.get(id) ?? 0) - (before.get(id) ?? 0)) / 1_000
}

function entries (folder: string): string[] {
  return whileItLives(() => readdirSync(folder)) ?? []
}

function text (file: string): string | undefined {
  return whileItLives(() => readFileSync(file, 'utf8').trim())
}

function whileItLives<T> (read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined
    throw error
  }
}
