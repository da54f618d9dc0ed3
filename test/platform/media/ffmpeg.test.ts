import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Ffmpeg, FfmpegError, type FfmpegRun, findFfmpeg, runFfmpeg } from '../../../src/platform/media/ffmpeg.ts'
import { everyFfmpeg, makeSound, nameless } from '../../support/media.ts'

const hashing = ['-map', '0:a:0', '-c', 'copy', '-f', 'hash', 'pipe:1']
const limits = { timeoutMs: 20_000, fileBytes: 2 ** 28, stdoutBytes: 2 ** 20 }

async function run (ffmpeg: Ffmpeg, changes: Partial<FfmpegRun> & Pick<FfmpegRun, 'inputPath' | 'cwd'>): Promise<string> {
  let output = ''
  await runFfmpeg(ffmpeg, {
    outputArgs: hashing, signal: new AbortController().signal, limits, onStdout: (chunk) => { output += chunk.toString() }, ...changes
  })
  return output
}

/** What runs in a folder: the test's own, so nothing else can be meant. */
async function processesIn (folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')))
  return pids.filter((_, i) => folders[i] === folder)
}

async function script (folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\n${text}\n`)
  await chmod(path, 0o755)
  return path
}

async function failure (attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(() => new Error('it did not fail'), (error: unknown) => error)
}

async function endlessRun (t: Test): Promise<{ readonly folder: string, readonly input: string }> {
  const folder = t.testdir()
  return { folder, input: await makeSound(join(folder, 'sound.wav'), { seconds: 30 }) }
}

t.test('ffmpeg is found where it is said to be, and judged', async (t) => {
  const folder = t.testdir()
  await t.rejects(findFfmpeg(join(folder, 'absent')), /does not run .*FFMPEG_PATH/)
  await t.rejects(findFfmpeg(await script(folder, 'other', 'echo other program')), /is not ffmpeg: set FFMPEG_PATH/)
  await t.rejects(findFfmpeg(await script(folder, 'old', 'echo ffmpeg version 4.4.2 Copyright')), /version 4\.4\.2: Freshet needs ffmpeg 5/)
  t.match(await findFfmpeg(await script(folder, 'git', 'echo ffmpeg version N-116000-gabcdef Copyright')), { version: 'N-116000-gabcdef' })
  t.match(await findFfmpeg(undefined), { path: /ffmpeg$/, version: /^\d/ })
})

t.test('ffmpeg runs with caps, low priority and nothing of our environment', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = t.testdir()
  process.env.FRESHET_CANARY = 'tweet'
  t.teardown(() => { delete process.env.FRESHET_CANARY })
  const path = await script(folder, 'ffmpeg', 'cat /proc/self/limits; echo "nice $(nice)"; env; pwd')
  const output = await run({ path, version: '7' }, { inputPath: join(folder, 'x'), cwd: folder, limits: { ...limits, timeoutMs: 5000, fileBytes: 123_000 } })
  t.match(output, /Max file size +123000 /)
  t.match(output, /Max address space +2147483648 /)
  t.match(output, /Max cpu time +11 /)
  t.match(output, /Max core file size +0 /)
  t.match(output, /nice 1\d/)
  t.notMatch(output, /HOME=|FRESHET_CANARY/)
  t.ok(output.trim().endsWith(folder))
})

t.test('ffmpeg that doesn’t end is killed at its cap, and its place is free', async (t) => {
  const { folder, input } = await endlessRun(t)
  for (const ffmpeg of await everyFfmpeg()) {
    const start = performance.now()
    const error = await failure(run(ffmpeg, { inputPath: input, inputArgs: ['-re'], cwd: folder, limits: { ...limits, timeoutMs: 400 } }))
    t.match(error, { name: 'FfmpegError', kind: 'timeout', message: /stopped after 400 ms/ })
    t.ok(performance.now() - start < 5_000, 'of a run that never ends')
    t.same(await processesIn(folder), [])
  }
})

t.test('an aborted run ends at once with the signal’s reason', async (t) => {
  const { folder, input } = await endlessRun(t)
  const [ffmpeg] = await everyFfmpeg()
  if (ffmpeg === undefined) return t.fail('no ffmpeg')
  const controller = new AbortController()
  const running = failure(run(ffmpeg, { inputPath: input, inputArgs: ['-re'], cwd: folder, signal: controller.signal }))
  await sleep(200)
  controller.abort(new Error('the lease is lost'))
  t.match(await running, { message: 'the lease is lost' })
  t.same(await processesIn(folder), [])
  t.match(await failure(run(ffmpeg, { inputPath: input, cwd: folder, signal: controller.signal })), { message: 'the lease is lost' })
})

t.test('ffmpeg that writes without end is stopped', async (t) => {
  const { folder, input } = await endlessRun(t)
  for (const ffmpeg of await everyFfmpeg()) {
    const toUs = await failure(run(ffmpeg, { inputPath: input, outputArgs: ['-f', 's16le', 'pipe:1'], cwd: folder, limits: { ...limits, stdoutBytes: 10_000 } }))
    t.match(toUs, { kind: 'too-much-output' })
    const toDisk = await failure(run(ffmpeg, { inputPath: input, outputArgs: ['file:out.wav'], cwd: folder, limits: { ...limits, fileBytes: 50_000 } }))
    t.ok(toDisk instanceof FfmpegError)
    t.ok((await readFile(join(folder, 'out.wav'))).length <= 50_000)
  }
})

t.test('a crash is told apart from giving up', async (t) => {
  const folder = t.testdir()
  const crash = await script(folder, 'crash', 'echo ffmpeg version 7 >&2; kill -SEGV $$')
  t.match(await failure(run({ path: crash, version: '7' }, { inputPath: 'x', cwd: folder })), { kind: 'signal', message: /SIGSEGV/ })
  const refusal = await script(folder, 'refusal', 'echo ffmpeg version 7 >&2; echo "  built with care" >&2; echo no such thing >&2; exit 1')
  t.match(await failure(run({ path: refusal, version: '7' }, { inputPath: 'x', cwd: folder })), { kind: 'exit', complaint: 'no such thing' })
})

t.test('what keeps ffmpeg from beginning is no fault of the file', async (t) => {
  const folder = t.testdir()
  const inputPath = await makeSound(join(folder, 'good.wav'))
  const [ffmpeg] = await everyFfmpeg()
  if (ffmpeg === undefined) throw new Error('no ffmpeg to test with')
  const faults: Array<readonly [name: string, ffmpeg: Ffmpeg, fileBytes: number, said: RegExp]> = [
    ['prlimit refuses its limits', ffmpeg, Number.NaN, /prlimit: /],
    ['ffmpeg is gone', { path: join(folder, 'nowhere'), version: '7' }, limits.fileBytes, /ended with 127 before it began: nice: .*nowhere/],
    ['a library is missing', { path: await script(folder, 'unlinked', 'echo error while loading shared libraries: libavcodec.so.59 >&2; exit 127'), version: '7' }, limits.fileBytes, /libavcodec/],
    ['a sandbox kills it', { path: await script(folder, 'killed', 'kill -SYS $$'), version: '7' }, limits.fileBytes, /SIGSYS/]
  ]
  for (const [name, broken, fileBytes, said] of faults) {
    t.match(await failure(run(broken, { inputPath, cwd: folder, limits: { ...limits, fileBytes } })), { code: 'MEDIA_HELPER', message: said }, name)
  }
})

t.test('a playlist dressed as music opens no other file', async (t) => {
  const folder = t.testdir()
  const canary = await makeSound(join(folder, 'canary.mp3'))
  const disguises = {
    hls: `#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n${canary}\n#EXT-X-ENDLIST\n`,
    'hls by scheme': `#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile:${canary}\n#EXT-X-ENDLIST\n`,
    concat: 'ffconcat version 1.0\nfile \'canary.mp3\'\n',
    subfile: `#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nsubfile,,start,0,end,0,,:${canary}\n#EXT-X-ENDLIST\n`,
    sdp: 'v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n',
    dash: `<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>${canary}</BaseURL></Representation></AdaptationSet></Period></MPD>`
  }
  for (const [name, text] of Object.entries(disguises)) {
    const path = join(folder, `${name}.mp3`)
    await writeFile(path, text)
    for (const ffmpeg of await everyFfmpeg()) {
      for (const inputPath of [path, await nameless(path, folder)]) {
        const lines: string[] = []
        const error = await failure(run(ffmpeg, { inputPath, cwd: folder, onStderrLine: (line) => lines.push(line) }))
        t.match(error, { kind: 'exit' }, `${name}, ffmpeg ${ffmpeg.version}`)
        t.notMatch(lines.join('\n'), /Input #0|Audio: mp3/, 'the canary was not looked at')
      }
    }
  }
})

t.test('ffmpeg dies with the process that started it, even by kill -9', { skip: process.platform !== 'linux' }, async (t) => {
  const { folder, input } = await endlessRun(t)
  const work = join(folder, 'work')
  await mkdir(work)
  const parent = fork(join(import.meta.dirname, '../../support/endless-ffmpeg.ts'), [input, work], { stdio: 'ignore' })
  while ((await processesIn(work)).length === 0) await sleep(20)
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  for (const deadline = performance.now() + 30_000; performance.now() < deadline && (await processesIn(work)).length > 0;) await sleep(20)
  t.same(await processesIn(work), [])
})
