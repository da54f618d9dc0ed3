/**
 * Runs in the measured page before its own scripts: notes when each step between a click and its sound is first taken.
 * `steps.since(ms)` gives those after a moment, in ms from it, and how long the page was busy until the last one.
 */
export const placeSteps = `{
  let noted = []
  const note = (name) => { noted.push([name, performance.now()]) }
  const busy = []
  new PerformanceObserver((list) => { for (const { startTime, duration } of list.getEntries()) busy.push([startTime, duration]) }).observe({ type: 'long-animation-frame' })
  const { fetch: plain } = window
  window.fetch = async (...what) => {
    const isStart = String(what[0]).includes('/start')
    if (isStart) note('request')
    const response = await plain(...what)
    if (isStart) note('headers')
    return response
  }
  const { read } = ReadableStreamDefaultReader.prototype
  let bytes = 0
  ReadableStreamDefaultReader.prototype.read = async function () {
    const piece = await read.call(this)
    bytes += piece.value?.byteLength ?? 0
    note('read to byte ' + bytes)
    return piece
  }
  if (window.AudioDecoder !== undefined) {
    const { configure, decode } = AudioDecoder.prototype
    AudioDecoder.prototype.configure = function (config) { note('decoder configured'); configure.call(this, config) }
    AudioDecoder.prototype.decode = function (chunk) { note('frame given'); decode.call(this, chunk) }
    const { copyTo } = AudioData.prototype
    AudioData.prototype.copyTo = function (...to) { note('frame decoded'); return copyTo.apply(this, to) }
  }
  const { postMessage } = MessagePort.prototype
  MessagePort.prototype.postMessage = function (message, ...rest) {
    if (['run', 'take', 'pcm'].includes(message?.kind)) note('mixer told: ' + message.kind + (message.kind === 'run' ? ' ' + message.running : ''))
    postMessage.call(this, message, ...rest)
  }
  window.steps = {
    begin () { noted = []; bytes = 0; busy.length = 0 },
    since (ms, most) { return [...noted.slice(0, most).map(([name, at]) => name + ' ' + (at - ms).toFixed(1)), ...busy.map(([at, length]) => 'busy ' + (at - ms).toFixed(0) + '+' + length.toFixed(0))] }
  }
}`
