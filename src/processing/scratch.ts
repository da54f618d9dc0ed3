import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * A private folder for one attempt, gone afterwards however the attempt ends. Its name starts with our process id, so
 * that the next start can tell what a killed process left.
 */
export async function withScratchFolder<T> (scratchDir: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(scratchDir, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(scratchDir, `${process.pid}-`))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Removes what processes that are gone have left. Call it before the first job: our own id may be a reused one. */
export async function sweepScratch (scratchDir: string): Promise<void> {
  await mkdir(scratchDir, { recursive: true, mode: 0o700 })
  for (const name of await readdir(scratchDir)) {
    const pid = Number.parseInt(name)
    if (pid === process.pid || !isAlive(pid)) await rm(join(scratchDir, name), { recursive: true, force: true })
  }
}

function isAlive (pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
