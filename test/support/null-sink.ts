import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface NullSink {
  /** For browsers that are to play into it. */
  readonly env: Readonly<Record<string, string>>
  close (): Promise<void>
}

const startWithinMs = 15_000

/** A sound device that nobody hears: Firefox and WebKit run their audio clocks by one. Needs Debian's pulseaudio. */
export async function openNullSink (): Promise<NullSink> {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-sink-'))
  const socket = join(dir, 'native')
  const env = { ...process.env, XDG_RUNTIME_DIR: dir, PULSE_RUNTIME_PATH: dir, PULSE_STATE_PATH: dir, HOME: dir }
  const modules = ['module-null-sink sink_name=nobody rate=44100', `module-native-protocol-unix socket=${socket} auth-anonymous=1`]
  const server = spawn('pulseaudio', ['-n', '--daemonize=no', '--exit-idle-time=-1', '--use-pid-file=no', ...modules.flatMap((module) => ['-L', module])], { env, stdio: 'ignore' })
  const ended = once(server, 'exit')
  const deadline = performance.now() + startWithinMs
  while (!existsSync(socket)) {
    if (server.exitCode !== null || performance.now() > deadline) throw new Error('pulseaudio does not start: install Debian’s pulseaudio')
    await delay(50)
  }
  return {
    env: { PULSE_SERVER: `unix:${socket}`, PULSE_SINK: 'nobody' },
    async close () {
      server.kill()
      await ended
      await rm(dir, { recursive: true, force: true })
    }
  }
}
