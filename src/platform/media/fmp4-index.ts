import { type FileHandle, open } from 'node:fs/promises'

/** What a player needs to fetch any part of a fragmented MP4 file with one audio track by byte range. */
export interface Fmp4Index {
  /** Bytes before the first fragment: ftyp, moov, sidx. */
  readonly initBytes: number
  /** Ticks a second; for audio this is the sample rate. */
  readonly timescale: number
  readonly fragments: ReadonlyArray<readonly [offset: number, sizeBytes: number, ticks: number]>
  /** Ticks the encoder put before the first sample, by the edit list. */
  readonly encoderDelay: number
}

/** The file isn't the fragmented MP4 that we write. */
export class Fmp4Error extends Error {
  constructor (path: string, fault: string) {
    super(`${path} is not a fragmented MP4 file as expected: ${fault}`)
    this.name = 'Fmp4Error'
  }
}

interface Box { readonly type: string, readonly start: number, readonly headerBytes: number, readonly sizeBytes: number }

/** A moov or moof of ours has a few kilobytes; more means it isn't ours. */
const largestHeaderBytes = 4 * 2 ** 20

/**
 * Reads the boxes' headers; the music itself is skipped.
 * Layouts: ISO/IEC 14496-12 (boxes, mdhd, elst, tfhd, trun).
 * @throws Fmp4Error
 */
export async function readFmp4Index (path: string): Promise<Fmp4Index> {
  const file = await open(path, 'r')
  try {
    return await indexOf(path, file)
  } catch (error) {
    throw error instanceof RangeError ? new Fmp4Error(path, 'a box ends too early') : error
  } finally {
    await file.close()
  }
}

async function indexOf (path: string, file: FileHandle): Promise<Fmp4Index> {
  const { size } = await file.stat()
  const fragments: Array<[number, number, number]> = []
  let movie: Pick<Fmp4Index, 'timescale' | 'encoderDelay'> | undefined
  let moof: { readonly start: number, readonly ticks: number } | undefined
  for (let at = 0; at < size;) {
    const box = boxAt(await read(file, at, Math.min(16, size - at)), 0, at)
    if (box.start + box.sizeBytes > size) throw new Fmp4Error(path, `${box.type} is cut off`)
    if (box.type === 'moov') movie = readMovie(path, await contents(path, file, box))
    if (box.type === 'moof') moof = { start: box.start, ticks: fragmentTicks(path, await contents(path, file, box)) }
    if (box.type === 'mdat' && moof !== undefined) {
      fragments.push([moof.start, box.start + box.sizeBytes - moof.start, moof.ticks])
      moof = undefined
    }
    at += box.sizeBytes
  }
  const first = fragments[0]
  if (movie === undefined) throw new Fmp4Error(path, 'it has no moov')
  if (first === undefined) throw new Fmp4Error(path, 'it has no fragments')
  return { initBytes: first[0], fragments, ...movie }
}

async function read (file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

async function contents (path: string, file: FileHandle, box: Box): Promise<Buffer> {
  if (box.sizeBytes > largestHeaderBytes) throw new Fmp4Error(path, `${box.type} has ${box.sizeBytes} bytes`)
  return read(file, box.start + box.headerBytes, box.sizeBytes - box.headerBytes)
}

/** @param base where in the file the buffer starts */
function boxAt (buffer: Buffer, at: number, base = 0): Box {
  const size = buffer.readUInt32BE(at)
  const type = buffer.toString('latin1', at + 4, at + 8)
  const isLarge = size === 1
  const sizeBytes = isLarge ? Number(buffer.readBigUInt64BE(at + 8)) : size
  const headerBytes = isLarge ? 16 : 8
  if (sizeBytes < headerBytes) throw new RangeError('box without a size')
  return { type, start: base + at, headerBytes, sizeBytes }
}

/** The first box at the end of a path of types, without its header. */
function find (buffer: Buffer, ...types: string[]): Buffer | undefined {
  const [type, ...rest] = types
  if (type === undefined) return buffer
  for (let at = 0; at < buffer.length;) {
    const box = boxAt(buffer, at)
    if (box.type === type) return find(buffer.subarray(at + box.headerBytes, at + box.sizeBytes), ...rest)
    at += box.sizeBytes
  }
}

function readMovie (path: string, moov: Buffer): Pick<Fmp4Index, 'timescale' | 'encoderDelay'> {
  const mdhd = find(moov, 'trak', 'mdia', 'mdhd')
  if (mdhd === undefined) throw new Fmp4Error(path, 'it has no mdhd')
  // Version 1 has 64-bit times before the timescale.
  const timescale = mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12)
  return { timescale, encoderDelay: mediaTime(find(moov, 'trak', 'edts', 'elst')) }
}

/** Where in the track's own time the sound begins: media_time of the one edit. */
function mediaTime (elst: Buffer | undefined): number {
  if (elst === undefined || elst.readUInt32BE(4) === 0) return 0
  return Math.max(0, elst[0] === 1 ? Number(elst.readBigInt64BE(16)) : elst.readInt32BE(12))
}

const tfhdFlags = { baseDataOffset: 0x1, sampleDescription: 0x2, defaultDuration: 0x8 }
const trunFlags = { dataOffset: 0x1, firstSampleFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, compositionOffset: 0x800 }

function fragmentTicks (path: string, moof: Buffer): number {
  const tfhd = find(moof, 'traf', 'tfhd')
  const trun = find(moof, 'traf', 'trun')
  if (tfhd === undefined || trun === undefined) throw new Fmp4Error(path, 'a fragment has no tfhd or trun')
  const flags = trun.readUInt32BE(0) & 0xffffff
  const sampleCount = trun.readUInt32BE(4)
  if ((flags & trunFlags.duration) === 0) return sampleCount * defaultDuration(tfhd)
  const stride = 4 * countFlags(flags, trunFlags.duration, trunFlags.size, trunFlags.flags, trunFlags.compositionOffset)
  const start = 8 + 4 * countFlags(flags, trunFlags.dataOffset, trunFlags.firstSampleFlags)
  let ticks = 0
  for (let i = 0; i < sampleCount; i++) ticks += trun.readUInt32BE(start + i * stride)
  return ticks
}

function defaultDuration (tfhd: Buffer): number {
  const flags = tfhd.readUInt32BE(0) & 0xffffff
  if ((flags & tfhdFlags.defaultDuration) === 0) return 0
  const before = (flags & tfhdFlags.baseDataOffset ? 8 : 0) + (flags & tfhdFlags.sampleDescription ? 4 : 0)
  return tfhd.readUInt32BE(8 + before)
}

function countFlags (flags: number, ...bits: number[]): number {
  return bits.filter((bit) => (flags & bit) !== 0).length
}
