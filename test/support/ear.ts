import type { Page } from 'playwright-core'

/** What a listener hears and reads at a moment. */
export interface Moment {
  /** Since the ear began to listen. */
  readonly ms: number
  /** The loudest sample of the last tenth of a second, 0 to 1. */
  readonly peak: number
  /** What the player says; empty: nothing. */
  readonly words: string
  /** How strong each of the tones is that are listened for. */
  readonly tones: readonly number[]
  /** Of the context that is loudest. */
  readonly sampleRate: number
}

/** Below this is silence: −60 dB. */
const quietest = 0.001
/** So long may it be silent without a word; a listener has hardly noticed. */
const unexplainedMs = 2_500

/**
 * Listens to whatever the page sends to its loudspeaker: contexts by a node beside the last one, elements by their
 * stream. As text, because it must run before any script of the page.
 */
const listening = `
  const analysers = new Map()
  const listen = (context, node) => {
    if (analysers.has(context)) { node.__ear = true; return connect.call(node, analysers.get(context)) }
    const analyser = context.createAnalyser()
    analyser.fftSize = 4096
    analysers.set(context, analyser)
    connect.call(node, analyser)
  }
  const connect = AudioNode.prototype.connect
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) listen(this.context, this)
    return connect.call(this, target, ...rest)
  }
  let ears
  const seen = new WeakSet()
  // Before it plays: a stream takes its time to come, which is no silence of the player's.
  for (const event of ['loadedmetadata', 'playing']) document.addEventListener(event, ({ target }) => {
    if (event === 'playing') ears?.resume()
    if (!(target instanceof HTMLMediaElement) || seen.has(target)) return
    seen.add(target)
    ears ??= new AudioContext()
    const tracks = target.captureStream()
    const take = () => { if (tracks.getAudioTracks().length > 0) connect.call(ears.createMediaStreamSource(new MediaStream(tracks.getAudioTracks())), earOf()) }
    tracks.addEventListener('addtrack', take)
    take()
  }, true)
  const earOf = () => {
    if (!analysers.has(ears)) { const analyser = ears.createAnalyser(); analyser.fftSize = 4096; analysers.set(ears, analyser) }
    return analysers.get(ears)
  }
  const samples = new Float32Array(4096)
  // Goertzel's algorithm.
  const strength = (hertz, rate) => {
    const turn = 2 * Math.cos(2 * Math.PI * hertz / rate)
    let [last, before] = [0, 0]
    for (const sample of samples) [last, before] = [sample + turn * last - before, last]
    return 2 * Math.sqrt(Math.max(0, last ** 2 + before ** 2 - turn * last * before)) / samples.length
  }
  window.moments = []
  const began = performance.now()
  setInterval(() => {
    let [peak, sampleRate] = [0, 0]
    const tones = hertz.map(() => 0)
    for (const analyser of analysers.values()) {
      if (analyser.context.state !== 'running') continue
      analyser.getFloatTimeDomainData(samples)
      const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
      if (loudest > peak) [peak, sampleRate] = [loudest, analyser.context.sampleRate]
      for (const [i, each] of hertz.entries()) tones[i] = Math.max(tones[i], strength(each, analyser.context.sampleRate))
    }
    const words = [...document.querySelectorAll('.bar .message, .mini .message, .notices .fault')].map((element) => element.textContent.trim()).filter((text) => text !== '').join(' | ')
    window.moments.push({ ms: Math.round(performance.now() - began), peak, words, tones, sampleRate })
  }, 100)
`

/** Call before the page is opened. `hertz`: tones to listen for. */
export async function putOnEars (page: Page, hertz: readonly number[] = []): Promise<void> {
  await page.addInitScript(`{ const hertz = ${JSON.stringify(hertz)}\n${listening} }`)
}

export async function heardSoFar (page: Page): Promise<Moment[]> {
  return await page.evaluate('window.moments') as Moment[]
}

/** Waits until there was sound for half a second. */
export async function soundsNow (page: Page, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const last = (await heardSoFar(page)).slice(-5)
    if (last.length === 5 && last.every(isSound)) return
    if (performance.now() > deadline) throw new Error(`there is no sound after ${withinMs / 1_000} s`)
    await page.waitForTimeout(100)
  }
}

/** Whether the last so many milliseconds were all sound. */
export function soundsFor (moments: readonly Moment[], ms: number): boolean {
  const since = (moments.at(-1)?.ms ?? 0) - ms
  return (moments[0]?.ms ?? 0) <= since && moments.every((moment) => moment.ms < since || isSound(moment))
}

export interface Hearing {
  readonly seconds: number
  readonly silentSeconds: number
  readonly longestSilenceSeconds: number
  /** Silences that went on without a word. */
  readonly silentStops: number
  /** All that was said, in order. */
  readonly words: readonly string[]
  readonly soundAtEnd: boolean
}

/** Judges what was heard from the first sound on. */
export function judge (moments: readonly Moment[]): Hearing {
  const from = moments.findIndex(isSound)
  const heard = from < 0 ? [] : moments.slice(from)
  const silences = silencesIn(heard)
  const lasted = silences.map((silence) => ((silence.at(-1)?.ms ?? 0) - (silence[0]?.ms ?? 0)) / 1_000)
  const last = heard.slice(-20)
  return {
    seconds: ((heard.at(-1)?.ms ?? 0) - (heard[0]?.ms ?? 0)) / 1_000,
    silentSeconds: lasted.reduce((sum, seconds) => sum + seconds, 0),
    longestSilenceSeconds: Math.max(0, ...lasted),
    silentStops: silences.filter((silence, at) => (lasted[at] ?? 0) * 1_000 > unexplainedMs && silence.every(({ words }) => words === '')).length,
    words: heard.map(({ words }) => words).filter((words, at, all) => words !== '' && words !== all[at - 1]),
    soundAtEnd: last.filter(isSound).length > last.length / 2
  }
}

const isSound = ({ peak }: Moment): boolean => peak > quietest

/** Moments without sound, those that follow one another together. */
function silencesIn (moments: readonly Moment[]): Moment[][] {
  const silences: Moment[][] = []
  for (const [at, moment] of moments.entries()) {
    if (isSound(moment)) continue
    const before = moments[at - 1]
    if (before === undefined || isSound(before)) silences.push([])
    silences.at(-1)?.push(moment)
  }
  return silences
}
