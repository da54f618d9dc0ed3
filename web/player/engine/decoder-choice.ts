import type { DecoderConfig, DecoderListener, FrameDecoder } from './frame-decoder.ts'
import { OwnDecoder } from './own-decoder.ts'
import { WebCodecsDecoder } from './webcodecs-decoder.ts'

/** What the browser's decoders have shown since the page was loaded, by codec as WebCodecs name it. */
const shown = new Map<string, 'decodes' | 'fails'>()

/** Whether the browser's decoder is of no use for this form, whatever it says of itself. */
export const browserFails = (codec: string): boolean => isWebKitOnLinux() || shown.get(codec) === 'fails'

/** AudioData.copyTo of WebKitGTK 2.50 takes the whole page down, so nothing is tried there. */
function isWebKitOnLinux (): boolean {
  const { userAgent } = navigator
  return userAgent.includes('AppleWebKit') && userAgent.includes('Linux') && !/Chrom|Android/.test(userAgent)
}

/** One that has decoded before is not to blame for a file that it can't. */
export function blameBrowser (codec: string): void {
  if (!shown.has(codec)) shown.set(codec, 'fails')
}

/** @param own not by the browser's decoder, but by what we have in its place */
export function openDecoder (config: DecoderConfig, listener: DecoderListener, own: boolean): FrameDecoder {
  if (own) return new OwnDecoder(config, listener)
  return new WebCodecsDecoder(config, {
    pcm (pcm) {
      shown.set(config.codec, 'decodes')
      listener.pcm(pcm)
    },
    fault: (error) => { listener.fault(error) }
  })
}
