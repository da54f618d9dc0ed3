import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { missingTools } from './run.ts'

/** How exposed a unit may be, from 0 to 10, times 10. The one that mounts the data volume needs what mounting needs. */
const exposureLimits: Readonly<Record<string, number>> = {
  'freshet-web.service': 15,
  'freshet-worker.service': 15,
  'freshet-logs.service': 15,
  'freshet-settings.service': 20,
  'freshet-data.service': 65
}

/** Why units can't be looked at here, if they can't. */
export function unitsLack (): string | undefined {
  return missingTools({ 'systemd-analyze': 'systemd' })
}

/** What systemd-analyze finds wrong with our units in the root file system `root`: mistakes, and too little hardening. */
export function unitFaults (root: string): string[] {
  const dir = '/etc/systemd/system'
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', `--root=${root}`, ...Object.keys(exposureLimits).map((unit) => `${dir}/${unit}`)], { encoding: 'utf8' })
  const faults = verified.stderr.split('\n').filter((line) => line.includes('freshet'))
  if (verified.status !== 0 && faults.length === 0) faults.push(`systemd-analyze verify ended with ${verified.status}: ${verified.stderr.trim()}`)
  for (const [unit, limit] of Object.entries(exposureLimits)) {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', `--threshold=${limit}`, join(root, dir, unit)], { encoding: 'utf8' })
    if (status !== 0) faults.push(`${unit} is more exposed than ${limit / 10}: ${stdout.trim().split('\n').at(-1) ?? ''}${stderr.trim()}`)
  }
  return faults
}
