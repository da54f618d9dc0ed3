import { post } from '../app/api.ts'
import type { PartAddress, Upload, UploadTicket } from '../app/api-types.ts'
import { sendPart } from './send-part.ts'

/**
 * Sends a picture part by part to the store, as music goes, and completes it; a worker then draws it in all sizes.
 * @param path where the ticket is asked for
 * @returns the id of the upload, which events tell of
 * @throws ApiError, StoreRefusedError, LineLostError
 */
export async function sendPicture (path: string, file: File): Promise<string> {
  const { id, partCount, partSizeBytes } = await post<UploadTicket>(path, { fileName: file.name, sizeBytes: file.size })
  const partNumbers = Array.from({ length: partCount }, (_, index) => index + 1)
  const { parts } = await post<{ parts: readonly PartAddress[] }>(`/uploads/${id}/parts`, { partNumbers })
  const sent: Array<{ partNumber: number, etag: string }> = []
  for (const part of parts) {
    const start = (part.partNumber - 1) * partSizeBytes
    sent.push({ partNumber: part.partNumber, etag: await sendPart(part, file.slice(start, start + partSizeBytes), AbortSignal.timeout(300_000), () => { /* too small to draw */ }) })
  }
  await post<Upload>(`/uploads/${id}/complete`, { parts: sent })
  return id
}
