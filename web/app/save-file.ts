import { getFile } from './api.ts'

/** The browser may still be copying a file of some hundred megabytes. */
const keptMs = 60_000

/**
 * Fetches a file of the API and gives it to the browser's downloads, by a link of the moment: the address itself asks
 * for the token.
 * @throws ApiError, UnreachableError
 */
export async function saveFile (path: string, name: string): Promise<void> {
  const address = URL.createObjectURL(await getFile(path))
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  setTimeout(() => { URL.revokeObjectURL(address) }, keptMs)
}
