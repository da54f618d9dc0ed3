import { Agent, get } from 'node:http'
import { Arrivals } from './arrivals.ts'

const tickMs = 2
const longestSilenceMs = 60_000

/** What became of the requests since the last look. */
export interface LoadCounts { readonly sent: number, readonly served: number, readonly shed: number, readonly failed: number }

/** Open-loop clients: a request goes out when its time has come, whatever became of those before. */
export class LoadGenerator {
  readonly #arrivals: Arrivals
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 2000 })
  readonly #port: number
  #counts = { sent: 0, served: 0, shed: 0, failed: 0 }
  #beganAt: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor (port: number, random: () => number) {
    this.#port = port
    this.#arrivals = new Arrivals(random)
  }

  setRate (perSecond: number): void { this.#arrivals.setRate(perSecond) }

  start (): void {
    this.#beganAt = performance.now()
    this.#timer = setInterval(() => { this.#send() }, tickMs)
  }

  take (): LoadCounts {
    const counts = this.#counts
    this.#counts = { sent: 0, served: 0, shed: 0, failed: 0 }
    return counts
  }

  stop (): void {
    clearInterval(this.#timer)
    this.#agent.destroy()
  }

  #send (): void {
    const due = this.#arrivals.until(performance.now() - (this.#beganAt ?? 0)).length
    this.#counts.sent += due
    for (let i = 0; i < due; i++) {
      const request = get({ host: '127.0.0.1', port: this.#port, path: '/', agent: this.#agent, timeout: longestSilenceMs }, (response) => {
        response.resume()
        if (response.statusCode === 200) this.#counts.served++
        else if (response.headers['x-shed'] !== undefined) this.#counts.shed++
        else this.#counts.failed++
      })
      request.once('timeout', () => { request.destroy(new Error('no answer')) })
      request.once('error', () => { this.#counts.failed++ })
    }
  }
}
