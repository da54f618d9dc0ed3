import { parseMix } from './assumptions.ts'
import { readMeasuredCosts, routeClasses } from './measured-costs.ts'

/** Processor time of a web process for one request of the usual mix, as `npm run bench:requests` measured it last. */
export function meanWebCpuMs (): number {
  const { routes } = readMeasuredCosts()
  const mix = parseMix(undefined)
  return routeClasses.reduce((sum, name) => sum + mix[name] * routes[name].webCpuUs, 0) / 1_000
}
