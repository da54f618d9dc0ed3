import { open } from 'node:fs/promises'
import { RejectedError } from './rejected-error.ts'

/** First bytes of files that curators send by mistake, and attackers on purpose. */
const foreign: ReadonlyArray<readonly [start: string, kind: string]> = [
  ['#EXTM3U', 'a playlist'], ['[playlist]', 'a playlist'], ['ffconcat', 'a playlist'], ['PK\x03\x04', 'a ZIP archive'], ['PK\x05\x06', 'a ZIP archive'],
  ['Rar!', 'a RAR archive'], ['7z\xbc\xaf', 'a 7-Zip archive'], ['\x1f\x8b', 'a compressed archive'], ['%PDF', 'a PDF document'],
  ['\xff\xd8\xff', 'a picture'], ['\x89PNG', 'a picture'], ['GIF8', 'a picture'], ['BM', 'a picture'], ['\x7fELF', 'a program'], ['MZ', 'a program']
]
const looked = 4096

/**
 * Says in plain words what a file is when it plainly isn't audio; whatever passes is still for ffmpeg to judge.
 * @throws RejectedError
 */
export async function refuseForeignFile (path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(looked), 0, looked, 0)
    if (bytesRead === 0) throw new RejectedError('EMPTY_FILE', 'The file is empty. Upload it again.')
    const start = buffer.subarray(0, bytesRead)
    const kind = foreign.find(([bytes]) => start.toString('latin1').startsWith(bytes))?.[1] ?? (isText(start) ? 'a text file' : undefined)
    if (kind !== undefined) throw new RejectedError('NOT_AUDIO', `This is ${kind}, not music. Upload the sound file itself.`)
  } finally {
    await file.close()
  }
}

/** Coded audio has control characters within its first bytes; text has none but blanks. */
function isText (bytes: Buffer): boolean {
  return bytes.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d)) && bytes.some((byte) => byte < 0x80)
}
