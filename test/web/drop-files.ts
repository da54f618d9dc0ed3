import type { Page } from 'playwright-core'

export interface DroppedFile { readonly name: string, readonly bytes: Uint8Array }

/** Drops files onto the page as a person would with a folder window. */
export async function dropFiles (page: Page, files: readonly DroppedFile[]): Promise<void> {
  const plain = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }))
  const transfer = await page.evaluateHandle((list) => {
    const data = new DataTransfer()
    for (const { name, base64 } of list) data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { lastModified: 1_700_000_000_000 }))
    return data
  }, plain)
  await page.dispatchEvent('.drop', 'dragover', { dataTransfer: transfer })
  await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer })
}
