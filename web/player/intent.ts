import type { SignedStream } from './stream.ts'

type Start = (trackId: string, signal: AbortSignal) => Promise<SignedStream>

interface Expected { readonly trackId: string, readonly stream: Promise<SignedStream>, readonly atMs: number, readonly controller: AbortController }

/** Resting on a button for less is passing over it. */
const restMs = 120
/** Each costs an answer of about 50 kB, so an older one makes way for a newer one. */
const mostExpected = 2
/** A start that nobody played is stale after so long. */
const goodForMs = 30_000

/**
 * Asks for the start of a track when somebody presses, rests on or comes by key to a button that plays it, which has its
 * id as data-plays: the sound is there when the click is. Not where data is to be saved.
 */
export class Intent {
  readonly #start: Start
  readonly #isUseful: (trackId: string) => boolean
  #expected: Expected[] = []
  #rest: ReturnType<typeof setTimeout> | undefined

  constructor (start: Start, isUseful: (trackId: string) => boolean) {
    this.#start = start
    this.#isUseful = isUseful
    // A click without a press, of a key or a screen reader, asks before the page does all else that a play makes it do.
    for (const name of ['pointerdown', 'click']) addEventListener(name, ({ target }) => { this.#expect(playedBy(target)) }, { capture: true, passive: true })
    for (const name of ['pointerover', 'focusin']) addEventListener(name, ({ target }) => { this.#restsOn(playedBy(target)) }, { passive: true })
  }

  /** What was asked for ahead, once; null where nothing was. */
  take (trackId: string): Promise<SignedStream> | null {
    const found = this.#expected.find((each) => each.trackId === trackId && performance.now() - each.atMs < goodForMs)
    this.#expected = this.#expected.filter((each) => each !== found)
    return found?.stream ?? null
  }

  #restsOn (trackId: string | undefined): void {
    clearTimeout(this.#rest)
    if (trackId !== undefined) this.#rest = setTimeout(() => { this.#expect(trackId) }, restMs)
  }

  #expect (trackId: string | undefined): void {
    clearTimeout(this.#rest)
    if (trackId === undefined || !this.#isUseful(trackId) || savesData()) return
    const now = performance.now()
    if (this.#expected.some((each) => each.trackId === trackId && now - each.atMs < goodForMs)) return
    const controller = new AbortController()
    const stream = this.#start(trackId, controller.signal)
    // Whoever plays it hears of it; else it is nobody's.
    stream.catch(() => { this.#expected = this.#expected.filter((each) => each.stream !== stream) })
    this.#expected.push({ trackId, stream, atMs: now, controller })
    if (this.#expected.length > mostExpected) this.#expected.shift()?.controller.abort()
  }
}

function playedBy (target: EventTarget | null): string | undefined {
  return target instanceof Element ? target.closest<HTMLElement>('[data-plays]')?.dataset['plays'] : undefined
}

function savesData (): boolean {
  return (navigator as Navigator & { connection?: { saveData?: boolean } }).connection?.saveData === true
}
