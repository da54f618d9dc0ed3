import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { findFfmpeg } from '../../src/platform/media/ffmpeg.ts'

interface Sleeve { readonly artist: string, readonly title: string, readonly year: number, readonly genre: string, readonly tracks: readonly string[], readonly hues: readonly [number, number] | null, readonly words?: string }

/** Words for the first song, timed. */
const words = `[00:00.50]Light the harbour lamps, love
[00:04.00]The tide is turning slow
[00:08.00]Nine bells on the water
[00:12.00]And nowhere left to go
[00:16.00]Leave the door unfastened
[00:20.00]Leave the kettle warm
[00:23.00]I’ll be home by low water
[00:26.00]I’ll be home before the storm`

/** Invented records beside the demo album, so that shelves, lists and searches look as they will: long and short names,
 * other scripts, one without a picture, one with a single track. */
const sleeves: readonly Sleeve[] = [
  { artist: 'Marta Quell', title: 'Harbour Lamps', year: 2019, genre: 'Folk', tracks: ['Harbour Lamps', 'The Salt Road', 'Nine Bells', 'Low Water'], hues: [18, 40], words },
  { artist: 'Kestrel & Loom', title: 'Weft', year: 2021, genre: 'Ambient', tracks: ['Warp', 'Weft', 'Selvedge'], hues: [190, 210] },
  { artist: 'The Weir Ensemble', title: 'Sluice Gates', year: 2023, genre: 'Chamber', tracks: ['Upper Gate', 'Lower Gate', 'Overflow'], hues: [345, 10] },
  { artist: 'Ives Okonjo', title: 'A Very Long Evening in the House of the Lighthouse Keeper’s Second Daughter', year: 2017, genre: 'Jazz', tracks: ['A Very Long Evening in the House of the Lighthouse Keeper’s Second Daughter, Part One', 'Part Two'], hues: [130, 150] },
  { artist: 'فرقة النهر', title: 'ضوء الصباح', year: 2020, genre: 'Traditional', tracks: ['ضوء الصباح', 'على ضفة النهر', 'المساء'], hues: [260, 280] },
  { artist: 'Речной оркестр', title: 'Утренний свет', year: 2018, genre: 'Traditional', tracks: ['Утренний свет', 'После дождя'], hues: [330, 350] },
  { artist: 'Oda Brandt', title: 'Stille Post', year: 2022, genre: 'Electronic', tracks: ['Stille', 'Post', 'Rückgabe'], hues: null },
  { artist: 'Halfpenny Choir', title: 'Tin', year: 2015, genre: 'Choral', tracks: ['Tin'], hues: [215, 230] },
  { artist: 'Ives Okonjo', title: 'Blue Ledger', year: 2024, genre: 'Jazz', tracks: ['Entry One', 'Carried Forward', 'Balance'], hues: [75, 95] },
  { artist: 'Nadja Fern', title: 'Under Glass', year: 2016, genre: 'Pop', tracks: ['Under Glass', 'Second Storey', 'Rooftops'], hues: [20, 30] },
  { artist: 'Pelagia', title: 'Depth Charge', year: 2025, genre: 'Rock', tracks: ['Depth Charge', 'Surface', 'Sonar'], hues: [150, 175] },
  { artist: 'Nadja Fern', title: 'Slow Shutter', year: 2019, genre: 'Pop', tracks: ['Exposure', 'Slow Shutter'], hues: [280, 300] },
  { artist: 'Cobalt Street Band', title: 'Parade', year: 2012, genre: 'Brass', tracks: ['Parade', 'Corner Turn', 'Home'], hues: [0, 12] }
]

/** Writes the records below `folder`: 30 s of quiet tones each, or a little less,, tagged, most with a sleeve. */
export async function pressRecords (folder: string): Promise<void> {
  const ffmpeg = await findFfmpeg(undefined)
  for (const [index, sleeve] of sleeves.entries()) {
    const home = join(folder, sleeve.artist, sleeve.title.slice(0, 60))
    mkdirSync(home, { recursive: true })
    if (sleeve.hues !== null) await drawSleeve(join(home, 'cover.jpg'), sleeve.hues, index)
    for (const [at, title] of sleeve.tracks.entries()) {
      const tags: Record<string, string> = { ...at === 0 && sleeve.words !== undefined && { LYRICS: sleeve.words }, title, artist: sleeve.artist, album: sleeve.title, album_artist: sleeve.artist, track: `${at + 1}/${sleeve.tracks.length}`, date: String(sleeve.year), genre: sleeve.genre }
      const hertz = 110 * 2 ** ((index * 5 + at * 7) % 24 / 12)
      execFileSync(ffmpeg.path, [
        '-v', 'error', '-f', 'lavfi', '-i', `aevalsrc=0.2*sin(${hertz}*2*PI*t)*(0.55+0.45*sin(t*${1 + at}))+0.1*sin(${hertz * 1.5}*2*PI*t)*sin(t/3):s=44100:d=${30 - at * 5}`,
        ...Object.entries(tags).flatMap(([name, value]) => ['-metadata', `${name}=${value}`]), join(home, `${at + 1}.flac`)
      ])
    }
  }
}

async function drawSleeve (path: string, [from, to]: readonly [number, number], seed: number): Promise<void> {
  const rings = Array.from({ length: 7 }, (_, i) => `<circle cx="${200 + (seed * 97 + i * 131) % 500}" cy="${150 + (seed * 53 + i * 71) % 500}" r="${60 + i * 45}" fill="none" stroke="hsl(${to} 60% ${40 + i * 6}%)" stroke-width="${6 + (seed + i) % 5 * 6}" opacity=".55"/>`).join('')
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900"><defs><linearGradient id="g" gradientTransform="rotate(${seed * 37 % 90})"><stop offset="0" stop-color="hsl(${from} 45% 24%)"/><stop offset="1" stop-color="hsl(${to} 50% 62%)"/></linearGradient></defs><rect width="900" height="900" fill="url(#g)"/>${rings}</svg>`
  await sharp(Buffer.from(svg)).jpeg({ quality: 88 }).toFile(path)
}
