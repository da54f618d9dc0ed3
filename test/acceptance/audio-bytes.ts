import type { Stream } from '../../src/streaming/schemas.ts'
import { expect } from './expectations.ts'

interface Box {
  readonly type: string
  readonly start: number
  readonly end: number
}

/** Boxes of an MP4 file that only hold other boxes. */
const containers = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'moof', 'traf'])
const boxHeaderBytes = 8
/** Compressed sound looks like chance: few bytes of the 256 are missing in a stretch. Silence has hardly any. */
const leastDifferentBytes = 64

/**
 * Whether a rendition is what a browser would play: an MP4 file with one track of sound in this codec, and fragments
 * whose samples fill their data exactly and mostly look like compressed sound.
 */
export function expectFragmentedAudio (bytes: Buffer, stream: Stream): void {
  const boxes = boxesOf(bytes, 0, bytes.length)
  const types = boxes.map(({ type }) => type)
  expect(types[0] === 'ftyp', `the file begins with ${JSON.stringify(types[0])}, not with ftyp`)
  const handler = boxes.find(({ type }) => type === 'hdlr')
  expect(handler !== undefined && textAt(bytes, handler.start + 8) === 'soun', 'the track is not one of sound')
  const description = boxes.find(({ type }) => type === 'stsd')
  const codec = description === undefined ? undefined : textAt(bytes, description.start + 12)
  const wanted = stream.rendition.codec === 'flac' ? 'fLaC' : 'mp4a'
  expect(codec === wanted, `the track is in ${String(codec)}, not in ${wanted}`)
  const runs = boxes.filter(({ type }) => type === 'trun')
  const data = boxes.filter(({ type }) => type === 'mdat')
  expect(runs.length > 0 && runs.length === data.length, `${runs.length} runs of samples, ${data.length} stretches of data`)
  for (const [at, run] of runs.entries()) expectFilled(bytes, run, data[at])
  // Music has pauses; it isn’t made of them.
  const sounding = data.filter(({ start, end }) => new Set(bytes.subarray(start, end)).size >= Math.min(leastDifferentBytes, (end - start) / 4))
  expect(sounding.length * 2 >= data.length, `only ${sounding.length} of ${data.length} stretches look like sound`)
}

function expectFilled (bytes: Buffer, run: Box, data: Box | undefined): void {
  expect(data !== undefined, 'a run of samples has no data')
  const sizes = sampleSizes(bytes, run)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (sizes.length > 0) expect(total === data.end - data.start, `samples of ${total} bytes in ${data.end - data.start} bytes of data`)
}

/** Of a `trun` box; empty where the sizes are all the same and stand elsewhere. */
function sampleSizes (bytes: Buffer, { start }: Box): number[] {
  const flags = bytes.readUInt32BE(start) & 0xffffff
  const count = bytes.readUInt32BE(start + 4)
  if ((flags & 0x200) === 0) return []
  const first = start + 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0)
  const before = flags & 0x100 ? 4 : 0
  const each = before + 4 + (flags & 0x400 ? 4 : 0) + (flags & 0x800 ? 4 : 0)
  return Array.from({ length: count }, (_, at) => bytes.readUInt32BE(first + at * each + before))
}

/** All boxes, those within others too, in their order. */
function boxesOf (bytes: Buffer, from: number, to: number): Box[] {
  const boxes: Box[] = []
  for (let at = from; at + boxHeaderBytes <= to;) {
    const size = bytes.readUInt32BE(at)
    const type = textAt(bytes, at + 4)
    expect(size >= boxHeaderBytes && at + size <= to, `the box ${JSON.stringify(type)} at ${at} does not fit in the file`)
    const box = { type, start: at + boxHeaderBytes, end: at + size }
    boxes.push(box)
    if (containers.has(type)) boxes.push(...boxesOf(bytes, box.start, box.end))
    at += size
  }
  return boxes
}

function textAt (bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 4)
}
