import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findFfmpeg } from '../../src/platform/media/ffmpeg.ts'
import { demoDir } from '../../src/paths.ts'
import { drawCover } from './cover.ts'
import { toWav, mix } from './mixer.ts'
import { compose, type Piece, pieces } from './pieces.ts'

const album = { artist: 'The Weir Ensemble', title: 'First Light on the Freshet', year: '2026' }

/** Composes, plays, encodes (FLAC) and tags the demo album. Ours, and given away: CC0 1.0. */
async function main (): Promise<void> {
  const ffmpeg = await findFfmpeg(undefined)
  const work = mkdtempSync(join(tmpdir(), 'freshet-demo-'))
  const folder = join(work, album.artist, album.title)
  mkdirSync(folder, { recursive: true })
  const cover = join(work, 'cover.jpg')
  writeFileSync(cover, await drawCover())
  for (const [index, piece] of pieces.entries()) {
    const { parts, seconds } = compose(piece, index + 1)
    const wav = join(work, 'piece.wav')
    writeFileSync(wav, toWav(mix(parts, { seconds, seed: index + 1, peak: piece.peak })))
    const name = `${String(index + 1).padStart(2, '0')} ${piece.title}.flac`
    execFileSync(ffmpeg.path, ['-v', 'error', '-i', wav, '-i', cover, '-map', '0:a', '-map', '1:v', '-c:a', 'flac', '-c:v', 'copy', '-disposition:v', 'attached_pic', ...tags(piece, index), join(folder, name)])
  }
  writeFileSync(join(folder, 'LICENSE.txt'), 'Composed by a script of the Freshet project and dedicated to the public domain: CC0 1.0 Universal.\n')
  rmSync(demoDir, { recursive: true, force: true })
  mkdirSync(dirname(demoDir), { recursive: true })
  moveFolder(join(work, album.artist), demoDir)
  rmSync(work, { recursive: true, force: true })
}

function tags (piece: Piece, index: number): string[] {
  const values = {
    title: piece.title,
    artist: album.artist,
    album_artist: album.artist,
    album: album.title,
    track: `${index + 1}/${pieces.length}`,
    disc: '1/1',
    date: album.year,
    genre: piece.genre,
    composer: 'Freshet',
    copyright: 'CC0 1.0'
  }
  return Object.entries(values).flatMap(([key, value]) => ['-metadata', `${key}=${value}`])
}

/** A rename fails across file systems, and the temporary folder may lie on another: copied beside the target first. */
function moveFolder (from: string, to: string): void {
  execFileSync('cp', ['-r', from, `${to}.new`])
  renameSync(`${to}.new`, to)
}

await main()
