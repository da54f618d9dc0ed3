import type { PartAddress } from '../app/api-types.ts'

/** The store answered, and not with success. */
export class StoreRefusedError extends Error {
  readonly status: number
  constructor (status: number) {
    super(`the store answered ${status}`)
    this.name = 'StoreRefusedError'
    this.status = status
  }
}
/** No answer: the line is down, or was cut. */
export class LineLostError extends Error {
  /** Whether any byte of the body went out. */
  readonly begun: boolean
  constructor (begun: boolean) {
    super('the line to the store was lost')
    this.name = 'LineLostError'
    this.begun = begun
  }
}
/** The store is there, but its CORS rules don't let this page send to it, or read what it answers. */
export class PageRefusedError extends Error {
  constructor () {
    super('the store refuses this page')
    this.name = 'PageRefusedError'
  }
}

/**
 * Puts a part at its address and returns its ETag.
 * @throws StoreRefusedError, LineLostError, PageRefusedError, or the AbortError of `signal`
 */
export async function sendPart (address: PartAddress, body: Blob, signal: AbortSignal, onProgress: (sentBytes: number) => void): Promise<string> {
  try {
    return await putPart(address, body, signal, onProgress)
  } catch (error) {
    if (error instanceof LineLostError && !error.begun && await answers(address.url, signal)) throw new PageRefusedError()
    throw error
  }
}

/** A browser doesn't say whether it was the line or the CORS rules. This asks for nothing that those could refuse. */
async function answers (url: string, signal: AbortSignal): Promise<boolean> {
  const { origin, pathname } = new URL(url)
  return await fetch(origin + pathname, { method: 'HEAD', mode: 'no-cors', credentials: 'omit', signal }).then(() => true, () => false)
}

/** By XMLHttpRequest, because fetch tells no progress of a body. */
async function putPart (address: PartAddress, body: Blob, signal: AbortSignal, onProgress: (sentBytes: number) => void): Promise<string> {
  return await new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const listening = new AbortController()
    const settle = (act: () => void): void => {
      listening.abort()
      act()
    }
    signal.addEventListener('abort', () => { request.abort() }, { signal: listening.signal })
    let begun = false
    request.upload.onprogress = ({ loaded }) => {
      begun ||= loaded > 0
      onProgress(loaded)
    }
    request.onload = () => {
      const etag = request.getResponseHeader('etag')
      settle(() => {
        if (request.status < 200 || request.status >= 300) reject(new StoreRefusedError(request.status))
        else if (etag === null) reject(new PageRefusedError())
        else resolve(etag)
      })
    }
    request.onerror = () => { settle(() => { reject(new LineLostError(begun)) }) }
    request.onabort = () => { settle(() => { reject(new DOMException('stopped', 'AbortError')) }) }
    request.open('PUT', address.url)
    for (const [name, value] of Object.entries(address.headers)) request.setRequestHeader(name, value)
    if (signal.aborted) request.abort()
    else request.send(body)
  })
}
