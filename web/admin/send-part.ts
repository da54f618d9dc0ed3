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
  constructor () {
    super('the line to the store was lost')
    this.name = 'LineLostError'
  }
}

/**
 * Puts a part at its address and returns its ETag. By XMLHttpRequest, because fetch tells no progress of a body.
 * @throws StoreRefusedError, LineLostError, or the AbortError of `signal`
 */
export async function sendPart (address: PartAddress, body: Blob, signal: AbortSignal, onProgress: (sentBytes: number) => void): Promise<string> {
  return await new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const listening = new AbortController()
    const settle = (act: () => void): void => {
      listening.abort()
      act()
    }
    signal.addEventListener('abort', () => { request.abort() }, { signal: listening.signal })
    request.upload.onprogress = ({ loaded }) => { onProgress(loaded) }
    request.onload = () => {
      const etag = request.getResponseHeader('etag')
      settle(() => {
        if (request.status >= 200 && request.status < 300 && etag !== null) resolve(etag)
        else reject(new StoreRefusedError(request.status))
      })
    }
    request.onerror = () => { settle(() => { reject(new LineLostError()) }) }
    request.onabort = () => { settle(() => { reject(new DOMException('stopped', 'AbortError')) }) }
    request.open('PUT', address.url)
    for (const [name, value] of Object.entries(address.headers)) request.setRequestHeader(name, value)
    if (signal.aborted) request.abort()
    else request.send(body)
  })
}
