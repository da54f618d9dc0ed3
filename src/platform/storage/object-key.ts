import { MultipartInvalidError, ObjectKeyInvalidError } from './object-store-errors.ts'

/** S3 takes keys of 1,024 bytes; file systems take names of 255, of which the disk store needs some for itself. */
const maxKeyLength = 1024
/** As S3 has it. */
export const maxParts = 10_000
const segmentPattern = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,200}$/

/** Whether it is a relative path of `[A-Za-z0-9._-]` segments, none of them `.` or `..`. */
export function isObjectKey (key: string): boolean {
  return key.length <= maxKeyLength && key.split('/').every((segment) => segmentPattern.test(segment))
}

/** @throws ObjectKeyInvalidError */
export function checkObjectKey (key: string): void {
  if (!isObjectKey(key)) throw new ObjectKeyInvalidError(JSON.stringify(key.slice(0, 100)))
}

/**
 * A prefix in two: the folders that it names in full, and what the next name begins with.
 * @throws ObjectKeyInvalidError when no valid key could have the prefix
 */
export function splitPrefix (prefix: string): { readonly folders: string, readonly namePrefix: string } {
  const end = prefix.lastIndexOf('/') + 1
  const folders = prefix.slice(0, end)
  const namePrefix = prefix.slice(end)
  if (folders !== '') checkObjectKey(folders.slice(0, -1))
  if (!/^[A-Za-z0-9._-]*$/.test(namePrefix)) throw new ObjectKeyInvalidError(JSON.stringify(prefix.slice(0, 100)))
  return { folders, namePrefix }
}

/** @throws MultipartInvalidError */
export function checkPartNumber (partNumber: number): void {
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > maxParts) throw new MultipartInvalidError(`part numbers go from 1 to ${maxParts}`)
}
