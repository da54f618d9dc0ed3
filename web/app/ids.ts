/** A random UUID (version 4). `crypto.randomUUID` is missing on pages served over plain http from another machine. */
export function newId (): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const hex = Array.from(bytes, (byte, index) => {
    if (index === 6) return ((byte & 0x0f) | 0x40)
    return index === 8 ? ((byte & 0x3f) | 0x80) : byte
  }).map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
