/**
 * Runs on the audio thread of a measured page: tells when the channel that it is asked to listen to is first heard, by
 * the clock there (of whole ms, so the later one), for the page's own thread may be busy then. What leaks from one channel into the other in coding is
 * not heard yet.
 */
export const earWorklet = `
registerProcessor('ear', class extends AudioWorkletProcessor {
  constructor () {
    super()
    this.wanted = null
    this.port.onmessage = ({ data }) => { this.wanted = data }
  }
  process ([input]) {
    if (this.wanted !== null && input?.[this.wanted.channel]?.some((sample) => Math.abs(sample) > 0.1)) {
      this.port.postMessage({ number: this.wanted.number, atMs: Date.now() + 1 })
      this.wanted = null
    }
    return true
  }
})`

/**
 * Runs in the measured page before its own scripts: an ear at every way to the loudspeaker, whether of an audio context
 * or of a media element. `ears.waited(channel, event, patienceMs)` resolves with the ms from the next such event to the
 * first sound on that channel.
 */
export const placeEars = `{
  const ears = []
  const placed = new WeakSet()
  let heard = null
  let wanted = { channel: -1, number: 0 }
  const connect = AudioNode.prototype.connect
  const place = async (context, node) => {
    await context.audioWorklet.addModule('/ear.js')
    const ear = new AudioWorkletNode(context, 'ear', { channelCount: 2, channelCountMode: 'explicit' })
    ear.port.onmessage = ({ data }) => { if (data.number === wanted.number) heard?.(data.atMs) }
    connect.call(node, ear)
    connect.call(ear, context.destination)
    ears.push(ear)
    ear.port.postMessage(wanted)
  }
  AudioNode.prototype.connect = function (...to) {
    if (to[0] instanceof AudioDestinationNode && !placed.has(this)) {
      placed.add(this)
      place(this.context, this).catch(console.error)
    }
    return connect.apply(this, to)
  }
  const play = HTMLMediaElement.prototype.play
  HTMLMediaElement.prototype.play = async function () {
    if (!placed.has(this) && !this.src.startsWith('blob:')) {
      placed.add(this)
      const context = new AudioContext()
      const source = context.createMediaElementSource(this)
      connect.call(source, context.destination)
      await place(context, source)
    }
    await play.call(this)
  }
  window.ears = {
    async waited (channel, event, patienceMs) {
      const acted = new Promise((resolve) => { addEventListener(event, ({ timeStamp }) => { resolve(Date.now() - performance.now() + timeStamp) }, { capture: true, once: true }) })
      const sound = new Promise((resolve, reject) => {
        heard = resolve
        setTimeout(() => { reject(new Error('no sound ' + patienceMs + ' ms after the ' + event)) }, patienceMs)
      })
      wanted = { channel, number: wanted.number + 1 }
      for (const ear of ears) ear.port.postMessage(wanted)
      return await sound - await acted
    }
  }
}`
