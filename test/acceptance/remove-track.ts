import type { Client } from './client.ts'
import { expectStatus } from './expectations.ts'

/** For what may be gone already. */
export async function tidyTrack (client: Client, id: string): Promise<void> {
  expectStatus(await client.request('DELETE', `/api/tracks/${id}`), 204, 404)
}

export async function removeTrack (client: Client, id: string): Promise<void> {
  expectStatus(await client.request('DELETE', `/api/tracks/${id}`), 204)
  expectStatus(await client.get(`/api/tracks/${id}`), 404)
}
