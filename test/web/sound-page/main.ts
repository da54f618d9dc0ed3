import { createEngineSound } from '../../../web/player/engine/engine-sound.ts'
import { UnreachableError } from '../../../web/app/api.ts'
import { readStreamHead, type StreamHead } from '../../../web/player/stream-head.ts'
import type { Source } from '../../../web/player/sound.ts'
import type { SignedStream } from '../../../web/player/stream.ts'
import recorderUrl from './recorder.ts?worker&url'

interface Program { readonly tracks: readonly SignedStream[], readonly gainDb: number, readonly atSeconds: number, readonly renewalsThatFail?: number, readonly headHangs?: boolean, readonly head?: { readonly initBytes: number, readonly bytes: number } }

/** Plays tracks one after the other until the end or a fault. */
async function play ({ tracks, gainDb, atSeconds, renewalsThatFail = 0, headHangs = false, head: start }: Program): Promise<{ events: string[], pcm: string }> {
  const events: string[] = []
  const recorders: Array<Promise<AudioWorkletNode>> = []
  const over = Promise.withResolvers<unknown>()
  let failures = renewalsThatFail
  const head = headHangs ? await hungHead() : undefined
  const started = start === undefined ? tracks : await Promise.all(tracks.map(async (stream) => await startOf(stream, start)))
  const sources = started.map((stream): Source => ({
    stream: head === undefined ? stream : { ...stream, head },
    gainDb,
    async resign () {
      if (failures-- > 0) throw new UnreachableError(new Error('no line'))
      return { ...stream, url: `${stream.url}?renewed` }
    }
  }))
  const tell = (event: string) => () => { events.push(event) }
  const sound = createEngineSound({
    time () {},
    playing: tell('playing'),
    paused: tell('paused'),
    waiting: tell('waiting'),
    joined: tell('joined'),
    ended () { events.push('ended'); over.resolve(null) },
    fault (fault) { events.push(`fault ${fault}`); over.resolve(null) }
  }, { tap: (context, output) => { recorders.push(record(context, output)) } })
  const [first, second] = sources
  if (sound === null || first === undefined) throw new Error('nothing to play, or nothing to play it by')
  sound.unlock()
  await Promise.all(recorders)
  sound.load(first, atSeconds)
  await sound.play()
  if (second !== undefined) sound.prepare(second)
  await over.promise
  const [recorder] = await Promise.all(recorders)
  const pcm = recorder === undefined ? '' : await recordingOf(recorder)
  sound.clear()
  return { events, pcm }
}

async function hungHead (): Promise<StreamHead> {
  const body = new ReadableStream<Uint8Array>({ start (controller) { controller.enqueue(new TextEncoder().encode('{"head":{"initBytes":100,"bytes":2000}}\n')) } })
  return (await readStreamHead(body)).head
}

/** As the server's answer to a play. */
async function startOf (stream: SignedStream, head: { readonly initBytes: number, readonly bytes: number }): Promise<SignedStream> {
  const file = new Uint8Array(await (await fetch(stream.url)).arrayBuffer())
  const { index } = stream
  const [first = []] = index?.fragments ?? []
  const line = `${JSON.stringify({ ...stream, index: { ...index, fragments: [first] }, head })}\n`
  const [offset = 0] = first
  const answer = new Blob([line, file.slice(0, head.initBytes), file.slice(offset, offset + head.bytes - head.initBytes), JSON.stringify({ fragments: index?.fragments })])
  return { ...stream, ...await readStreamHead(answer.stream()).then((read) => ({ ...read.stream, head: read.head })) }
}

const silent = { time () {}, playing () {}, paused () {}, waiting () {}, joined () {}, ended () {}, fault () {} }
const hasEngine = (): boolean => createEngineSound(silent) !== null

async function record (context: AudioContext, output: AudioNode): Promise<AudioWorkletNode> {
  await context.audioWorklet.addModule(recorderUrl)
  const recorder = new AudioWorkletNode(context, 'recorder', { channelCount: 2, channelCountMode: 'explicit' })
  output.connect(recorder).connect(context.destination)
  return recorder
}

/** Its samples, as base64 of 32-bit floats. */
async function recordingOf (recorder: AudioWorkletNode): Promise<string> {
  const blocks = await new Promise<Float32Array<ArrayBuffer>[]>((resolve) => {
    recorder.port.onmessage = ({ data }: MessageEvent<Float32Array<ArrayBuffer>[] | 'heard'>) => { if (data !== 'heard') resolve(data) }
    recorder.port.postMessage('stop')
  })
  const url = await new Promise<string>((resolve) => {
    const reader = new FileReader()
    reader.onload = () => { resolve(String(reader.result)) }
    reader.readAsDataURL(new Blob(blocks))
  })
  return url.slice(url.indexOf(',') + 1)
}

Object.assign(window, { play, hasEngine })
