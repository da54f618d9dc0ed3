import { type Box, boxAt, type FrameTable, type Mp4Init, readFrameTable, readInit } from './mp4-boxes.ts'

/** One coded frame. `atTicks` is its place in the file's own time, before the encoder's delay is taken off. */
export interface Frame { readonly data: Uint8Array<ArrayBuffer>, readonly atTicks: number, readonly ticks: number }

/** Boxes of ours have a few kilobytes beside the music; more means that it isn't ours. */
const largestHeaderBytes = 4 * 2 ** 20

/** Makes frames of a fragmented MP4 as its bytes come, without waiting for the end of a fragment. */
export class FrameReader {
  #init: Mp4Init | null
  #rest = new Uint8Array()
  #table: FrameTable | null = null
  /** Of the table; null outside the music. */
  #next: number | null = null
  #atTicks: number
  /** Bytes before #rest. */
  #passedBytes = 0

  /**
   * @param atTicks time of the first fragment that comes
   * @param init of the same rendition, where the bytes don't begin with it
   */
  constructor (atTicks: number, init: Mp4Init | null = null) {
    this.#atTicks = atTicks
    this.#init = init
  }

  get init (): Mp4Init | null { return this.#init }

  /** Frames that these bytes complete. @throws RangeError where the file isn't what we write */
  push (bytes: Uint8Array): Frame[] {
    this.#rest = joined(this.#rest, bytes)
    const frames: Frame[] = []
    while (this.#next === null ? this.#readBox() : this.#readFrame(frames));
    return frames
  }

  /**
   * Leaves out what lies before the frame that comes `before` frames ahead of the one that holds this tick. What is
   * pushed next is to begin there.
   * @returns its place in bytes after the first that was pushed; null while the table of the fragment isn't there
   */
  skipTo (tick: number, before: number): number | null {
    const [table, next] = [this.#table, this.#next]
    if (table === null || next === null) return null
    let [wanted, endTicks] = [next, this.#atTicks]
    while (wanted < table.ticks.length - 1 && (endTicks += table.ticks[wanted] ?? 0) <= tick) wanted += 1
    const first = Math.max(next, wanted - before)
    const skipped = (of: readonly number[]): number => of.slice(next, first).reduce((sum, each) => sum + each, 0)
    this.#atTicks += skipped(table.ticks)
    this.#passedBytes += skipped(table.sizesBytes)
    this.#next = first
    this.#rest = new Uint8Array()
    return this.#passedBytes
  }

  #pass (bytes: number): void {
    this.#rest = this.#rest.subarray(bytes)
    this.#passedBytes += bytes
  }

  #readBox (): boolean {
    const view = new DataView(this.#rest.buffer, this.#rest.byteOffset, this.#rest.byteLength)
    const box = boxAt(view, 0)
    if (box === undefined) return false
    if (box.type === 'mdat') {
      if (this.#table === null) throw new RangeError('mdat without moof')
      this.#next = 0
      this.#pass(box.headerBytes)
      return true
    }
    if (box.sizeBytes < box.headerBytes || box.sizeBytes > largestHeaderBytes) throw new RangeError(`${box.type} has ${box.sizeBytes} bytes`)
    if (this.#rest.byteLength < box.sizeBytes) return false
    this.#readHeader(box, new DataView(this.#rest.buffer, this.#rest.byteOffset + box.headerBytes, box.sizeBytes - box.headerBytes))
    this.#pass(box.sizeBytes)
    return true
  }

  #readHeader ({ type }: Box, contents: DataView): void {
    if (type === 'moov') this.#init = readInit(contents)
    if (type !== 'moof') return
    this.#table = readFrameTable(contents, this.#init ?? { defaultTicks: 0, defaultBytes: 0 })
  }

  #readFrame (frames: Frame[]): boolean {
    const index = this.#next ?? 0
    const [size, ticks] = [this.#table?.sizesBytes[index], this.#table?.ticks[index]]
    if (size === undefined || ticks === undefined) {
      this.#next = null
      this.#table = null
      return true
    }
    if (this.#rest.byteLength < size) return false
    // A copy: a view would keep the whole piece of the network alive.
    frames.push({ data: this.#rest.slice(0, size), atTicks: this.#atTicks, ticks })
    this.#pass(size)
    this.#atTicks += ticks
    this.#next = index + 1
    return true
  }
}

function joined (before: Uint8Array<ArrayBuffer>, after: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(before.byteLength + after.byteLength)
  whole.set(before)
  whole.set(after, before.byteLength)
  return whole
}
