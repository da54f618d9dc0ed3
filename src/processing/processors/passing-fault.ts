import type { FfmpegError } from '../../platform/media/ffmpeg.ts'

/** Whether the machine, not the file, is to blame, so that another attempt makes sense. */
export function isPassingFault (error: FfmpegError): boolean {
  return error.kind !== 'exit' || /No space left on device|Cannot allocate memory|Input\/output error|Permission denied|Resource temporarily unavailable|received signal/.test(error.complaint)
}
