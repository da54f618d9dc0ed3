import sharp from 'sharp'
import type { Database } from '../../src/platform/database/database.ts'
import { DiskObjectStore } from '../../src/platform/storage/disk-object-store.ts'

/** As the worker makes them. */
const sizesPx = [64, 128, 256, 512, 1_200]
const newest = 60
/** Written side by side. */
const atOnce = 16

interface Options { readonly username: string, readonly albumId: string, readonly storeDir: string }

/**
 * Gives pictures to the newest albums, to those that one listener played or likes and to one more; the others' sleeves
 * are drawn by the client. All are the same noisy gradient, each with addresses of its own.
 */
export async function givePictures ({ pool }: Database, { username, albumId, storeDir }: Options): Promise<void> {
  const { rows } = await pool.query<{ id: string, artworkId: string }>(`
    WITH mine AS (SELECT id FROM user_account WHERE username = $1),
    heard AS (SELECT track_id AS id FROM play WHERE user_id IN (TABLE mine) UNION SELECT item_id FROM favourite WHERE user_id IN (TABLE mine))
    SELECT id, artwork_id AS "artworkId" FROM album
    WHERE id = $2 OR id IN (TABLE heard) OR id IN (SELECT album_id FROM track WHERE id IN (TABLE heard)) OR id IN (SELECT id FROM album ORDER BY added_at DESC LIMIT $3)`, [username, albumId, newest])
  await pool.query('UPDATE artist SET artwork_id = NULL')
  await pool.query('UPDATE track SET artwork_id = NULL')
  await pool.query('UPDATE album SET artwork_id = NULL WHERE id <> ALL ($1)', [rows.map(({ id }) => id)])
  const store = new DiskObjectStore({ dir: storeDir, publicUrl: 'http://localhost', secret: 'only reads and writes' })
  const pictures = await Promise.all(sizesPx.map(async (sizePx) => ({ sizePx, bytes: await picture(sizePx) })))
  const puts = rows.flatMap(({ artworkId }) => pictures.map(({ sizePx, bytes }) => ({ key: `media/artwork/${artworkId}/1/${sizePx}.webp`, bytes })))
  while (puts.length > 0) await Promise.all(puts.splice(0, atOnce).map(({ key, bytes }) => store.put(key, bytes, { contentType: 'image/webp' })))
}

async function picture (sizePx: number): Promise<Buffer> {
  const gradient = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="1200"><linearGradient id="g" x2="1" y2="1"><stop stop-color="#d9c7a0"/><stop offset="1" stop-color="#203a4c"/></linearGradient><rect width="1200" height="1200" fill="url(#g)"/><circle cx="700" cy="500" r="330" fill="#a33b2e"/></svg>')
  const noise = await sharp({ create: { width: 1_200, height: 1_200, channels: 3, background: '#000', noise: { type: 'gaussian', mean: 128, sigma: 24 } } }).png().toBuffer()
  return await sharp(await sharp(gradient).composite([{ input: noise, blend: 'soft-light' }]).png().toBuffer()).resize(sizePx).webp({ quality: 80 }).toBuffer()
}
