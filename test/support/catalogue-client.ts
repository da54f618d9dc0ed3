import type { InjectOptions } from 'fastify'
import type { TestApp, TestUser } from './app.ts'

export interface Client {
  get<T>(url: string): Promise<{ readonly status: number, readonly body: T }>
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, payload?: InjectOptions['payload']): Promise<{ readonly status: number, readonly body: T }>
}

/** Requests of one user with typed answers; addresses without /api. */
export function clientOf ({ app }: Pick<TestApp, 'app'>, user: Pick<TestUser, 'bearer'>): Client {
  const send = async <T> (options: InjectOptions) => {
    const response = await app.inject({ ...options, headers: { ...user.bearer } })
    return { status: response.statusCode, body: response.body === '' ? undefined as T : response.json<T>() }
  }
  return {
    get: (url) => send({ method: 'GET', url: `/api${url}` }),
    send: (method, url, payload) => send({ method, url: `/api${url}`, ...payload !== undefined && { payload } })
  }
}

export interface ErrorBody {
  readonly error: { readonly code: string, readonly message: string }
}
