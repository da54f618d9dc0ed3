import type { DecoderConfig } from './frame-decoder.ts'
import type { BatchCodec } from './own-decoder.ts'

/** 0.5 s: each batch costs the browser a decoder. */
const mostFrames = 24
const frameSamples = 1_024
const headerBytes = 7
/** Of a variable bit rate, ISO/IEC 13818-7, section 6.2.1. */
const variableFullness = 0x7ff

/**
 * AAC by the browser's decoder for whole files: each batch becomes a small file of its own, which begins with what its
 * first frame reaches into. @throws RangeError where the description isn't one of AAC
 */
export function createAdtsCodec ({ description = new Uint8Array(), sampleRate, numberOfChannels }: DecoderConfig): BatchCodec {
  if (description.byteLength < 2) throw new RangeError('the description of the AAC stream is too short')
  const headerFor = adtsHeaders(description)
  const context = new OfflineAudioContext(numberOfChannels, 1, sampleRate)
  return {
    mostFrames,
    async decode (frames, before) {
      const early = before.slice(-2)
      const all = [...early, ...frames]
      const file = await new Blob(all.flatMap(({ data }) => [headerFor(data.byteLength), data])).arrayBuffer()
      const decoded = await context.decodeAudioData(file)
      if (decoded.length !== all.length * frameSamples) throw new RangeError(`${all.length} frames became ${decoded.length} samples`)
      return Array.from({ length: decoded.numberOfChannels }, (_, channel) => decoded.getChannelData(channel).slice(early.length * frameSamples))
    }
  }
}

/** @param description AudioSpecificConfig: five bits of object type, four of the rate's number, four of channels */
function adtsHeaders (description: Uint8Array): (dataBytes: number) => Uint8Array<ArrayBuffer> {
  const [first = 0, second = 0] = description
  const profile = (first >> 3) - 1
  const rate = (first & 7) << 1 | second >> 7
  const channels = second >> 3 & 15
  return (dataBytes) => {
    const bytes = headerBytes + dataBytes
    return Uint8Array.of(
      0xff, 0xf1, profile << 6 | rate << 2 | channels >> 2, (channels & 3) << 6 | bytes >> 11,
      bytes >> 3 & 0xff, (bytes & 7) << 5 | variableFullness >> 6, (variableFullness & 0x3f) << 2
    )
  }
}
