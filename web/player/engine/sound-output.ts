import type { MixerCommand, MixerReport } from './mixer-messages.ts'
import mixerUrl from './mixer-worklet.ts?worker&url'

/** Sees the last node of the graph, as a test that records it does. */
export type Tap = (context: AudioContext, output: AudioNode) => void

/** A context, which has its rate for life, and the mixer in it. */
interface Stage {
  readonly context: AudioContext
  readonly level: GainNode
  mixer: AudioWorkletNode | null
  /** What was told before the mixer was there. */
  readonly early: MixerCommand[]
}

/** What most music has, and what the first stage is made for before anything is known. */
const usualRate = 44_100
/** What every browser makes. */
const fallbackRate = 48_000
/** Stages that are kept: one for each rate of a mixed library, but no more. */
const mostStages = 3
/** A context that is silent this long is put to sleep: it takes power. */
const sleepAfterMs = 15_000
/** A context that should run is looked at so often; when its clock hasn't moved for three looks it sounds nothing, and never will. */
const lookEveryMs = 1_500
const mostStill = 3
/** Volume moves in about so many seconds, without a click. */
const levelSlopeSeconds = 0.015

/** The way from the mixer to the loudspeaker. */
export class SoundOutput {
  readonly #report: (report: MixerReport) => void
  readonly #fault: () => void
  readonly #tap: Tap | undefined
  #stages: Stage[] = []
  #stage: Stage | null = null
  #level = 1
  #sleep: ReturnType<typeof setTimeout> | undefined
  #looks: ReturnType<typeof setInterval> | undefined

  constructor (report: (report: MixerReport) => void, fault: () => void, tap?: Tap) {
    this.#report = report
    this.#fault = fault
    this.#tap = tap
  }

  /** Frames a second. */
  get rate (): number { return this.#stage?.context.sampleRate ?? usualRate }
  /** The clock that reports are by, in seconds. */
  get time (): number { return this.#stage?.context.currentTime ?? 0 }
  /** How long a sample is under way to the ear, in seconds, where the browser knows. */
  get latencySeconds (): number { return this.#stage?.context.outputLatency ?? 0 }

  /** Inside a click or key press: from now on it may sound. */
  unlock (): void {
    this.#stage ??= this.#stageOf(usualRate)
    this.#wake()
  }

  /** Goes on at this rate, or at one that the browser makes. What sounded stops. */
  open (rate: number): void {
    if (this.#stage?.context.sampleRate === rate) return
    const before = this.#stage
    if (before !== null) {
      send(before, { kind: 'take', voice: null })
      before.context.suspend().catch(() => undefined)
    }
    this.#stage = this.#stageOf(rate)
  }

  send (command: MixerCommand): void {
    if (this.#stage !== null) send(this.#stage, command)
  }

  start (): void {
    this.#wake()
    this.send({ kind: 'run', running: true })
    this.#watchClock()
  }

  stop (): void {
    this.send({ kind: 'run', running: false })
    clearInterval(this.#looks)
    clearTimeout(this.#sleep)
    this.#sleep = setTimeout(() => { this.#stage?.context.suspend().catch(() => undefined) }, sleepAfterMs)
  }

  setLevel (level: number): void {
    this.#level = level
    for (const stage of this.#stages) stage.level.gain.setTargetAtTime(level, stage.context.currentTime, levelSlopeSeconds)
  }

  #watchClock (): void {
    clearInterval(this.#looks)
    let [time, still] = [this.time, 0]
    this.#looks = setInterval(() => {
      still = this.time === time ? still + 1 : 0
      time = this.time
      if (still < mostStill) return
      clearInterval(this.#looks)
      this.#fault()
    }, lookEveryMs)
  }

  #wake (): void {
    clearTimeout(this.#sleep)
    // Where the browser wants a click first, this waits for it; the silent element beside it tells of that.
    this.#stage?.context.resume().catch(() => undefined)
  }

  #stageOf (rate: number): Stage {
    const kept = this.#stages.find(({ context }) => context.sampleRate === rate)
    if (kept !== undefined) return kept
    const stage = this.#newStage(contextOf(rate))
    this.#stages.push(stage)
    if (this.#stages.length > mostStages) this.#stages.shift()?.context.close().catch(() => undefined)
    return stage
  }

  #newStage (context: AudioContext): Stage {
    const level = new GainNode(context, { gain: this.#level })
    level.connect(context.destination)
    this.#tap?.(context, level)
    const stage: Stage = { context, level, mixer: null, early: [] }
    context.audioWorklet.addModule(mixerUrl).then(() => { this.#connect(stage) }, this.#fault)
    return stage
  }

  #connect (stage: Stage): void {
    const mixer = new AudioWorkletNode(stage.context, 'freshet-mixer', { numberOfInputs: 0, outputChannelCount: [2] })
    mixer.port.onmessage = ({ data }: MessageEvent<MixerReport>) => { if (this.#stage === stage) this.#report(data) }
    mixer.onprocessorerror = this.#fault
    mixer.connect(stage.level)
    stage.mixer = mixer
    for (const command of stage.early.splice(0)) send(stage, command)
  }
}

function contextOf (sampleRate: number): AudioContext {
  const latencyHint = 'interactive'
  try {
    return new AudioContext({ sampleRate, latencyHint })
  } catch {
    // A rate that this browser or its device doesn't make; the track is converted instead.
    return new AudioContext({ sampleRate: fallbackRate, latencyHint })
  }
}

function send ({ mixer, early }: Stage, command: MixerCommand): void {
  if (mixer === null) early.push(command)
  else mixer.port.postMessage(command, command.kind === 'pcm' ? command.planes.map(({ buffer }) => buffer) : [])
}
