import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.ts'

/** Time from `npm start` to the first answer of /healthz, each run with a folder of its own (cold), then again in it (warm). */
const runs = Number(process.argv[2] ?? 5)
const port = 3_900
const root = join(import.meta.dirname, '..')

build()
const cold: number[] = []
const warm: number[] = []
for (let run = 0; run < runs; run++) {
  const dataDir = mkdtempSync(join(tmpdir(), 'freshet-start-'))
  cold.push(await timeToListen(dataDir))
  warm.push(await timeToListen(dataDir))
  rmSync(dataDir, { recursive: true, force: true })
}
for (const [name, figures, goal] of [['cold', cold, 6], ['warm', warm, 2]] as const) {
  const sorted = figures.toSorted((a, b) => a - b)
  console.log(`${name}: median ${seconds(sorted[Math.floor(sorted.length / 2)])}, fastest ${seconds(sorted[0])}, slowest ${seconds(sorted.at(-1))} (goal ≤ ${goal} s)`)
}

function seconds (ms: number | undefined): string {
  return `${((ms ?? Number.NaN) / 1000).toFixed(2)} s`
}

async function timeToListen (dataDir: string): Promise<number> {
  const startedAt = performance.now()
  const server = spawn('npm', ['start'], { cwd: root, detached: true, stdio: 'ignore', env: { ...process.env, DATA_DIR: dataDir, PORT: String(port), LOG_LEVEL: 'silent' } })
  for (;;) {
    const answered = await fetch(`http://localhost:${port}/healthz`).then((answer) => answer.ok, () => false)
    if (answered) break
    if (server.exitCode !== null) throw new Error(`npm start ended with ${server.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const elapsed = performance.now() - startedAt
  const gone = new Promise((resolve) => server.once('exit', resolve))
  process.kill(-(server.pid ?? 0), 'SIGINT')
  await gone
  return elapsed
}
