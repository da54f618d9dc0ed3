import { createEngineSound } from '../../../web/player/engine/engine-sound.ts'
import { MediaElementSound } from '../../../web/player/media-element-sound.ts'
import type { Sound, SoundListener, Source } from '../../../web/player/sound.ts'
import type { SignedStream } from '../../../web/player/stream.ts'
import { Capture } from './capture.ts'

/** What a proof asks for. */
export interface Performance {
  readonly kind: 'engine' | 'base'
  readonly tracks: ReadonlyArray<{ readonly stream: Omit<SignedStream, 'signedAtMs'>, readonly gainDb: number }>
  /** Of the last track only so many seconds are played; 0: all of it. */
  readonly lastSeconds: number
  readonly sampleRate: number
  /** Where the first track begins. */
  readonly fromSeconds?: number
  /** The needle is put here once it sounds. */
  readonly seekSeconds?: number
}

export interface Performed { readonly sampleRate: number, readonly planes: readonly string[], readonly events: readonly string[] }

/** A busy machine starts late. */
const patienceMs = 30_000

declare global {
  interface Window {
    /** Set by the proof, and played at a click. */
    wanted?: Performance
    performed?: Promise<Performed>
  }
}

document.querySelector('#go')?.addEventListener('click', () => {
  if (window.wanted !== undefined) window.performed = perform(window.wanted)
})

async function perform ({ kind, tracks, lastSeconds, sampleRate, fromSeconds = 0, seekSeconds }: Performance): Promise<Performed> {
  const capture = new Capture()
  const events: string[] = []
  const startedAt = performance.now()
  const note = (text: string): void => { events.push(`${Math.round(performance.now() - startedAt)} ${text}`) }
  const sources = tracks.map(({ stream, gainDb }): Source => {
    const signed = { ...stream, signedAtMs: Date.now() }
    return { stream: signed, gainDb, resign: async () => signed }
  })
  await new Promise<void>((resolve, reject) => {
    let at = 0
    let prepared = 0
    let sought = seekSeconds === undefined
    const prepareNext = (): void => {
      const next = sources[at + 1]
      if (prepared === at + 1 || next === undefined) return
      prepared = at + 1
      sound?.prepare(next)
    }
    const listener: SoundListener = {
      time (seconds) {
        prepareNext()
        if (!sought && seekSeconds !== undefined) {
          sought = true
          note('seek')
          sound?.seek(seekSeconds)
          return
        }
        if (lastSeconds > 0 && at === sources.length - 1 && seconds > lastSeconds) resolve()
      },
      playing: () => { note('playing') },
      paused: () => { note('paused') },
      waiting: () => { note('waiting') },
      joined () { at += 1; note('joined') },
      ended () { note('ended'); resolve() },
      fault: (fault) => { note(`fault ${fault}`); reject(new Error(`${fault} after ${events.join(', ')}`)) }
    }
    const sound = kind === 'engine' ? createEngineSound(listener, { tap: (context, output) => { capture.tap(context, output) } }) : baseSound(listener, capture, sampleRate)
    if (sound === null) { reject(new Error('this browser has no engine')); return }
    const expectedMs = sources.reduce((sum, { stream }) => sum + stream.durationMs, 0)
    setTimeout(() => { reject(new Error(`not at the end ${patienceMs / 1_000} s after it was due: ${events.join(', ')}; at ${sound.position()}`)) }, expectedMs + patienceMs)
    play(sound, sources, { capture, fromSeconds }).then(note, reject)
  })
  const { sampleRate: heardRate, planes } = await capture.stop()
  return { sampleRate: heardRate, planes: planes.map(toBase64), events }
}

async function play (sound: Sound, [first]: readonly Source[], { capture, fromSeconds }: { readonly capture: Capture, readonly fromSeconds: number }): Promise<string> {
  if (first === undefined) throw new Error('no tracks')
  sound.unlock()
  await capture.ready()
  sound.load(first, fromSeconds)
  await sound.play()
  return 'play'
}

/** The browser's own elements, led through a context to be recorded. */
function baseSound (listener: SoundListener, capture: Capture, sampleRate: number): Sound {
  const sound = new MediaElementSound(listener)
  const context = new AudioContext({ sampleRate })
  const sum = new GainNode(context)
  for (const element of document.querySelectorAll('audio')) {
    element.crossOrigin = 'anonymous'
    context.createMediaElementSource(element).connect(sum)
  }
  sum.connect(context.destination)
  capture.tap(context, sum)
  return sound
}

function toBase64 (samples: Float32Array): string {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
  let text = ''
  for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768))
  return btoa(text)
}
