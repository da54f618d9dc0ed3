import { randomBytes } from 'node:crypto'
import { DiskObjectStore } from '../../src/platform/storage/disk-object-store.ts'

// A process to be killed: it replaces one object over and over, each time with bytes that are all the same.
const [dir = '', key = ''] = process.argv.slice(2)
const store = new DiskObjectStore({ dir, publicUrl: 'http://localhost', secret: 'x'.repeat(32) })
for (;;) {
  const [byte = 0] = randomBytes(1)
  await store.put(key, Buffer.alloc(3_000_000, byte), { contentType: 'audio/mp4' })
  process.stdout.write('.')
}
