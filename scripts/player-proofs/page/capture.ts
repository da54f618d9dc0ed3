import workletUrl from './capture-worklet.ts?worker&url'

export interface Recording { readonly sampleRate: number, readonly planes: readonly Float32Array[] }

interface Recorder { readonly context: AudioContext, readonly node: AudioWorkletNode, readonly chunks: Float32Array[][] }

/** Records what comes out of one or several contexts, each by itself. */
export class Capture {
  readonly #recorders: Array<Promise<Recorder>> = []

  tap (context: AudioContext, output: AudioNode): void {
    this.#recorders.push(record(context, output))
  }

  async ready (): Promise<void> { await Promise.all(this.#recorders) }

  /** The longest of the recordings: that of the context that played. */
  async stop (): Promise<Recording> {
    const recordings = await Promise.all(this.#recorders.map(async (recorder) => await finish(await recorder)))
    const loudness = ({ planes: [left] }: Recording): number => left?.reduce((sum, sample) => sum + Math.abs(sample), 0) ?? 0
    const [loudest] = recordings.toSorted((a, b) => loudness(b) - loudness(a))
    if (loudest === undefined) throw new Error('nothing was recorded')
    return loudest
  }
}

async function record (context: AudioContext, output: AudioNode): Promise<Recorder> {
  await context.audioWorklet.addModule(workletUrl)
  const node = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 1, channelCount: 2, channelCountMode: 'explicit' })
  const chunks: Float32Array[][] = []
  node.port.onmessage = ({ data }: MessageEvent<Float32Array[] | null>) => { if (data !== null) chunks.push(data) }
  output.connect(node).connect(context.destination)
  return { context, node, chunks }
}

async function finish ({ context, node, chunks }: Recorder): Promise<Recording> {
  // A context that sleeps answers nothing; what it sent is all there is.
  if (context.state === 'running') {
    await new Promise<void>((resolve) => {
      node.port.addEventListener('message', ({ data }) => { if (data === null) resolve() })
      node.port.postMessage('stop')
    })
  }
  const planes = [0, 1].map((channel) => joined(chunks.map((chunk) => chunk[channel] ?? new Float32Array())))
  return { sampleRate: context.sampleRate, planes }
}

function joined (parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
