import type { Stream } from '../../src/streaming/schemas.ts'
import type { ProofBrowser } from '../../test/support/proof-browser.ts'

export interface Performance {
  readonly kind: 'engine' | 'base'
  readonly tracks: ReadonlyArray<{ readonly stream: Stream & { readonly trackId: string }, readonly gainDb: number }>
  readonly lastSeconds: number
  readonly sampleRate: number
  readonly fromSeconds?: number
  readonly seekSeconds?: number
}

export interface Heard {
  readonly sampleRate: number
  readonly planes: readonly Float32Array[]
  /** What the sound said, each with its milliseconds. */
  readonly events: readonly string[]
}

/** Characters of one answer: WebKit's driver breaks at ten million. */
const mostOfOne = 1_000_000

/** Plays tracks one after the other in a page of the proofs, and gives back what came out. */
export async function perform (browser: ProofBrowser, pageUrl: string, performance: Performance): Promise<Heard> {
  await browser.open(pageUrl)
  // The page's own server passes them on, so that nothing is of another origin.
  const tracks = performance.tracks.map(({ stream, gainDb }) => ({ stream: { ...stream, url: stream.url.replace(/^https?:\/\/[^/]+/, '') }, gainDb }))
  await browser.run(`window.wanted = ${JSON.stringify({ ...performance, tracks })}`)
  await browser.click('#go')
  const heard = await browser.run<{ sampleRate: number, events: string[], sizes: number[] }>('const { planes, ...rest } = await window.performed; return { ...rest, sizes: planes.map(({ length }) => length) }')
  const planes: Float32Array[] = []
  for (const [plane, size] of heard.sizes.entries()) planes.push(fromBase64(await readText(browser, `planes[${plane}]`, size)))
  return { ...heard, planes }
}

async function readText (browser: ProofBrowser, name: string, size: number): Promise<string> {
  let text = ''
  while (text.length < size) text += await browser.run<string>(`return (await window.performed).${name}.slice(${text.length}, ${text.length + mostOfOne})`)
  return text
}

function fromBase64 (text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}
