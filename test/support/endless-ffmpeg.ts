/** A worker in the midst of a long run, for a test to kill: node endless-ffmpeg.ts <input> <cwd>. */
import { findFfmpeg, runFfmpeg } from '../../src/platform/media/ffmpeg.ts'

const [inputPath = '', cwd = ''] = process.argv.slice(2)
await runFfmpeg(await findFfmpeg(undefined), {
  inputPath,
  inputArgs: ['-re'],
  outputArgs: ['-f', 'null', '-'],
  cwd,
  signal: new AbortController().signal,
  limits: { timeoutMs: 60_000, fileBytes: 2 ** 20, stdoutBytes: 2 ** 20 }
})
