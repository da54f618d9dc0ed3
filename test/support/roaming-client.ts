import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A browser behind a balancer without stickiness: every request meets any instance, and cookies are kept. */
export class RoamingClient {
  readonly #instances: readonly FastifyInstance[]
  #bearer: { readonly authorization?: string } = {}
  readonly cookies = new Map<string, string>()

  constructor (instances: readonly FastifyInstance[]) {
    this.#instances = instances
  }

  async signIn (credentials: { readonly username: string, readonly password: string }): Promise<this> {
    const { accessToken } = (await this.send('POST', '/session', credentials)).json<{ accessToken: string }>()
    this.#bearer = { authorization: `Bearer ${accessToken}` }
    return this
  }

  /** Addresses without /api. Throws for an answer that is no success, so that none goes unnoticed. */
  async send (method: Method, url: string, payload?: InjectOptions['payload']): Promise<LightMyRequestResponse> {
    const response = await this.inject({ method, url: `/api${url}`, ...payload !== undefined && { payload } })
    if (response.statusCode >= 400) throw new Error(`${method} ${url} answered ${response.statusCode}: ${response.body}`)
    return response
  }

  /** Whatever the answer is. */
  async inject (options: InjectOptions): Promise<LightMyRequestResponse> {
    const instance = this.#instances[Math.floor(Math.random() * this.#instances.length)]
    if (instance === undefined) throw new Error('there are no instances')
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await instance.inject({ ...options, headers: { ...options.headers, ...this.#bearer, ...cookie !== '' && { cookie } } })
    for (const { name, value } of response.cookies) this.cookies.set(name, value)
    return response
  }

  async get<T> (url: string): Promise<T> {
    return (await this.send('GET', url)).json<T>()
  }
}
