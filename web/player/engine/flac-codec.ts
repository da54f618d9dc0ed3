import { decodeFlacFrame, readFlacStream } from './flac-frame.ts'
import type { DecoderConfig } from './frame-decoder.ts'
import type { BatchCodec } from './own-decoder.ts'
import { inARow } from './pcm.ts'

/** About 2 ms of work. */
const mostFrames = 4

/** FLAC, bit for bit. @throws RangeError where the description isn't one of FLAC */
export function createFlacCodec ({ description = new Uint8Array() }: DecoderConfig): BatchCodec {
  const stream = readFlacStream(description)
  const pageHadItsTurn = turnsOfThePage()
  return {
    mostFrames,
    async decode (frames) {
      await pageHadItsTurn()
      return inARow(frames.map(({ data }) => decodeFlacFrame(data, stream)))
    }
  }
}

/** By messages: a hidden page's timers come once a second. */
function turnsOfThePage (): () => Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return async () => {
    await new Promise((resolve) => {
      port1.onmessage = resolve
      port2.postMessage(null)
    })
  }
}
