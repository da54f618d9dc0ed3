/** What the boxes of our fragmented MP4 say. Layouts: ISO/IEC 14496-12, 14496-14 (esds), and the FLAC-in-ISOBMFF mapping (dfLa). */

export interface Box { readonly type: string, readonly start: number, readonly headerBytes: number, readonly sizeBytes: number }

/** What a decoder must know before the first frame, as WebCodecs wants it, and what frames are like that don't say. */
export interface Mp4Init {
  readonly description: Uint8Array<ArrayBuffer>
  readonly defaultTicks: number
  readonly defaultBytes: number
}

/** Of each frame in one fragment. */
export interface FrameTable { readonly sizesBytes: readonly number[], readonly ticks: readonly number[] }

const boxHeaderBytes = 8
/** moof and mdat of ours are far below 4 GiB. */
const largeBoxHeaderBytes = 16
const tfhdFlags = { baseDataOffset: 0x1, sampleDescription: 0x2, defaultDuration: 0x8, defaultSize: 0x10 }
const trunFlags = { dataOffset: 0x1, firstSampleFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, compositionOffset: 0x800 }
/** Audio sample entries have this much before their own boxes. */
const sampleEntryBytes = 28
const decoderSpecificInfoTag = 5
/** MPEG-4 descriptors that hold others, and what stands before those. */
const nestingTags: Readonly<Record<number, number>> = { 3: 3, 4: 13 }

/** The box that begins at `at`; undefined while its header isn't all there. */
export function boxAt (view: DataView, at: number): Box | undefined {
  if (view.byteLength - at < boxHeaderBytes) return undefined
  const size = view.getUint32(at)
  const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)))
  if (size !== 1) return { type, start: at, headerBytes: boxHeaderBytes, sizeBytes: size }
  if (view.byteLength - at < largeBoxHeaderBytes) return undefined
  return { type, start: at, headerBytes: largeBoxHeaderBytes, sizeBytes: Number(view.getBigUint64(at + boxHeaderBytes)) }
}

/** @throws RangeError where it isn't what we write */
export function readInit (moov: DataView): Mp4Init {
  const entry = inside(need(find(moov, 'trak', 'mdia', 'minf', 'stbl', 'stsd'), 'stsd'), 8)
  const codec = boxAt(entry, 0)
  const boxes = inside(entry, boxHeaderBytes + sampleEntryBytes)
  const trex = find(moov, 'mvex', 'trex')
  return {
    description: codec?.type === 'fLaC' ? flacDescription(need(find(boxes, 'dfLa'), 'dfLa')) : aacDescription(need(find(boxes, 'esds'), 'esds')),
    defaultTicks: trex?.getUint32(12) ?? 0,
    defaultBytes: trex?.getUint32(16) ?? 0
  }
}

/** @throws RangeError where it isn't what we write */
export function readFrameTable (moof: DataView, init: Pick<Mp4Init, 'defaultTicks' | 'defaultBytes'>): FrameTable {
  const defaults = trackDefaults(need(find(moof, 'traf', 'tfhd'), 'tfhd'), init)
  const trun = need(find(moof, 'traf', 'trun'), 'trun')
  const has = flagReader(trun.getUint32(0))
  const count = trun.getUint32(4)
  let at = 8 + 4 * (has(trunFlags.dataOffset) + has(trunFlags.firstSampleFlags))
  const take = (flag: number, absent: number): number => {
    if (has(flag) === 0) return absent
    at += 4
    return trun.getUint32(at - 4)
  }
  const sizesBytes: number[] = []
  const ticks: number[] = []
  for (let i = 0; i < count; i++) {
    ticks.push(take(trunFlags.duration, defaults.ticks))
    sizesBytes.push(take(trunFlags.size, defaults.bytes))
    at += 4 * (has(trunFlags.flags) + has(trunFlags.compositionOffset))
  }
  return { sizesBytes, ticks }
}

function trackDefaults (tfhd: DataView, init: Pick<Mp4Init, 'defaultTicks' | 'defaultBytes'>): { readonly ticks: number, readonly bytes: number } {
  const has = flagReader(tfhd.getUint32(0))
  const at = 8 + 8 * has(tfhdFlags.baseDataOffset) + 4 * has(tfhdFlags.sampleDescription)
  const hasTicks = has(tfhdFlags.defaultDuration)
  return {
    ticks: hasTicks === 1 ? tfhd.getUint32(at) : init.defaultTicks,
    bytes: has(tfhdFlags.defaultSize) === 1 ? tfhd.getUint32(at + 4 * hasTicks) : init.defaultBytes
  }
}

const flagReader = (flags: number) => (flag: number): 0 | 1 => ((flags & flag) === 0 ? 0 : 1)

/** The contents of the first box at the end of a path of types. */
function find (view: DataView, ...types: string[]): DataView | undefined {
  const [type, ...rest] = types
  if (type === undefined) return view
  for (let at = 0; at < view.byteLength;) {
    const box = boxAt(view, at)
    if (box === undefined || box.sizeBytes < box.headerBytes) return undefined
    if (box.type === type) return find(inside(view, at + box.headerBytes, at + box.sizeBytes), ...rest)
    at += box.sizeBytes
  }
  return undefined
}

function inside (view: DataView, start: number, end = view.byteLength): DataView {
  return new DataView(view.buffer, view.byteOffset + start, end - start)
}

function need (view: DataView | undefined, type: string): DataView {
  if (view === undefined) throw new RangeError(`there is no ${type}`)
  return view
}

function bytesOf (view: DataView, start: number, length = view.byteLength - start): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new Uint8Array(view.buffer, view.byteOffset + start, length))
}

/** The stream's marker, then the metadata blocks as dfLa has them. */
function flacDescription (dfLa: DataView): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...new TextEncoder().encode('fLaC'), ...bytesOf(dfLa, 4)])
}

/** AudioSpecificConfig: the deepest of the descriptors. */
function aacDescription (esds: DataView): Uint8Array<ArrayBuffer> {
  for (let at = 4; at < esds.byteLength;) {
    const tag = esds.getUint8(at)
    let length = 0
    let more = true
    for (at += 1; more; at += 1) {
      length = length * 128 + (esds.getUint8(at) & 0x7f)
      more = esds.getUint8(at) > 0x7f
    }
    if (tag === decoderSpecificInfoTag) return bytesOf(esds, at, length)
    at += nestingTags[tag] ?? length
  }
  throw new RangeError('esds has no decoder configuration')
}
