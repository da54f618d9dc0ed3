import { ApiError, isAbort, post, UnreachableError } from '../app/api.ts'
import type { PartAddress, Upload, UploadedPart, UploadTicket } from '../app/api-types.ts'
import { waitOrOnline } from '../player/retry-wait.ts'
import type { ChosenFile } from './dropped-files.ts'
import { LineLostError, PageRefusedError, sendPart, StoreRefusedError } from './send-part.ts'

export interface SendHooks {
  /** The server knows the file; bytes that it has from before are already counted. */
  opened (uploadId: string): void
  progress (sentBytes: number): void
  /** The line is down; it goes on by itself. */
  waiting (): void
  finishing (): void
}

/** Parts sent at once; several files are sent at once too. */
const parallelParts = 2
/** Addresses asked for in one call. */
const addressesAtOnce = 20
/** Waits between tries of one step, ms; after the last the file has failed. */
const retryMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 60_000, 60_000]
const triesOfRefusedPage = 2

/** The same for the same file after a reload, so that its upload goes on where it stopped. */
export const fingerprintOf = ({ file, path }: ChosenFile): string => `${path}|${file.size}|${file.lastModified}`.slice(-500)

/**
 * Sends a file in parts straight to the store, going on from the parts that are there, and completes it.
 * @throws ApiError, StoreRefusedError or PageRefusedError where it can't be sent; AbortError when `signal` stops it
 */
export async function sendFile (chosen: ChosenFile, signal: AbortSignal, hooks: SendHooks): Promise<Upload> {
  const { file, path } = chosen
  const again = async <T>(step: () => Promise<T>): Promise<T> => await retried(step, signal, hooks)
  const ticket = await again(async () => await post<UploadTicket>('/uploads', { relativePath: path, sizeBytes: file.size, contentType: file.type, fingerprint: fingerprintOf(chosen) }, { signal }))
  hooks.opened(ticket.id)
  const done = new Map<number, UploadedPart>(ticket.uploadedParts.map((part) => [part.partNumber, part]))
  const underWay = new Map<number, number>()
  const tell = (): void => { hooks.progress([...done.values()].reduce((sum, part) => sum + part.sizeBytes, 0) + [...underWay.values()].reduce((sum, bytes) => sum + bytes, 0)) }
  tell()

  const missing = Array.from({ length: ticket.partCount }, (_, index) => index + 1).filter((partNumber) => !done.has(partNumber))
  const addresses = addressBook(ticket.id, missing, signal)
  const queue = missing.values()
  const lane = async (): Promise<void> => {
    for (const partNumber of queue) {
      const start = (partNumber - 1) * ticket.partSizeBytes
      const body = file.slice(start, Math.min(file.size, start + ticket.partSizeBytes))
      const etag = await again(async () => await sendPart(await addresses(partNumber), body, signal, (bytes) => { underWay.set(partNumber, bytes); tell() }))
      underWay.delete(partNumber)
      done.set(partNumber, { partNumber, etag, sizeBytes: body.size })
      tell()
    }
  }
  await Promise.all(Array.from({ length: parallelParts }, lane))
  hooks.finishing()
  const parts = [...done.values()].toSorted((a, b) => a.partNumber - b.partNumber).map(({ partNumber, etag }) => ({ partNumber, etag }))
  return await again(async () => await post<Upload>(`/uploads/${ticket.id}/complete`, { parts }, { signal }))
}

/** Signed addresses of parts, asked for in bundles and anew once they have ended. */
function addressBook (uploadId: string, missing: readonly number[], signal: AbortSignal): (partNumber: number) => Promise<PartAddress> {
  const known = new Map<number, PartAddress>()
  return async (partNumber) => {
    const address = known.get(partNumber)
    known.delete(partNumber)
    if (address !== undefined && Date.parse(address.expiresAt) > Date.now() + 30_000) return address
    const from = missing.indexOf(partNumber)
    const { parts } = await post<{ parts: readonly PartAddress[] }>(`/uploads/${uploadId}/parts`, { partNumbers: missing.slice(from, from + addressesAtOnce) }, { signal })
    for (const part of parts) known.set(part.partNumber, part)
    const fresh = known.get(partNumber)
    known.delete(partNumber)
    if (fresh === undefined) throw new ApiError(502, 'PART_ADDRESS_MISSING', `no address for part ${partNumber}`)
    return fresh
  }
}

/** Tries a step again with growing waits while the fault may pass. */
async function retried<T> (step: () => Promise<T>, signal: AbortSignal, hooks: SendHooks): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await step()
    } catch (error) {
      const wait = retryMs[tries]
      if (signal.aborted || isAbort(error) || !mayPass(error, tries) || wait === undefined) throw error
      if (error instanceof LineLostError || error instanceof UnreachableError) hooks.waiting()
      await waitOrOnline(wait, signal)
      signal.throwIfAborted()
    }
  }
}

function mayPass (error: unknown, tries: number): boolean {
  // A line that comes back between the two questions looks the same.
  if (error instanceof PageRefusedError) return tries < triesOfRefusedPage
  if (error instanceof LineLostError || error instanceof UnreachableError) return true
  // 403: an address that ended while the machine slept; the next one is fresh.
  if (error instanceof StoreRefusedError) return error.status >= 500 || [0, 403, 408, 429].includes(error.status)
  return error instanceof ApiError && (error.status >= 500 || error.status === 429)
}
