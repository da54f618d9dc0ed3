import { statfs } from 'node:fs/promises'
import { cpus, freemem, totalmem } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How this process and its machine are, since the reading before. */
export interface Readings {
  /** 99th percentile, ms. */
  readonly eventLoopDelayMs: number
  readonly cpuPercent: number
  readonly memoryPercent: number
  /** Of the volume that holds the data folder. */
  readonly diskPercent: number
}

export interface ReadingsSource {
  read(): Promise<Readings>
  close(): void
}

const resolutionMs = 10

/** Each reader has a source of its own: what is read covers the time since it read last. */
export function openReadings (dataDir: string): ReadingsSource {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  let before = cpuTimes()
  return {
    async read () {
      const now = cpuTimes()
      const busy = now.busyMs - before.busyMs
      const all = busy + now.idleMs - before.idleMs
      before = now
      // The histogram holds whole intervals of its timer.
      const eventLoopDelayMs = delay.count === 0 ? 0 : Math.max(0, delay.percentile(99) / 1e6 - resolutionMs)
      delay.reset()
      return { eventLoopDelayMs, cpuPercent: all <= 0 ? 0 : busy / all * 100, memoryPercent: memoryPercent(), diskPercent: await diskPercent(dataDir) }
    },
    close: () => { delay.disable() }
  }
}

function cpuTimes (): { readonly busyMs: number, readonly idleMs: number } {
  let busyMs = 0
  let idleMs = 0
  for (const { times: { user, nice, sys, irq, idle } } of cpus()) {
    busyMs += user + nice + sys + irq
    idleMs += idle
  }
  return { busyMs, idleMs }
}

/** What is nearer its end: the machine's memory, or what this process may have where its unit or container is limited. */
function memoryPercent (): number {
  const machine = 1 - freemem() / totalmem()
  const limit = process.constrainedMemory()
  const own = limit > 0 && limit < totalmem() ? process.memoryUsage.rss() / limit : 0
  return Math.max(machine, own) * 100
}

/** As df counts: blocks kept for root belong to neither side. */
async function diskPercent (dir: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(dir)
  const used = blocks - bfree
  return used + bavail === 0 ? 0 : used / (used + bavail) * 100
}
