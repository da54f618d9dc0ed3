import type { StreamRest, StreamStart } from '../../src/streaming/schemas.ts'
import type { Stream } from '../app/api-types.ts'

type Fragments = StreamRest['fragments']

/** The start of a track's file, as it comes with the answer to the play. */
export interface StreamHead {
  /** Of its bytes, so many are the file's first ones; the others begin with the first fragment. */
  readonly initBytes: number
  /** Each piece once, as it comes, for one reader; ends early where the line breaks: the rest is fetched like everything else. */
  pieces (): AsyncGenerator<Uint8Array>
  /** All of the file's, once the pieces have come to their end; null where these didn't come. */
  readonly fragments: Fragments | null
}

const newline = 10
/** A start that brings nothing for so long is given up: the rest is fetched like everything else. */
const stallMs = 3_000

/**
 * Reads an answer that is one line of JSON, the start of the file, and JSON again. Resolves with the line: of the
 * stream's index it has the first fragment only.
 */
export async function readStreamHead (body: ReadableStream<Uint8Array>): Promise<{ readonly stream: Stream, readonly head: StreamHead }> {
  const reader = body.getReader()
  const text = new TextDecoder()
  let line = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) throw new TypeError('the answer broke off')
    const end = value.indexOf(newline)
    line += text.decode(end === -1 ? value : value.subarray(0, end), { stream: true })
    if (end === -1) continue
    const { head, ...stream } = JSON.parse(line) as StreamStart
    return { stream, head: new ComingHead(reader, value.subarray(end + 1), head) }
  }
}

class ComingHead implements StreamHead {
  readonly initBytes: number
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #first: Uint8Array
  readonly #bytes: number
  #taken = false
  fragments: Fragments | null = null

  constructor (reader: ReadableStreamDefaultReader<Uint8Array>, first: Uint8Array, { initBytes, bytes }: StreamStart['head']) {
    this.#reader = reader
    this.#first = first
    this.#bytes = bytes
    this.initBytes = initBytes
  }

  async * pieces (): AsyncGenerator<Uint8Array> {
    if (this.#taken) return
    this.#taken = true
    const text = new TextDecoder()
    let left = this.#bytes
    let rest = ''
    try {
      for (let value: Uint8Array | undefined = this.#first; value !== undefined; value = await this.#read()) {
        const sound = value.subarray(0, left)
        left -= sound.byteLength
        if (sound.byteLength > 0) yield sound
        rest += text.decode(value.subarray(sound.byteLength), { stream: true })
      }
      this.fragments = (JSON.parse(rest) as StreamRest).fragments
    } catch {
      // What is missing is fetched by its range, with all the tries that are made there.
    } finally {
      this.#reader.cancel().catch(() => undefined)
    }
  }

  /** undefined at the end, and where nothing comes. */
  async #read (): Promise<Uint8Array | undefined> {
    const { value } = await Promise.race([this.#reader.read(), stall()])
    return value
  }
}

async function stall (): Promise<{ readonly value: undefined }> {
  await new Promise((resolve) => { setTimeout(resolve, stallMs) })
  return { value: undefined }
}
